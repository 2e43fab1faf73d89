"""What can be typed after `chainrule`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from chainrule.version import __version__

DESCRIPTION = "Train a neural network on data, test it, and use it."
EXAMPLES = """\
examples:
  chainrule train                                    handwritten digits, with good defaults
  chainrule train fashion_mnist --hidden 512,128
  chainrule train houses.csv --target price
  chainrule train mnist --model cnn --fast           99 % of the digits, in seconds
  chainrule train pictures/ --model cnn              one sub-folder for each class
  chainrule predict chainrule-output/digits/model.keras three.png
"""
DEBUG = "show where in the program an error arose"
SOURCE = "mnist, fashion_mnist, digits, a CSV file, an .npz file with x and y, or a folder of pictures by class"

AUGMENTATIONS = ("flip", "nudge", "shift", "rotate", "zoom")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments, with `run` for the function of their command. Wrong usage raises SystemExit 2."""
    parser = argparse.ArgumentParser(
        prog="chainrule",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"chainrule {__version__}")
    parser.add_argument("--debug", action="store_true", help=DEBUG)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    _add_summary(commands)
    return parser.parse_args(argv)


def _add_train(commands: Any) -> None:
    parser = _command(commands, "train", "train a network, test it, and write model and report")
    parser.add_argument(
        "source", nargs="?", metavar="SOURCE", help=f"{SOURCE}; default: mnist if it can be had, else digits"
    )
    data = parser.add_argument_group("data")
    data.add_argument("--target", metavar="COLUMN", help="the column of a CSV file to be learnt")
    data.add_argument(
        "--task",
        choices=("classification", "regression"),
        help="what the target is, if what is found out does not suit",
    )
    data.add_argument(
        "--validation",
        type=share,
        metavar="SHARE",
        help="share of the training part to validate on, 0 to 0.9",
    )
    data.add_argument("--seed", type=whole(0), default=0, metavar="N", help="for splits, weights, order (default 0)")
    network = parser.add_argument_group("network and training (defaults depend on the data)")
    network.add_argument(
        "--model", choices=("mlp", "cnn"), help="dense layers only (the default), or convolutions first, for pictures"
    )
    network.add_argument("--fast", action="store_true", help="a small cnn in few epochs: 99%% of mnist in seconds")
    network.add_argument(
        "--filters",
        type=sizes,
        metavar="SIZES",
        help="channels of the convolutions of a cnn, such as 32,64,128",
    )
    network.add_argument(
        "--augment",
        type=augmentations,
        metavar="NAMES",
        help=f"change the pictures of a cnn at random in training: {','.join(AUGMENTATIONS)}; 0 for not at all",
    )
    network.add_argument(
        "--hidden",
        type=sizes,
        metavar="SIZES",
        help="sizes of the hidden layers, such as 256,128; 0 for none",
    )
    network.add_argument("--activation", metavar="NAME", help="of the hidden layers")
    network.add_argument("--dropout", type=share, metavar="SHARE", help="after each hidden layer")
    network.add_argument("--l2", type=number(0), metavar="FACTOR", help="penalty on the squares of the weights")
    network.add_argument("--optimizer", metavar="NAME", help="such as adam, sgd, rmsprop")
    network.add_argument("--learning-rate", type=number(0, above=True), metavar="RATE", help="at the start")
    network.add_argument("--epochs", type=whole(1), metavar="N", help="how often all samples are seen, at most")
    network.add_argument("--batch-size", type=whole(1), metavar="N", help="samples in a step")
    network.add_argument(
        "--patience",
        type=whole(0),
        metavar="N",
        help="stop when validation has not improved for N epochs; 0 for never",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER", help="default: chainrule-output/SOURCE; without SOURCE …/digits")
    output.add_argument("--quiet", action="store_true", help="print the result only")


def _add_evaluate(commands: Any) -> None:
    parser = _command(commands, "evaluate", "test a model on data")
    parser.add_argument("model", metavar="MODEL", help="a model.keras that `chainrule train` wrote")
    parser.add_argument("source", metavar="SOURCE", help=SOURCE)


def _add_predict(commands: Any) -> None:
    parser = _command(commands, "predict", "ask a model about new data: pictures, rows of a CSV or .npy file")
    parser.add_argument("model", metavar="MODEL", help="a model.keras that `chainrule train` wrote")
    parser.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG, CSV or .npy")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_summary(commands: Any) -> None:
    parser = _command(commands, "summary", "show a model's layers, and what it takes and gives")
    parser.add_argument("model", metavar="MODEL", help="a .keras file")


def _command(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")

    def run(arguments: argparse.Namespace) -> int:
        # Each command is a module, imported when it is the one to run: `--help` answers at once.
        command: Callable[[argparse.Namespace], int] = import_module(f"chainrule.cli.{name}").run
        return command(arguments)

    parser.set_defaults(run=run)
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=DEBUG)
    return parser


def share(text: str) -> float:
    """A share from 0 to 0.9, for argparse."""
    value = float(text)
    if not 0 <= value <= 0.9:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 0.9")
    return value


def augmentations(text: str) -> tuple[str, ...]:
    """`flip,shift`, for argparse; `0` is none at all.

    Example:
        >>> augmentations("flip,shift"), augmentations("0")
        (('flip', 'shift'), ())
    """
    names = () if text == "0" else tuple(text.split(","))
    for name in names:
        if name not in AUGMENTATIONS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(AUGMENTATIONS)}")
    return names


def sizes(text: str) -> tuple[int, ...]:
    """`256,128`, for argparse; `0` is no layer at all.

    Example:
        >>> sizes("256,128"), sizes("0")
        ((256, 128), ())
    """
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of sizes such as 256,128") from None
    if values == (0,):
        return ()
    if not all(0 < value <= 100_000 for value in values):
        raise argparse.ArgumentTypeError(f"{text!r}: a layer has 1 to 100000 units")
    return values


def whole(least: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` on, for argparse."""

    def read(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return value

    read.__name__ = "whole number"  # argparse: "invalid whole number value: 'x'"
    return read


def number(least: float, above: bool = False) -> Callable[[str], float]:
    """A reader of finite numbers from `least` on, or above it, for argparse."""

    def read(text: str) -> float:
        value = float(text)
        if not (value > least if above else value >= least) or value == float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not a number {'above' if above else 'from'} {least:g}")
        return value

    read.__name__ = "number"
    return read
