"""MNIST: 60,000 + 10,000 handwritten digits, 28x28, grey.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 2278-2324.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from chainrule.data.npz import SPLIT_NAMES, read_npz
from chainrule.datasets.source import IdxFile, Source
from chainrule.errors import FileFormatError

SOURCE = Source(
    name="mnist",
    folders=("mnist", "."),
    files=(
        IdxFile(
            "train-images-idx3-ubyte.gz",
            (60000, 28, 28),
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        IdxFile(
            "train-labels-idx1-ubyte.gz",
            (60000,),
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte.gz",
            (10000, 28, 28),
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte.gz",
            (10000,),
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
)

CLASS_NAMES = tuple("0123456789")

Pair = tuple[np.ndarray, np.ndarray]


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Pair, Pair]:
    """Load MNIST.

    The files are looked for in the folder that the environment variable CHAINRULE_DATA names (there, or in
    its folder `mnist`), then in the user's cache, then downloaded; each is checked by its SHA-256.

    Args:
        path: an `.npz` file with `x_train`, `y_train`, `x_test` and `y_test`, as Keras keeps it; read if it
            exists.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Shapes:
        x_train: (60000, 28, 28), uint8, 0 the background and 255 the ink.
        y_train: (60000,), uint8, 0 to 9.
        x_test: (10000, 28, 28).
        y_test: (10000,).

    Raises:
        DownloadError: the data are neither here nor to be had; said within 10 seconds.
        FileFormatError: a file in the user's own folder is damaged.
    """
    if Path(path).is_file():
        arrays = read_npz(path, SPLIT_NAMES)
        for name, file in zip(SPLIT_NAMES, SOURCE.files, strict=True):
            if arrays[name].shape != file.shape or arrays[name].dtype != np.uint8:
                got = f"{arrays[name].dtype} {arrays[name].shape}"
                raise FileFormatError(
                    f"{name} is not MNIST's", where=str(path), expected=f"uint8 {file.shape}", got=got
                )
        x_train, y_train, x_test, y_test = (arrays[name] for name in SPLIT_NAMES)
    else:
        x_train, y_train, x_test, y_test = SOURCE.load()
    return (x_train, y_train), (x_test, y_test)


def available() -> tuple[bool, str]:
    """Whether `load_data()` can be expected to work, and a sentence that says why; within 10 seconds."""
    return SOURCE.available()
