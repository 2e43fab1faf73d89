"""A folder of pictures: each sub-folder is a class, each file in it one of its pictures."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.image_file import is_gray, load_pixels, open_image, to_color, to_gray
from chainrule.errors import DataError, FileFormatError
from chainrule.naming import counted

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 4 << 30  # of the array of all pictures
SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation"})


@dataclass(frozen=True)
class ImageFolder:
    """Pictures and their classes, in the order of the folder: shuffle or split them before training.

    Shapes:
        x: (N, H, W) uint8 if all are gray, else (N, H, W, 3).
        y: (N,) int32, indices into class_names.
    """

    x: np.ndarray
    y: np.ndarray
    class_names: tuple[str, ...]
    notes: list[str]


def read_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    largest: int | None = None,
    grayscale: bool | None = None,
) -> ImageFolder:
    """Read the pictures in the sub-folders of `path`; the sub-folders' names, sorted, are the classes.

    Files that are no pictures and sub-folders without pictures are left out and named in the notes. Files whose
    name begins with a dot do not count.

    Args:
        path: the folder.
        size: (height, width) of all pictures. If None, the size that half of them have; where no size is so
            common, the median height and width. Others are scaled to it.
        largest: where size is None, the longer side has at most so many pixels.
        grayscale: brightness only; if None, when all files store brightness only.

    Raises:
        DataError: there is no such folder, no class, no picture, or too much for the memory.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name, brightness in (("day", 200), ("night", 20)):
        ...         pathlib.Path(root, name).mkdir()
        ...         Image.new("L", (4, 3), brightness).save(pathlib.Path(root, name, "1.png"))
        ...     images = read_folder(root)
        >>> images.x.shape, images.y.tolist(), images.class_names
        ((2, 3, 4), [0, 1], ('day', 'night'))
    """
    root = Path(path)
    files: list[tuple[Path, str]] = []
    sizes: Counter[tuple[int, int]] = Counter()
    skipped: list[Path] = []
    colored = False
    for file, name in files_by_class(root):
        try:
            with open_image(file) as image:
                sizes[image.height, image.width] += 1
                colored = colored or not is_gray(image)
        except FileFormatError:
            skipped.append(file)
        else:
            files.append((file, name))
    if not files:
        raise DataError("no pictures", where=str(root), got=f"{counted(len(skipped), 'file')}, none of them a picture")

    height, width = size or _size(sizes, largest)
    gray = not colored if grayscale is None else grayscale
    shape = (len(files), height, width) if gray else (len(files), height, width, 3)
    if np.prod(shape, dtype=np.float64) > MAX_BYTES:
        raise DataError(
            "the pictures do not fit into memory",
            where=str(root),
            expected=f"at most {MAX_BYTES >> 30} GiB",
            got=f"{shape[0]} pictures of {height}x{width}",
            hint="give a smaller size, such as size=(64, 64)",
        )
    x = np.empty(shape, np.uint8)
    classes: list[str] = []
    for file, name in files:
        try:
            with open_image(file) as image:
                x[len(classes)] = image_to_array(load_pixels(image, file), height, width, gray)
        except FileFormatError:
            skipped.append(file)
        else:
            classes.append(name)
    if not classes:
        raise DataError("no pictures", where=str(root), got=f"{len(skipped)} damaged files")
    class_names = tuple(sorted(set(classes)))
    if len(class_names) < 2:
        raise DataError(
            "pictures of one class only", where=str(root), expected="two or more", got=", ".join(class_names)
        )
    number_of = {name: number for number, name in enumerate(class_names)}
    y = np.array([number_of[name] for name in classes], np.int32)
    notes = [
        f"{len(y)} pictures of {len(class_names)} classes, {height}x{width}, {'gray' if gray else 'color'}"
    ]
    if scaled := sum(sizes.values()) - sizes[height, width]:
        notes.append(f"{scaled} pictures of another size scaled to {height}x{width}")
    notes += skipped_notes(root, skipped)
    notes += [f"class {name!r} has no pictures: left out" for name in sorted({*_folders(root)} - {*class_names})]
    return ImageFolder(x[: len(y)], y, class_names, notes)


def files_by_class(root: Path) -> list[tuple[Path, str]]:
    """Each file in the sub-folders of `root`, with its class: the sub-folder's name.

    Raises:
        DataError: there is no such folder, or there are no classes in it.
    """
    return [(file, name) for name in _class_names(root) for file in _files(root / name)]


def skipped_notes(root: Path, skipped: Sequence[Path]) -> list[str]:
    """A note on the files below `root` that could not be read, if there are any."""
    if not skipped:
        return []
    names = ", ".join(str(file.relative_to(root)) for file in skipped[:5])
    return [f"{counted(len(skipped), 'file')} left out, no pictures or damaged: {names}{', …' * (len(skipped) > 5)}"]


def read_image(path: str | os.PathLike[str], size: tuple[int, int], grayscale: bool) -> np.ndarray:
    """One picture as `read_folder` gives it: uint8 (height, width), or (height, width, 3)."""
    with open_image(path) as image:
        return image_to_array(load_pixels(image, path), *size, grayscale)


def image_to_array(image: Image, height: int, width: int, gray: bool) -> np.ndarray:
    """The pixels of a picture, scaled to height x width where it has another size."""
    from PIL import Image

    image = to_gray(image) if gray else to_color(image)
    if image.size != (width, height):
        # When it scales down, Pillow averages all pixels that a new one covers.
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)


def _size(sizes: Counter[tuple[int, int]], largest: int | None) -> tuple[int, int]:
    """Height and width that suit most pictures: one odd picture among many sizes must not decide."""
    (height, width), count = min(sizes.items(), key=lambda item: (-item[1], item[0]))
    if 2 * count < sizes.total():
        height, width = (median_low(sides) for sides in zip(*sizes.elements(), strict=True))
    factor = min(1.0, largest / max(height, width)) if largest else 1.0
    return max(1, round(height * factor)), max(1, round(width * factor))


def _folders(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _class_names(root: Path) -> tuple[str, ...]:
    if not root.is_dir():
        raise DataError("there is no such folder", where=str(root))
    names = _folders(root)
    if len(names) < 2:
        raise DataError(
            "the folder has no classes to tell apart",
            where=str(root),
            expected="a sub-folder for each class",
            got=", ".join(names) or "no sub-folders",
        )
    if {name.lower() for name in names} <= SPLITS:
        raise DataError(
            "the sub-folders are parts of the data, not classes",
            where=str(root),
            got=", ".join(names),
            hint=f"give {root / max(names, key=lambda name: 'train' in name.lower())}",
        )
    return tuple(names)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
