"""`chainrule train`: data, network, training, test, and what is written of it."""

from __future__ import annotations

import argparse
import platform
import shlex
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chainrule.cli import network, output, recipes, sources
from chainrule.cli.card import Card
from chainrule.cli.inputs import TableInput
from chainrule.cli.interrupt import stopping_gently
from chainrule.cli.recipes import Recipe
from chainrule.cli.sources import Dataset
from chainrule.errors import ArgumentError
from chainrule.naming import counted
from chainrule.report import Run, table_rows, write
from chainrule.report.scores import score
from chainrule.version import __version__

INTERRUPTED = 130
TEST_BATCH = 1000
PACKAGES = ("numpy", "numba", "scipy")

Say = Callable[[str], None]


def run(arguments: argparse.Namespace) -> int:
    """Train; 0, or 130 if Ctrl-C ended it early."""
    say: Say = (lambda text: None) if arguments.quiet else (lambda text: print(text, flush=True))
    data = _read(arguments, say)
    recipe = _recipe(data, arguments)

    from chainrule.utils import set_random_seed

    set_random_seed(arguments.seed)
    samples = round(len(data.x_train) * (1 - recipe.validation)) if recipe.validation else len(data.x_train)
    model = network.build(data, recipe)
    network.compile(model, data, recipe, samples)
    # Without SOURCE the same folder whichever digits were at hand, so that the next command can be written down.
    name = output.folder_name(data.name) if arguments.source else "digits"
    folder = output.prepare(Path(arguments.output or Path("chainrule-output", name)))
    say(f"network: {describe(model)}, {model.count_params():,} parameters")
    say(f"training on {samples:,} samples, {len(data.x_train) - samples:,} to validate on")
    if is_first_run():
        say("the first run on a machine compiles its kernels: the first epoch takes some seconds longer")

    began = time.perf_counter()
    history, stopped, kept = _fit(model, data, recipe, samples, quiet=arguments.quiet)
    seconds = time.perf_counter() - began
    notes = ["training was interrupted"] if stopped else []
    judge = "validation" if samples < len(data.x_train) else "training"
    notes += [f"the weights of epoch {kept} were kept, the best one in {judge}"] if kept else []
    for note in notes:
        say(note)
    outputs = model.predict(data.x_test, batch_size=TEST_BATCH, verbose=0)
    target = data.card.target
    values = outputs if target.is_class else target.restore(outputs)

    _save(model, data.card, folder)
    output.write_history(folder / output.HISTORY, history)
    write(
        folder / output.REPORT,
        Run(
            title=data.name,
            command=command(arguments),
            model=model,
            history=history,
            target=target.name,
            classes=target.classes,
            x=data.x_test,
            y=data.y_test,
            outputs=values,
            rows=table_rows(data.card.input.schema) if isinstance(data.card.input, TableInput) else None,
            notes=[*data.notes, *notes],
            settings=_settings(recipe, samples, data, arguments.seed),
            seconds=seconds,
            versions=versions(),
        ),
    )
    epochs = len(history["loss"])
    say(f"trained for {seconds:.1f} s, {counted(epochs, 'epoch')}; tested on {len(data.y_test):,} samples\n")
    say(f"  model    {folder / output.MODEL}")
    say(f"  history  {folder / output.HISTORY}")
    say(f"  report   {folder / output.REPORT}")
    say(f"  use it   chainrule predict {shlex.quote(str(folder / output.MODEL))} {example_file(data.card)}\n")
    print(score(data.y_test, values, target.classes).text("test"), flush=True)
    return INTERRUPTED if stopped else 0


def _read(arguments: argparse.Namespace, say: Say) -> Dataset:
    """The data, and a word on what they are."""
    if arguments.source is None:
        data, reason = sources.load_default(arguments.seed)
        say(f"data: {data.name}, because {reason}")
    else:
        data = sources.load(arguments.source, arguments.target, arguments.task, arguments.seed)
        say(f"data: {data.name}")
    for note in data.notes:
        say(f"  {note}")
    return data


def _recipe(data: Dataset, arguments: argparse.Namespace) -> Recipe:
    """How to train on the data, and with what network.

    Raises:
        ArgumentError: options that contradict each other, or convolutions for data that are no pictures.
    """
    convolutional = arguments.fast or arguments.model == "cnn"
    if arguments.fast and arguments.model == "mlp":
        raise ArgumentError("--fast is a recipe for --model cnn", got="--model mlp")
    if not convolutional:
        for option in ("filters", "augment"):
            if getattr(arguments, option) is not None:
                raise ArgumentError(f"--{option} is for convolutional networks", hint="add --model cnn")
        return data.recipe.changed(arguments)
    shape = data.x_train.shape[1:]
    if len(shape) not in (2, 3):
        raise ArgumentError(
            "convolutions are for pictures",
            where=arguments.source or data.name,
            expected="samples of height and width, or height, width and channels",
            got=f"samples of shape {shape}",
            hint="leave --model and --fast out",
        )
    return recipes.for_convolutions(len(data.x_train), shape[2:] == (3,), arguments.fast).changed(arguments)


