"""SOURCE: the name of a data set, a CSV file, an `.npz` file, or a folder of pictures -> arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli import recipes
from chainrule.cli.card import Card, Origin, Target
from chainrule.cli.inputs import (
    BRIGHTEST,
    ArrayInput,
    DigitInput,
    ImageInput,
    Input,
    TableInput,
    check_brightness,
)
from chainrule.cli.recipes import Recipe
from chainrule.errors import ArgumentError, DataError, DownloadError, FileFormatError, ShapeError, UnknownNameError
from chainrule.naming import counted

NAMES = ("mnist", "fashion_mnist", "digits")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".data")
TEST_SHARE = 0.2
LARGEST_PICTURE = 64  # pixels on the longer side: a dense network gains nothing from more, and would not fit memory
MAX_CLASSES = 1000  # more different labels than this are amounts


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training; its training part is in random order, so that its end can validate.

    Args:
        name: for titles and the output folder.
        card: what the model will take and give.
        recipe: how to train on it.
        scale: what brings the values to the network's scale: a factor (bytes); "each" or "all" for a mean and
            a deviation of each input or of all together; None where they are on it.
        notes: what was found and done, in words.

    Shapes:
        x_train, x_test: (N, …), bytes stay bytes.
        y_train, y_test: (N,), class numbers, or values in their own units.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    card: Card
    recipe: Recipe
    scale: float | str | None
    notes: list[str]


def load(source: str, target: str | None = None, task: str | None = None, seed: int = 0) -> Dataset:
    """The data that `source` names.

    Raises:
        UnknownNameError: it is neither a data set nor a file; the nearest name is given.
    """
    path = Path(source)
    if source in NAMES:
        loader: Callable[..., Dataset] = _load_named
    elif path.is_dir():
        loader = _load_folder
    elif not path.exists():
        raise unknown(source)
    elif path.suffix.lower() == ".npz":
        loader = _load_npz
    elif path.suffix.lower() in TABLE_SUFFIXES:
        loader = _load_table
    else:
        raise FileFormatError(
            "unknown kind of file",
            where=source,
            expected=f"{', '.join(TABLE_SUFFIXES)}, .npz, or a folder of pictures",
            got=path.suffix or "no ending",
        )
    if target is not None and loader is not _load_table:
        raise ArgumentError("only a table has a target column", where=source, got=f"--target {target}")
    if task is not None and loader not in (_load_table, _load_npz):
        raise ArgumentError("pictures by class are classified", where=source, got=f"--task {task}")
    return loader(source, target, task, seed)


def default_source() -> tuple[str, str]:
    """mnist if it is here or can be downloaded, else the digits of the package; and why. Less than 10 s."""
    from chainrule.datasets import mnist

    found, reason = mnist.available()
    return ("mnist", reason) if found else ("digits", f"{reason}; the built-in digits are used")


def load_default(seed: int) -> tuple[Dataset, str]:
    """The data for `chainrule train` without SOURCE, and why these."""
    name, reason = default_source()
    try:
        return load(name, seed=seed), reason
    except (DownloadError, FileFormatError) as error:
        return load("digits", seed=seed), f"{error.problem} ({error.where}); the built-in digits are used"


def unknown(source: str) -> UnknownNameError:
    """The error for a source that is not there, with the nearest that is."""
    path = Path(source)
    beside = path.parent if path.parent.is_dir() else Path()
    files = [
        str(path.parent / entry.name)
        for entry in beside.iterdir()
        if not entry.name.startswith(".") and (entry.is_dir() or entry.suffix in (*TABLE_SUFFIXES, ".npz"))
    ]
    error = UnknownNameError.of("data set or file", source, [*NAMES, *files])
    return UnknownNameError(
        "there is no such data set, file or folder",
        where=source,
        expected=f"{', '.join(NAMES)}, or a file or folder that is there",
        hint=error.hint,
    )


def fingerprint(path: Path) -> str:
    """SHA-256 of a file; empty for what is no file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _origin(source: str, target: str | None, task: str | None, seed: int) -> Origin:
    return Origin(source, "" if source in NAMES else fingerprint(Path(source)), target, task, seed)


