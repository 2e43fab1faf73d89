"""What a model takes: how a person's file becomes its input. Saved with it, so that `predict` asks nothing.

DigitInput   a handwritten digit, brought to the form of mnist or digits
ImageInput   a picture of one size
TableInput   rows of a CSV file
ArrayInput   rows of numbers
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from chainrule.data.folder import read_image
from chainrule.data.picture import DigitPicture
from chainrule.data.schema import TableSchema
from chainrule.errors import DataError, FileFormatError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
BRIGHTEST = 255
LIGHT_BORDER = 127.5  # of 255: a picture with a border lighter than this lies on a light background


class Input(Protocol):
    """What one kind of input can do."""

    suffixes: ClassVar[tuple[str, ...]]

    def read(self, path: Path) -> tuple[np.ndarray, list[str]]:
        """The inputs in a file, (N, …), and notes."""

    def to_config(self) -> dict[str, Any]:
        """The kind and its facts in JSON's types."""


@dataclass(frozen=True)
class DigitInput:
    """A drawn digit, cropped, centred and scaled as the data set's were."""

    picture: DigitPicture
    suffixes: ClassVar[tuple[str, ...]] = (*IMAGE_SUFFIXES, ".npy")

    def read(self, path: Path) -> tuple[np.ndarray, list[str]]:
        if path.suffix.lower() == ".npy":
            rows = read_rows(path, (self.picture.size, self.picture.size))
            check_brightness(rows, self.picture.top, str(path))
            return rows, []
        return self.picture.read(path)[None], []

    def to_config(self) -> dict[str, Any]:
        return {"kind": "digit", "picture": self.picture.to_config()}


@dataclass(frozen=True)
class ImageInput:
    """A picture, scaled to one size.

    Args:
        height: of what the network takes.
        width: of what the network takes.
        grayscale: brightness only.
        on_black: the network knows light things on black; a picture with a light border is negated.
    """

    height: int
    width: int
    grayscale: bool
    on_black: bool = False
    suffixes: ClassVar[tuple[str, ...]] = (
        *IMAGE_SUFFIXES,
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".webp",
        ".ppm",
        ".npy",
    )

    def read(self, path: Path) -> tuple[np.ndarray, list[str]]:
        if path.suffix.lower() == ".npy":
            shape = (self.height, self.width) if self.grayscale else (self.height, self.width, 3)
            rows = read_rows(path, shape)
            check_brightness(rows, BRIGHTEST, str(path))
            return rows, []
        pixels = read_image(path, (self.height, self.width), self.grayscale)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        if self.on_black and np.median(border) > LIGHT_BORDER:
            pixels = 255 - pixels
        return pixels[None], []

    def to_config(self) -> dict[str, Any]:
        return {
            "kind": "image",
            "height": self.height,
            "width": self.width,
            "grayscale": self.grayscale,
            "on_black": self.on_black,
        }


@dataclass(frozen=True)
class TableInput:
    """Rows of a table."""

    schema: TableSchema
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".data", ".npy")

    def read(self, path: Path) -> tuple[np.ndarray, list[str]]:
        if path.suffix.lower() == ".npy":
            return self.schema.transform(read_rows(path, (len(self.schema.names),)).tolist()), []
        return self.schema.read(path)

    def to_config(self) -> dict[str, Any]:
        return {"kind": "table", "schema": self.schema.to_config()}


@dataclass(frozen=True)
class ArrayInput:
    """Rows of numbers as they are; what scaling they need is a layer of the model."""

    shape: tuple[int, ...]
    suffixes: ClassVar[tuple[str, ...]] = (".npy",)

    def read(self, path: Path) -> tuple[np.ndarray, list[str]]:
        return read_rows(path, self.shape), []

    def to_config(self) -> dict[str, Any]:
        return {"kind": "array", "shape": list(self.shape)}


def input_from_config(config: Any) -> Input:
    """The input that `to_config` described.

    Raises:
        FileFormatError: a field is missing, unknown or not of its kind.
    """
    problem = FileFormatError("the description of the model's input is damaged", got=f"{config!r:.200}")
    if not isinstance(config, Mapping):
        raise problem
    fields = {name: value for name, value in config.items() if name != "kind"}
    match config.get("kind"), sorted(fields):
        case "digit", ["picture"]:
            return DigitInput(DigitPicture.from_config(fields["picture"]))
        case "image", ["grayscale", "height", "on_black", "width"]:
            if not (_is_size(fields["height"]) and _is_size(fields["width"])):
                raise problem
            return ImageInput(
                fields["height"], fields["width"], fields["grayscale"] is True, fields["on_black"] is True
            )
        case "table", ["schema"] if isinstance(fields["schema"], Mapping):
            return TableInput(TableSchema.from_config(fields["schema"]))
        case "array", ["shape"] if isinstance(fields["shape"], list) and all(map(_is_size, fields["shape"])):
            return ArrayInput(tuple(fields["shape"]))
    raise problem


def read_rows(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The samples of a `.npy` file: one of `shape`, or any number of them, flat or not.

    The file is mapped, not loaded: its size must be what its header says, and nothing is unpickled.

    Raises:
        FileFormatError: it is no `.npy` file of numbers, or a damaged one.
        DataError: the samples have another shape, or are not finite.
    """
    try:
        rows: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except ValueError as error:
        raise FileFormatError("not an .npy file of numbers, or a damaged one", where=str(path), got=error) from error
    if rows.dtype.kind not in "biuf":
        raise FileFormatError("the array does not hold numbers", where=str(path), got=f"dtype {rows.dtype}")
    flat = (math.prod(shape),)
    if rows.shape in (shape, flat):
        rows = rows[None]
    if rows.shape[1:] not in (shape, flat):
        expected = f"{shape}, or (N, {', '.join(map(str, shape))})"
        raise DataError("the samples have another shape", where=str(path), expected=expected, got=rows.shape)
    if not np.isfinite(rows).all():
        raise DataError("the array holds numbers that are not finite", where=str(path))
    return np.array(rows).reshape(len(rows), *shape)


def check_brightness(x: np.ndarray, top: int, where: str) -> None:
    """Refuse pictures scaled to 0..1: the network scales by itself, and would see nothing but black."""
    brightest = x.max(initial=0)
    if 0 < brightest <= 1:
        raise DataError(
            "the pictures are too dark to be seen",
            where=where,
            expected=f"brightness from 0 to {top}",
            got=f"at most {brightest:g}",
            hint=f"where they go from 0 to 1, multiply them by {top}",
        )


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1 << 30
