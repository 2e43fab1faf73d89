"""Random changes of images, which show a network more than there are.

Each image draws for itself, from the layer's seed, its step and the image's number alone, so the results have
the same bits on any number of threads and after a resume.  As in Keras these layers act while training, and
when they are called on arrays without `training=False`; whole numbers become floats.
"""

from __future__ import annotations

import math
from typing import Any

from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.layers.images import RandomImageLayer, whole_size
from chainrule.ops.affine import FILL_MODES, INTERPOLATIONS, affine_transform, random_transform
from chainrule.ops.intensity import random_intensity
from chainrule.ops.resampling import resize
from chainrule.plan.once import run_once
from chainrule.random import new_seed

Factor = float | tuple[float, float] | list[float]
MODES = {"horizontal": ("scale_x",), "vertical": ("scale_y",), "horizontal_and_vertical": ("scale_x", "scale_y")}


def bounds(factor: Factor, name: str, where: str, least: float = -1.0, most: float = 1.0) -> tuple[float, float]:
    """(low, high) of a pair in any order, or of one number for both directions."""
    pair = factor if isinstance(factor, (tuple, list)) else (factor,)
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) and least <= v <= most for v in pair)
    if not numbers or len(pair) not in (1, 2) or (len(pair) == 1 and isinstance(factor, (tuple, list))):
        raise ArgumentError(
            f"{name} does not fit", where=where, expected=f"a number from {least:g} to {most:g}, or two of them",
            got=repr(factor),
        )  # fmt: skip
    if len(pair) == 2:
        return min(pair), max(pair)
    return max(-abs(pair[0]), least), abs(pair[0])