def _load_named(source: str, target: str | None, task: str | None, seed: int) -> Dataset:
    from importlib import import_module

    from chainrule.data.picture import DIGITS, MNIST

    kinds: dict[str, tuple[Input, float, str]] = {
        "mnist": (DigitInput(MNIST), 1 / 255, "digit"),
        "digits": (DigitInput(DIGITS), 1 / 16, "digit"),
        "fashion_mnist": (ImageInput(28, 28, grayscale=True, on_black=True), 1 / 255, "article"),
    }
    # One of NAMES, nothing that a user could have made up.
    module = import_module(f"chainrule.datasets.{source}")
    (x_train, y_train), (x_test, y_test) = module.load_data()
    notes = [f"{len(x_train)} pictures for training, {len(x_test)} for the test, as the data set parts them"]
    if source == "digits":
        # They come in the order of their writers.
        x_train, y_train = _shuffled(x_train, y_train, seed)
        notes.append("the same people wrote both parts: on a new person's digits accuracy is lower")
    given, scale, name = kinds[source]
    card = Card(given, Target(name, module.CLASS_NAMES), _origin(source, None, None, seed))
    recipe = recipes.for_pictures(len(x_train))
    return Dataset(source, x_train, y_train, x_test, y_test, card, recipe, scale, notes)


def _load_folder(source: str, target: str | None, task: str | None, seed: int) -> Dataset:
    from chainrule.data.folder import read_folder

    images = read_folder(source, largest=LARGEST_PICTURE)
    height, width = images.x.shape[1:3]
    x_train, y_train, x_test, y_test = _split(images.x, images.y, images.y, seed, source)
    notes = [*images.notes, f"{len(x_train)} for training, {len(x_test)} for the test, each class its share"]
    card = Card(
        ImageInput(height, width, grayscale=images.x.ndim == 3),
        Target("class", images.class_names),
        _origin(source, None, None, seed),
    )
    name = Path(source).resolve().name
    recipe = recipes.for_pictures(len(x_train))
    return Dataset(name, x_train, y_train, x_test, y_test, card, recipe, 1 / 255, notes)


def _load_table(source: str, target: str | None, task: str | None, seed: int) -> Dataset:
    from chainrule.data.table import read_table

    try:
        table = read_table(source, target, task=task, test_share=TEST_SHARE, seed=seed)
    except ArgumentError as error:
        if target is None:
            # The reader speaks to Python; here it is an option.
            hint = error.hint.replace("target='", "--target '")
            raise ArgumentError(error.problem, where=error.where, expected=error.expected, hint=hint) from error
        raise
    if not len(table.x_test):
        raise DataError("too few rows to put some aside for the test", where=source, got=f"{len(table.x_train)} rows")
    schema = table.schema
    card = Card(
        TableInput(schema),
        Target(schema.target, schema.classes, schema.target_mean, schema.target_deviation),
        _origin(source, target, task, seed),
    )
    return Dataset(
        Path(source).stem,
        table.x_train,
        table.y_train,
        table.x_test,
        table.y_test,
        card,
        recipes.for_rows(len(table.x_train)),
        None,
        table.notes,
    )


