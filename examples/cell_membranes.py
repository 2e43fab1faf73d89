"""Which pixels of a microscope's picture are membranes between cells?  A small U-Net (Ronneberger et al., 2015).

Down through pooling it learns what is there, up again where it is; at each size the way up also sees
what the way down saw. CHAINRULE_DATA names the folder with membrane/membrane-30x512.npz (ISBI 2012).

python examples/cell_membranes.py [EPOCHS]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import chainrule as keras
from chainrule import layers

DATA = Path(os.environ.get("CHAINRULE_DATA", "."), "membrane", "membrane-30x512.npz")
TEST_SHARE = 0.2  # of the pictures, the last ones
TILE = 128


def main(epochs: int = 12) -> float:
    """Train; return the share of pixels that are right in the pictures that were held back."""
    keras.utils.set_random_seed(0)
    with np.load(DATA) as arrays:
        images, masks = (tiles(arrays[name]) for name in ("images", "masks"))
    held_back = round(TEST_SHARE * len(images))
    x, y = (turned(a[:-held_back]) for a in (images, masks))
    x_test, y_test = (a[-held_back:].reshape(-1, TILE, TILE, 1) for a in (images, masks))

    model = unet((8, 16, 32, 64))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * -(-len(x) // 8))
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=8, epochs=epochs)

    _, accuracy = model.evaluate(x_test, y_test, batch_size=8, verbose=0)
    print(f"pixels right: {accuracy:.4f}; all called cell: {y_test.mean():.4f}")
    return float(accuracy)


def unet(widths: tuple[int, ...]) -> keras.Model:
    """For each width two convolutions, down and up again."""
    inputs = keras.Input((TILE, TILE, 1))
    x, seen = layers.Rescaling(1 / 255)(inputs), []
    for width in widths[:-1]:
        seen.append(x := block(x, width))
        x = layers.MaxPooling2D()(x)
    x = block(x, widths[-1])
    for width, skipped in zip(widths[-2::-1], reversed(seen), strict=True):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skipped])
        x = block(x, width)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def block(x: object, width: int) -> object:
    for _ in range(2):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return x


def tiles(pictures: np.ndarray) -> np.ndarray:
    """(pictures, H, W) -> (pictures, tiles, TILE, TILE)"""
    count, height, width = pictures.shape
    cut = pictures.reshape(count, height // TILE, TILE, width // TILE, TILE)
    return cut.swapaxes(2, 3).reshape(count, -1, TILE, TILE)


def turned(cut: np.ndarray) -> np.ndarray:
    """All tiles as they are, mirrored, and transposed: cells have no up and down. (N, TILE, TILE, 1)"""
    flat = cut.reshape(-1, TILE, TILE, 1)
    return np.concatenate([flat, flat[:, ::-1], flat.swapaxes(1, 2)])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
