"""Layers that make signals, images and volumes larger or smaller: repetition, zeros around, edges off."""

from __future__ import annotations

from typing import Any

from chainrule import ops
from chainrule.errors import ShapeError, UnknownNameError
from chainrule.layers.data_format import as_given, channels_last
from chainrule.layers.spatial import Spatial
from chainrule.ops.resampling import INTERPOLATIONS, resize
from chainrule.ops.upsampling import upsample
from chainrule.ops.windows import per_axis

Pairs = tuple[tuple[int, ...], ...]


def pairs_of(value: Any, rank: int, name: str, where: str) -> Pairs:
    """(before, after) for each axis, from one number for all, or for each axis one number or a pair.

    Example:
        >>> pairs_of((1, (2, 3)), 2, "padding", "ZeroPadding2D")
        ((1, 1), (2, 3))
    """
    entries = value if isinstance(value, (tuple, list)) else (value,) * rank
    if len(entries) != rank:
        entries = per_axis(value, rank, name=name, where=where, least=0)  # says what is wrong
    return tuple(per_axis(entry, 2, name=name, where=where, least=0) for entry in entries)


# Repetition.


class _UpSampling(Spatial):
    size: Any

    def repeated(self, inputs: Any) -> Any:
        """Each element `size` times along each axis."""
        size = per_axis(self.size, self.rank, name="size", where=type(self).__name__)
        return as_given(upsample(channels_last(inputs, self.data_format), size=size), self.data_format)

    def call(self, inputs: Any) -> Any:
        return self.repeated(inputs)


class UpSampling1D(_UpSampling):
    """Each step of a signal `size` times.

    Args:
        size: how often.

    Shapes:
        inputs: (N, L, C).
        outputs: (N, L size, C).

    Example:
        >>> import numpy as np
        >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32")).ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(data_format="channels_last", **kwargs)
        (self.size,) = per_axis(size, 1, name="size", where="UpSampling1D")


class UpSampling2D(_UpSampling):
    """A larger image, of repeated pixels or interpolated ones.

    Args:
        size: how many times as large: one number, or (height, width).
        data_format: "channels_last" or "channels_first".
        interpolation: "nearest" (repetition), "bilinear", "bicubic", "lanczos3" or "lanczos5".

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, H size[0], W size[1], C).

    Raises:
        UnknownNameError: another interpolation.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 3.0]], "float32").reshape(1, 1, 2, 1)
        >>> UpSampling2D((1, 2))(x).ravel()
        array([1., 1., 3., 3.], dtype=float32)
        >>> UpSampling2D((1, 2), interpolation="bilinear")(x).ravel()
        array([1. , 1.5, 2.5, 3. ], dtype=float32)
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.size = per_axis(size, 2, name="size", where="UpSampling2D")
        if interpolation not in INTERPOLATIONS:
            raise UnknownNameError.of("interpolation", interpolation, INTERPOLATIONS, where="UpSampling2D")
        self.interpolation = interpolation

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return self.repeated(inputs)
        images = channels_last(inputs, self.data_format)
        height, width = images.shape[1:3]
        if height is None or width is None:
            raise ShapeError(
                "images are interpolated once their size is known", where="interpolation", got=inputs.shape,
                hint='give the Input a height and a width, or use interpolation="nearest"',
            )  # fmt: skip
        size = height * self.size[0], width * self.size[1]
        return as_given(resize(images, size=size, interpolation=self.interpolation), self.data_format)