def _load_npz(source: str, target: str | None, task: str | None, seed: int) -> Dataset:
    from chainrule.data.npz import read_npz

    arrays = read_npz(source)
    parted = "x_train" in arrays
    for name in ("x_train", "x_test") if parted else ("x",):
        _check_numbers(arrays[name], f"{source}: {name}")
    x = arrays["x_train" if parted else "x"]
    labels, classes, note = _read_target(arrays["y_train" if parted else "y"], task, source)
    if parted:
        x_train, y_train = _shuffled(x, labels, seed)
        x_test = arrays["x_test"]
        y_test = _as_labels(arrays["y_test"], classes, f"{source}: y_test")
        notes = [
            f"{len(x_train)} samples for training, {len(x_test)} for the test, as the file parts them",
            note,
        ]
    else:
        x_train, y_train, x_test, y_test = _split(x, labels, labels if classes else None, seed, source)
        notes = [f"{len(x)} samples: {len(x_train)} for training, {len(x_test)} for the test", note]
    if x_test.shape[1:] != x_train.shape[1:]:
        raise DataError("the samples differ in shape", where=source, expected=x_train.shape[1:], got=x_test.shape[1:])
    if x.ndim == 1:
        x_train, x_test = x_train[:, None], x_test[:, None]

    is_picture = x_train.dtype == np.uint8 and (
        x_train.ndim == 3 or (x_train.ndim == 4 and x_train.shape[-1] in (1, 3))
    )
    scale: float | str = 1 / 255 if is_picture else "each" if x_train.ndim == 2 else "all"
    given: Input = ArrayInput(x_train.shape[1:])
    if is_picture and x_train.shape[3:] != (1,):
        given = ImageInput(x_train.shape[1], x_train.shape[2], grayscale=x_train.ndim == 3)
    mean, deviation = (0.0, 1.0) if classes else (float(y_train.mean()), float(y_train.std()) or 1.0)
    card = Card(given, Target("y", classes, mean, deviation), _origin(source, None, task, seed))
    recipe = recipes.for_pictures(len(x_train)) if is_picture else recipes.for_rows(len(x_train))
    return Dataset(Path(source).stem, x_train, y_train, x_test, y_test, card, recipe, scale, notes)


def _read_target(y: np.ndarray, task: str | None, source: str) -> tuple[np.ndarray, tuple[str, ...], str]:
    """Class numbers and the names of the classes, or amounts and no names; and which, in words."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "biuf" and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all():
        return y.argmax(axis=1), tuple(map(str, range(y.shape[1]))), "classification: y is one-hot"
    if y.ndim != 1:
        raise DataError("y must have one value for each sample", where=source, expected="(N,)", got=y.shape)
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            raise DataError("y holds numbers that are not finite", where=source)
        if task != "classification":
            return y.astype(np.float32), (), "regression: y holds numbers with fractions"
    values = np.unique(y)
    if len(values) == 1:
        raise DataError("y is the same for every sample", where=source, got=values[0])
    counted = y.dtype.kind in "iu" and (values[0] != 0 or values[-1] != len(values) - 1) and len(values) > 20
    if y.dtype.kind not in "US" and (task == "regression" or (task is None and counted)):
        return y.astype(np.float32), (), f"regression: y has {len(values)} different whole numbers"
    if len(values) > MAX_CLASSES or len(values) > len(y) / 2:
        raise DataError("y differs from sample to sample: its values are no classes", where=source, got=len(values))
    names = tuple(f"{value:g}" if y.dtype.kind == "f" else str(value) for value in values)
    return np.searchsorted(values, y), names, f"classification: y has {len(values)} classes"


def _as_labels(y: np.ndarray, classes: tuple[str, ...], where: str) -> np.ndarray:
    """The targets of another part, read as those of the training part were."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if not classes:
        if y.dtype.kind not in "biuf" or y.ndim != 1 or not np.isfinite(y).all():
            raise DataError("y is not a finite number for each sample", where=where, got=f"{y.dtype} {y.shape}")
        return y.astype(np.float32)
    if y.ndim == 2:
        if y.shape[1] != len(classes):
            raise DataError("another number of classes", where=where, expected=len(classes), got=y.shape[1])
        return np.asarray(y.argmax(axis=1))
    number_of = {name: number for number, name in enumerate(classes)}
    texts = [f"{value:g}" if y.dtype.kind == "f" else str(value) for value in y]
    for text in texts:
        if text not in number_of:
            raise UnknownNameError.of("class", text, classes, where=where)
    return np.array([number_of[text] for text in texts])


def _check_numbers(x: np.ndarray, source: str) -> None:
    if x.dtype.kind not in "biuf":
        raise DataError("the array does not hold numbers", where=source, got=f"dtype {x.dtype}")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        place = ", ".join(map(str, np.argwhere(~np.isfinite(x))[0].tolist()))
        raise DataError(
            "there are numbers that are not finite",
            where=source,
            got=f"{x[~np.isfinite(x)][0]} at [{place}]",
            hint="leave such samples out, or put a number in its place",
        )


