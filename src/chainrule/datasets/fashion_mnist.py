"""Fashion-MNIST: 60,000 + 10,000 pictures of clothes, 28x28, grey.

H. Xiao, K. Rasul and R. Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine
learning algorithms", arXiv:1708.07747. MIT licence, Copyright 2017 Zalando SE.
"""

from __future__ import annotations

import numpy as np

from chainrule.datasets.source import IdxFile, Source

SOURCE = Source(
    name="fashion-mnist",
    folders=("fashion-mnist",),
    files=(
        IdxFile(
            "train-images-idx3-ubyte.gz",
            (60000, 28, 28),
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        IdxFile(
            "train-labels-idx1-ubyte.gz",
            (60000,),
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte.gz",
            (10000, 28, 28),
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte.gz",
            (10000,),
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
)

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

Pair = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Pair, Pair]:
    """Load Fashion-MNIST.

    The files are looked for in the folder `fashion-mnist` of the folder that the environment variable
    CHAINRULE_DATA names, then in the user's cache, then downloaded; each is checked by its SHA-256.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Shapes:
        x_train: (60000, 28, 28), uint8, 0 the background.
        y_train: (60000,), uint8, 0 to 9, as in CLASS_NAMES.
        x_test: (10000, 28, 28).
        y_test: (10000,).

    Raises:
        DownloadError: the data are neither here nor to be had; said within 10 seconds.
        FileFormatError: a file in the user's own folder is damaged.
    """
    x_train, y_train, x_test, y_test = SOURCE.load()
    return (x_train, y_train), (x_test, y_test)


def available() -> tuple[bool, str]:
    """Whether `load_data()` can be expected to work, and a sentence that says why; within 10 seconds."""
    return SOURCE.available()