class UpSampling3D(_UpSampling):
    """Each element of a volume several times along each axis.

    Args:
        size: how often: one number, or (depth, height, width).
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, D size[0], H size[1], W size[2], C).

    Example:
        >>> import numpy as np
        >>> UpSampling3D(2)(np.ones((1, 1, 1, 2, 1), "float32")).shape
        (1, 2, 2, 4, 1)
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.size = per_axis(size, 3, name="size", where="UpSampling3D")


# Zeros around.


class _ZeroPadding(Spatial):
    pairs: Pairs

    def call(self, inputs: Any) -> Any:
        width: list[tuple[int, ...]] = [(0, 0)] * len(inputs.shape)
        for axis, pair in zip(self.axes, self.pairs, strict=True):
            width[axis] = pair
        return ops.pad(inputs, width)


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a signal.

    Args:
        padding: how many on either side: one number, or (before, after).
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, L, C).
        outputs: (N, before + L + after, C).

    Example:
        >>> import numpy as np
        >>> ZeroPadding1D((1, 2))(np.array([[[3.0]]], "float32")).ravel()
        array([0., 3., 0., 0.], dtype=float32)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = per_axis(padding, 2, name="padding", where="ZeroPadding1D", least=0)
        self.pairs = (self.padding,)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around an image.

    Args:
        padding: how many: one number; (vertically, horizontally); or ((above, below), (left, right)).
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, above + H + below, left + W + right, C).

    Example:
        >>> import numpy as np
        >>> ZeroPadding2D(((1, 0), (0, 2)))(np.ones((1, 1, 1, 1), "float32"))[0, :, :, 0]
        array([[0., 0., 0.],
               [1., 0., 0.]], dtype=float32)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = self.pairs = pairs_of(padding, 2, "padding", "ZeroPadding2D")


class ZeroPadding3D(_ZeroPadding):
    """Zeros around a volume.

    Args:
        padding: how many: one number, or for each axis one number or (before, after).
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, *(before + size + after), C).

    Example:
        >>> import numpy as np
        >>> ZeroPadding3D((0, 1, (0, 2)))(np.ones((1, 1, 1, 1, 1), "float32")).shape
        (1, 1, 3, 3, 1)
    """

    rank = 3

    def __init__(
        self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = self.pairs = pairs_of(padding, 3, "padding", "ZeroPadding3D")


# Edges off.


class _Cropping(Spatial):
    pairs: Pairs

    def call(self, inputs: Any) -> Any:
        parts = [slice(None)] * len(inputs.shape)
        for axis, (before, after) in zip(self.axes, self.pairs, strict=True):
            size = inputs.shape[axis]
            if size is not None and before + after >= size:
                raise ShapeError(
                    "nothing is left after cropping", where="cropping",
                    expected=f"more than {before + after} on axis {axis}", got=tuple(inputs.shape),
                )  # fmt: skip
            parts[axis] = slice(before or None, -after or None)
        return inputs[tuple(parts)]


class Cropping1D(_Cropping):
    """A signal without its ends.

    Args:
        cropping: how many steps go: one number for either end, or (from the start, from the end).

    Shapes:
        inputs: (N, L, C).
        outputs: (N, L - cropped, C).

    Raises:
        ShapeError: nothing would be left.

    Example:
        >>> import numpy as np
        >>> Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]], "float32")).ravel()
        array([2., 3.], dtype=float32)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(data_format="channels_last", **kwargs)
        self.cropping = per_axis(cropping, 2, name="cropping", where="Cropping1D", least=0)
        self.pairs = (self.cropping,)


class Cropping2D(_Cropping):
    """An image without its edges.

    Args:
        cropping: how many rows and columns go: one number; (vertically, horizontally); or
            ((above, below), (left, right)).
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, H - cropped, W - cropped, C).

    Raises:
        ShapeError: nothing would be left.

    Example:
        >>> import numpy as np
        >>> Cropping2D(((1, 0), (0, 1)))(np.arange(4, dtype="float32").reshape(1, 2, 2, 1)).ravel()
        array([2.], dtype=float32)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.cropping = self.pairs = pairs_of(cropping, 2, "cropping", "Cropping2D")


class Cropping3D(_Cropping):
    """A volume without its edges.

    Args:
        cropping: how much goes: one number, or for each axis one number or (from the start, from the end).
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, *(size - cropped), C).

    Raises:
        ShapeError: nothing would be left.

    Example:
        >>> import numpy as np
        >>> Cropping3D((0, 0, 1))(np.zeros((1, 1, 1, 4, 1), "float32")).shape
        (1, 1, 1, 2, 1)
    """

    rank = 3

    def __init__(
        self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.cropping = self.pairs = pairs_of(cropping, 3, "cropping", "Cropping3D")