def _split(x: np.ndarray, y: np.ndarray, labels: np.ndarray | None, seed: int, source: str) -> tuple[np.ndarray, ...]:
    from chainrule.data.split import train_test_indices

    train, test = train_test_indices(len(x), TEST_SHARE, seed, labels)
    if not len(train) or not len(test):
        raise DataError("too few samples to put some aside for the test", where=source, got=len(x))
    return x[train], y[train], x[test], y[test]


def _shuffled(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from chainrule.data.split import permutation

    order = permutation(len(x), seed)
    return x[order], y[order]


def labelled(source: str, card: Card) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Samples with their targets to test a model on: the test part where there is one, else all.

    Where the file is the one that the model was trained on, its test part is found again by the seed.

    Raises:
        DataError: the source does not hold what the model takes.
    """
    origin = card.origin
    same = (
        source == origin.source
        if source in NAMES
        else bool(origin.fingerprint) and (fingerprint(Path(source)) == origin.fingerprint)
    )
    if same or source in NAMES:
        data = load(source, origin.target if same else None, origin.task if same else None, origin.seed if same else 0)
        _check_same(data.card, card, source)
        return data.x_test, data.y_test, [f"the {len(data.x_test)} samples of the test part"]
    path = Path(source)
    if isinstance(card.input, TableInput) and path.suffix.lower() in TABLE_SUFFIXES and path.is_file():
        x, y, notes = card.input.schema.read_with_target(path)
        return x, y, [*notes, f"all {len(x)} rows of the file"]
    if isinstance(card.input, DigitInput | ImageInput) and path.is_dir():
        return _labelled_folder(path, card)
    if path.suffix.lower() == ".npz" and path.is_file():
        return _labelled_npz(path, card)
    if not path.exists():
        raise unknown(source)
    raise DataError(
        "the source does not fit the model",
        where=source,
        expected=f"data like {origin.source!r}, which the model was trained on",
        got="a folder" if path.is_dir() else path.suffix or "a file without an ending",
    )


def _labelled_folder(path: Path, card: Card) -> tuple[np.ndarray, np.ndarray, list[str]]:
    from chainrule.data.folder import files_by_class, skipped_notes

    x, y, skipped = [], [], []
    for file, name in files_by_class(path):
        if name not in card.target.classes:
            raise UnknownNameError.of("class", name, card.target.classes, where=str(path))
        try:
            picture, _ = card.input.read(file)  # as `predict` reads it
        except (DataError, FileFormatError, ShapeError):
            skipped.append(file)
        else:
            x.append(picture)
            y += [card.target.classes.index(name)] * len(picture)
    if not x:
        raise DataError("no pictures", where=str(path), got=f"{counted(len(skipped), 'file')}, none of them a picture")
    notes = [*skipped_notes(path, skipped), f"all {len(y)} pictures of the folder"]
    if path.resolve() == Path(card.origin.source).resolve():
        notes.append("most of them were trained on: the accuracy says little about new pictures")
    return np.concatenate(x), np.array(y), notes


def _labelled_npz(path: Path, card: Card) -> tuple[np.ndarray, np.ndarray, list[str]]:
    from chainrule.data.npz import read_npz

    arrays: dict[str, Any] = read_npz(path)
    part = "_test" if "x_test" in arrays else ""
    x, y = arrays["x" + part], _as_labels(arrays["y" + part], card.target.classes, f"{path}: y{part}")
    _check_numbers(x, f"{path}: x{part}")
    if isinstance(card.input, DigitInput | ImageInput):
        top = card.input.picture.top if isinstance(card.input, DigitInput) else BRIGHTEST
        check_brightness(x, top, f"{path}: x{part}")
    return x, y, [f"{'the test part' if part else 'all'} of the file, {len(x)} samples"]


def _check_same(found: Card, wanted: Card, source: str) -> None:
    if found.input != wanted.input or found.target.classes != wanted.target.classes:
        raise DataError(
            "the source does not fit the model",
            where=source,
            expected=f"data like {wanted.origin.source!r}, which the model was trained on",
        )