def _fit(
    model: Any, data: Dataset, recipe: Recipe, samples: int, *, quiet: bool
) -> tuple[dict[str, list[float]], bool, int]:
    """Train; the history, whether Ctrl-C ended it, and the epoch whose weights were kept, 0 for the last."""
    from chainrule.callbacks import Callback, EarlyStopping

    target = data.card.target
    y = data.y_train if target.is_class else target.standardise(data.y_train)
    held_back = (data.x_train[samples:], y[samples:]) if samples < len(y) else None
    watched = "val_loss" if held_back else "loss"
    best = EarlyStopping(watched, patience=recipe.patience, restore_best_weights=True)
    with stopping_gently() as interrupt:
        callbacks: list[Callback] = [interrupt, *([best] if recipe.patience else [])]
        history = model.fit(
            data.x_train[:samples],
            y[:samples],
            batch_size=recipe.batch_size,
            epochs=recipe.epochs,
            validation_data=held_back,
            validation_batch_size=TEST_BATCH,
            callbacks=callbacks,
            verbose=0 if quiet else "auto",
        )
    return history.history, interrupt.requested, best.best_epoch + 1 if recipe.patience else 0


def _save(model: Any, card: Card, folder: Path) -> None:
    from chainrule.saving.models import save_model

    folder.mkdir(parents=True, exist_ok=True)
    save_model(model, folder / output.MODEL, extra=card.to_config())


def is_first_run() -> bool:
    """Whether no compiled kernels are kept on this machine yet. Without Numba nothing is compiled."""
    try:
        from chainrule.kernels.compile import cache_folder
    except ImportError:
        return False
    return not cache_folder().is_dir()


def describe(model: Any) -> str:
    """The widths of the network, from input to output; those of convolutions in channels.

    Example:
        >>> from chainrule.layers import Conv2D, Dense, Flatten, Input
        >>> from chainrule.models import Sequential
        >>> describe(Sequential([Input((4,)), Dense(3), Dense(2)]))
        '4-3-2'
        >>> describe(Sequential([Input((8, 8, 1)), Conv2D(4, 3), Flatten(), Dense(2)]))
        'convolutions 1-4, dense 144-2'
    """
    from chainrule.layers import Conv2D, Dense

    dense = [layer for layer in model.layers if isinstance(layer, Dense)]
    convolutions = [layer for layer in model.layers if isinstance(layer, Conv2D)]
    widths = "-".join(str(width) for width in (dense[0].kernel.shape[0], *(layer.units for layer in dense)))
    if not convolutions:
        return widths
    channels = (convolutions[0].kernel.shape[2], *(layer.filters for layer in convolutions))
    return f"convolutions {'-'.join(map(str, channels))}, dense {widths}"


def example_file(card: Card) -> str:
    """The name of a file that one might ask the model about."""
    return {".png": "picture.png", ".csv": "rows.csv", ".npy": "rows.npy"}[card.input.suffixes[0]]


def command(arguments: argparse.Namespace) -> str:
    """The command line that repeats a run."""
    words = ["chainrule", "train", *([arguments.source] if arguments.source else [])]
    for name, value in vars(arguments).items():
        if name in ("run", "source", "quiet", "debug", "output") or value is None or value is False:
            continue
        if value is True:
            words.append(f"--{name}")
            continue
        text = ",".join(map(str, value)) or "0" if isinstance(value, tuple) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return shlex.join(words)


def versions() -> dict[str, str]:
    """What the result was made with."""
    found = {"chainrule": __version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return {**found, "system": f"{platform.system()} {platform.machine()}"}


def _settings(recipe: Recipe, samples: int, data: Dataset, seed: int) -> dict[str, str]:
    """How it was trained, for the report."""
    rate = "the optimizer's own" if recipe.learning_rate is None else f"{recipe.learning_rate:g}"
    return {
        "training samples": f"{samples:,}",
        "validation samples": f"{len(data.x_train) - samples:,}",
        "test samples": f"{len(data.x_test):,}",
        "optimizer": recipe.optimizer,
        "learning rate": rate
        + (f", reached in {recipe.warmup:.0%} of steps" if recipe.warmup else "")
        + (", falling to 0 along a cosine" if recipe.cosine else ""),
        "batch size": str(recipe.batch_size),
        "epochs": f"at most {recipe.epochs}"
        + (f", ended after {recipe.patience} without improvement" if recipe.patience else ""),
        "augmentation": ", ".join(recipe.augment) or "none",
        "dropout": f"{recipe.dropout:g}",
        "L2 penalty": f"{recipe.l2:g}",
        "seed": str(seed),
    }
