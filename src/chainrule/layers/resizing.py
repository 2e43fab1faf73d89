"""Layers that give all images one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import ops
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.layers.images import ImageLayer, whole_size
from chainrule.ops.resampling import INTERPOLATIONS, resize
from chainrule.plan.once import run_once


class Resizing(ImageLayer):
    """Images of one height and width; whole numbers stay whole numbers.

    Args:
        height: height of the outputs.
        width: width of the outputs.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: cut off what does not fit the new shape, instead of distorting.
        pad_to_aspect_ratio: put a frame around, instead of distorting.
        fill_mode: of the frame; "constant".
        fill_value: of the frame.
        antialias: where images shrink, let every pixel count.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, H, W, C); as an array also (H, W, C).
        outputs: (N, height, width, C).

    Raises:
        UnknownNameError: another interpolation.
        ArgumentError: another fill mode, or both cropping and padding.

    Example:
        >>> x = np.array([[1.0, 3.0]], "float32").reshape(1, 1, 2, 1)
        >>> Resizing(1, 4)(x).ravel()
        array([1. , 1.5, 2.5, 3. ], dtype=float32)

    Source: Keys (1981), IEEE Transactions on Acoustics, Speech and Signal Processing 29(6), 1153-1160.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = whole_size(height, "height", "Resizing"), whole_size(width, "width", "Resizing")
        if interpolation not in INTERPOLATIONS:
            raise UnknownNameError.of("interpolation", interpolation, INTERPOLATIONS, where="Resizing")
        if fill_mode != "constant":
            raise ArgumentError("no such frame", where="Resizing", expected='"constant"', got=repr(fill_mode))
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError("images are cropped or padded, not both", where="Resizing", got="both")
        self.interpolation, self.antialias = interpolation, bool(antialias)
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def call(self, inputs: Any) -> Any:
        outputs = self.on_images(inputs, self._resized)
        kind = np.dtype(str(inputs.dtype))
        if kind.kind not in "iu":
            return outputs
        bounds = np.iinfo(kind)
        return ops.cast(ops.clip(ops.round(outputs), float(bounds.min), float(bounds.max)), kind.name)

    def _resized(self, images: Any) -> Any:
        fit = "crop" if self.crop_to_aspect_ratio else "pad" if self.pad_to_aspect_ratio else "stretch"
        return run_once(
            resize, images, size=(self.height, self.width), interpolation=self.interpolation,
            antialias=self.antialias, fit=fit, fill_value=float(self.fill_value),
        )  # fmt: skip


class CenterCrop(ImageLayer):
    """The middle of images; of images that are too small the largest part of that shape, resized.

    Args:
        height: height of the outputs.
        width: width of the outputs.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, H, W, C); as an array also (H, W, C).
        outputs: (N, height, width, C).

    Example:
        >>> CenterCrop(1, 2)(np.arange(12.0).reshape(3, 4, 1)).ravel()
        array([5., 6.], dtype=float32)
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = whole_size(height, "height", "CenterCrop"), whole_size(width, "width", "CenterCrop")

    def call(self, inputs: Any) -> Any:
        return self.on_images(inputs, lambda x: run_once(resize, x, size=(self.height, self.width), fit="center"))