class _Transform(RandomImageLayer):
    """A layer that takes each pixel from somewhere else.

    Args:
        fill_mode: how an image goes on beyond its edges: "constant", "nearest", "reflect" or "wrap".
        interpolation: between pixels: "nearest" or "bilinear".
        fill_value: the constant.
    """

    def __init__(self, fill_mode: str, interpolation: str, fill_value: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        if fill_mode not in FILL_MODES:
            raise UnknownNameError.of("fill mode", fill_mode, FILL_MODES, where=where)
        if interpolation not in INTERPOLATIONS:
            raise UnknownNameError.of("interpolation", interpolation, INTERPOLATIONS, where=where)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def draws(self) -> dict[str, Any]:
        """What `random_transform` draws."""
        raise NotImplementedError

    def changed(self, images: Any) -> Any:
        transform = run_once(random_transform, images, self.state(images), **self.draws())
        return run_once(
            affine_transform, images, transform, interpolation=self.interpolation, fill_mode=self.fill_mode,
            fill_value=float(self.fill_value),
        )  # fmt: skip


class RandomFlip(_Transform):
    """Half of the images mirrored.

    Args:
        mode: "horizontal" (left and right), "vertical" or "horizontal_and_vertical" (both at once, as Keras does).
        seed: seed of what is drawn.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs, outputs: (N, H, W, C); as an array also (H, W, C).

    Raises:
        UnknownNameError: another mode.

    Example:
        >>> import numpy as np
        >>> x = np.arange(4.0).reshape(1, 1, 4, 1).repeat(100, axis=0)
        >>> flipped = RandomFlip("horizontal", seed=1)(x)[:, 0, 0, 0] == 3
        >>> 30 < flipped.sum() < 70
        np.True_
    """

    _config_skips = ("bounding_box_format", "fill_mode", "interpolation", "fill_value")

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__("nearest", "nearest", 0.0, seed=seed, data_format=data_format, **kwargs)
        if mode not in MODES:
            raise UnknownNameError.of("mode", mode, MODES, where="RandomFlip")
        self.mode = mode

    def draws(self) -> dict[str, Any]:
        return dict.fromkeys(MODES[self.mode], (1.0, -1.0, 2, 0))


class RandomRotation(_Transform):
    """Images turned about their centre.

    Args:
        factor: by how many turns at most, either way; or the least and the greatest, positive ones against the clock.
        fill_mode: how an image goes on beyond its edges: "constant", "nearest", "reflect" or "wrap".
        interpolation: "nearest" or "bilinear".
        seed: seed of what is drawn.
        fill_value: the constant of "constant".
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs, outputs: (N, H, W, C); as an array also (H, W, C).

    Raises:
        ArgumentError: a factor beyond -1 and 1.
        UnknownNameError: another fill mode or interpolation.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1)
        >>> RandomRotation((0.25, 0.25), interpolation="nearest")(x)[..., 0]
        array([[2., 4.],
               [1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = bounds(factor, "factor", "RandomRotation")

    def draws(self) -> dict[str, Any]:
        low, high = self.factor
        return {"angle": (2 * math.pi * low, 2 * math.pi * high, 0, 0)}


class RandomTranslation(_Transform):
    """Images shifted.

    Args:
        height_factor: by which part of the height at most, either way; or the least and the greatest, positive
            ones down.
        width_factor: the same of the width, positive ones to the right.
        fill_mode: how an image goes on beyond its edges: "constant", "nearest", "reflect" or "wrap".
        interpolation: "nearest" or "bilinear".
        seed: seed of what is drawn.
        fill_value: the constant of "constant".
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs, outputs: (N, H, W, C); as an array also (H, W, C).

    Raises:
        ArgumentError: a factor beyond -1 and 1.
        UnknownNameError: another fill mode or interpolation.

    Example:
        >>> import numpy as np
        >>> x = np.arange(4.0).reshape(1, 4, 1)
        >>> RandomTranslation(0, (0.25, 0.25), fill_mode="wrap")(x).ravel()
        array([3., 0., 1., 2.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = bounds(height_factor, "height_factor", "RandomTranslation")
        self._right = bounds(width_factor, "width_factor", "RandomTranslation")

    def draws(self) -> dict[str, Any]:
        # Each pixel comes from where the image was before.
        (up, down), (left, right) = self._down, self._right
        return {"shift_y": (-up, -down, 0, 0), "shift_x": (-left, -right, 0, 1)}


class RandomZoom(_Transform):
    """Images made smaller or larger about their centre.

    Args:
        height_factor: by which part of the height at most, either way; or the least and the greatest, positive
            ones out (0.5: a picture half as high again fits in) and negative ones in.
        width_factor: the same of the width; None for the same as the height.
        fill_mode: how an image goes on beyond its edges: "constant", "nearest", "reflect" or "wrap".
        interpolation: "nearest" or "bilinear".
        seed: seed of what is drawn.
        fill_value: the constant of "constant".
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs, outputs: (N, H, W, C); as an array also (H, W, C).

    Raises:
        ArgumentError: a factor of -1 or less, or above 1.
        UnknownNameError: another fill mode or interpolation.

    Example:
        >>> import numpy as np
        >>> x = np.arange(4.0).reshape(1, 4, 1)
        >>> RandomZoom(0, (-0.5, -0.5))(x).ravel()
        array([0.75, 1.25, 1.75, 2.25], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._out = [
            bounds(factor, name, "RandomZoom", least=math.nextafter(-1.0, 0.0))
            for name, factor in (("height_factor", height_factor), ("width_factor", width_factor))
            if factor is not None
        ]

    def draws(self) -> dict[str, Any]:
        scales = [(1 + low, 1 + high, 0, word) for word, (low, high) in enumerate(self._out)]
        return {"scale_y": scales[0], "scale_x": scales[-1]}


class RandomCrop(RandomImageLayer):
    """A part of the images, from the same place in all images of a batch; the middle when predicting.

    Of images that are too small, and when predicting, it is the largest part of that shape, resized.  (Keras
    documents this for predicting, and in 3.15 returns the images as they are, of another shape than in training.)

    Args:
        height: height of the outputs.
        width: width of the outputs.
        seed: seed of what is drawn.
        data_format: "channels_last" or "channels_first".
        name: name in summaries, errors and saved files.

    Shapes:
        inputs: (N, H, W, C); as an array also (H, W, C).
        outputs: (N, height, width, C).

    Raises:
        ShapeError: the size of the inputs is not known when a model is put together.

    Example:
        >>> import numpy as np
        >>> RandomCrop(2, 3)(np.zeros((5, 4, 4, 1))).shape
        (5, 2, 3, 1)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        seed = new_seed() if seed is None else seed  # Keras saves the seed that was drawn
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height, self.width = whole_size(height, "height", "RandomCrop"), whole_size(width, "width", "RandomCrop")

    def changed(self, images: Any) -> Any:
        h, w = images.shape[1:3]
        if h is None or w is None:
            raise ShapeError(
                "where to crop depends on the size of the images", where=f"RandomCrop {self.name!r}",
                expected="a known height and width", got=tuple(images.shape), hint="Resizing(height, width) before it",
            )  # fmt: skip
        if h < self.height or w < self.width:
            return self.unchanged(images)
        down, right = h - self.height, w - self.width
        transform = run_once(
            random_transform, images, self.state(images), shift_y=(0.0, down / h, down + 1, 0),
            shift_x=(0.0, right / w, right + 1, 1), shared=True,
        )  # fmt: skip
        return run_once(
            affine_transform, images, transform, interpolation="nearest", fill_mode="nearest",
            size=(self.height, self.width),
        )  # fmt: skip

    def unchanged(self, images: Any) -> Any:
        return run_once(resize, images, size=(self.height, self.width), fit="crop")


class _Intensity(RandomImageLayer):
    """A layer that makes numbers larger or smaller within a range.

    Args:
        value_range: the least and the greatest number of an image.
    """

    def __init__(self, value_range: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = isinstance(value_range, (tuple, list)) and len(value_range) == 2
        if not pair or not all(isinstance(v, (int, float)) for v in value_range):
            raise ArgumentError(
                "value_range is the least and the greatest number of an image", where=type(self).__name__,
                expected="(0, 255), (0, 1), …", got=repr(value_range),
            )  # fmt: skip

    def draws(self) -> dict[str, Any]:
        """What `random_intensity` draws."""
        raise NotImplementedError

    def changed(self, images: Any) -> Any:
        return run_once(random_intensity, images, self.state(images), **self.draws())


class RandomContrast(_Intensity):
    """Images whose numbers lie closer to, or farther from, the mean of their channel: f (x - mean) + mean.

    Args:
        factor: (lower, upper) for f from 1 - lower to 1 + upper; one number is `upper` alone, as Keras 3.15
            computes it.
        value_range: the least and the greatest number of an image; results are held within.
        seed: seed of what is drawn.

    Shapes:
        inputs, outputs: (N, H, W, C); as an array also (H, W, C).

    Raises:
        ArgumentError: a factor beyond 0 and 1.

    Example:
        >>> import numpy as np
        >>> x = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1)
        >>> RandomContrast((0.0, 0.0))(x).ravel()
        array([1., 2., 3.], dtype=float32)
    """

    def __init__(self, factor: Factor, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        self.factor = bounds(factor, "factor", "RandomContrast", least=0.0)
        self.value_range = value_range

    def draws(self) -> dict[str, Any]:
        low, high = (float(v) for v in self.value_range)
        return {"factor": (1.0 - self.factor[0], 1.0 + self.factor[1]), "value_range": (low, high)}


class RandomBrightness(_Intensity):
    """Images made darker or lighter.

    Args:
        factor: by which part of the range at most, either way; or the least and the greatest.
        value_range: the least and the greatest number of an image; results are held within.
        seed: seed of what is drawn.

    Shapes:
        inputs, outputs: (N, H, W, C); as an array also (H, W, C).

    Raises:
        ArgumentError: a factor beyond -1 and 1.

    Example:
        >>> import numpy as np
        >>> x = np.array([0.0, 0.5, 1.0]).reshape(1, 3, 1)
        >>> RandomBrightness((0.25, 0.25), value_range=(0, 1))(x).ravel()
        array([0.25, 0.75, 1.  ], dtype=float32)
    """

    def __init__(self, factor: Factor, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        self.factor = bounds(factor, "factor", "RandomBrightness")
        self.value_range = sorted(value_range)

    def draws(self) -> dict[str, Any]:
        low, high = (float(v) for v in self.value_range)
        return {"delta": tuple(v * (high - low) for v in self.factor), "value_range": (low, high)}
