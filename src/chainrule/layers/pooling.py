"""Pooling layers: the largest number or the mean, of each window or of each channel as a whole."""

from __future__ import annotations

from typing import Any

from chainrule import ops
from chainrule.layers.spatial import Spatial
from chainrule.ops.windows import padding_of, per_axis


class _Pooling(Spatial):
    _fits_any_shape = True

    def __init__(
        self, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, name=name, **kwargs)
        where = type(self).__name__
        self.pool_size = per_axis(pool_size, self.rank, name="pool_size", where=where)
        self.strides = self.pool_size
        if strides is not None:
            self.strides = per_axis(strides, self.rank, name="strides", where=where)
        self.padding = padding_of(padding, self.rank, where=where)


class _MaxPooling(_Pooling):
    def call(self, inputs: Any) -> Any:
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class _AveragePooling(_Pooling):
    def call(self, inputs: Any) -> Any:
        return ops.average_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class MaxPooling1D(_MaxPooling):
    """The largest number in each window of a signal.

    Args:
        pool_size: the window.
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(L / strides) windows; padding is never the largest.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, L, C).
        outputs: (N, windows, C).

    Raises:
        ShapeError: the signal is too short for a single window.

    Example:
        >>> import numpy as np
        >>> MaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [4.0]]], "float32")).ravel()
        array([3., 4.], dtype=float32)
    """

    rank = 1

    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class MaxPooling2D(_MaxPooling):
    """The largest number in each window of an image.

    Args:
        pool_size: the window: one number, or (height, width).
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(size / strides) windows; padding is never the largest.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, windows down, windows across, C).

    Raises:
        ShapeError: the image is too small for a single window.

    Example:
        >>> import numpy as np
        >>> MaxPooling2D()(np.arange(16, dtype="float32").reshape(1, 4, 4, 1)).ravel()
        array([ 5.,  7., 13., 15.], dtype=float32)
    """

    rank = 2

    def __init__(
        self, pool_size: Any = (2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class MaxPooling3D(_MaxPooling):
    """The largest number in each window of a volume.

    Args:
        pool_size: the window: one number, or (depth, height, width).
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(size / strides) windows; padding is never the largest.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, *windows, C).

    Raises:
        ShapeError: the volume is too small for a single window.

    Example:
        >>> import numpy as np
        >>> MaxPooling3D()(np.arange(8, dtype="float32").reshape(1, 2, 2, 2, 1)).ravel()
        array([7.], dtype=float32)
    """

    rank = 3

    def __init__(
        self, pool_size: Any = (2, 2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class AveragePooling1D(_AveragePooling):
    """The mean of each window of a signal.

    Args:
        pool_size: the window.
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(L / strides) windows; padding does not count.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, L, C).
        outputs: (N, windows, C).

    Raises:
        ShapeError: the signal is too short for a single window.

    Example:
        >>> import numpy as np
        >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [4.0]]], "float32")).ravel()
        array([2., 3.], dtype=float32)
    """

    rank = 1


class AveragePooling2D(_AveragePooling):
    """The mean of each window of an image.

    Args:
        pool_size: the window: one number, or (height, width).
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(size / strides) windows; padding does not count.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, windows down, windows across, C).

    Raises:
        ShapeError: the image is too small for a single window.

    Example:
        >>> import numpy as np
        >>> AveragePooling2D(2)(np.arange(16, dtype="float32").reshape(1, 4, 4, 1)).ravel()
        array([ 2.5,  4.5, 10.5, 12.5], dtype=float32)
    """

    rank = 2


class AveragePooling3D(_AveragePooling):
    """The mean of each window of a volume.

    Args:
        pool_size: the window: one number, or (depth, height, width).
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(size / strides) windows; padding does not count.
        data_format: "channels_last" or "channels_first".

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, *windows, C).

    Raises:
        ShapeError: the volume is too small for a single window.

    Example:
        >>> import numpy as np
        >>> AveragePooling3D(2)(np.arange(8, dtype="float32").reshape(1, 2, 2, 2, 1)).ravel()
        array([3.5], dtype=float32)
    """

    rank = 3


class _GlobalPooling(Spatial):
    _fits_any_shape = True

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.keepdims = keepdims


class _GlobalMaxPooling(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, axis=self.axes, keepdims=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.mean(inputs, axis=self.axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The largest number of each channel of a signal.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the pooled axis stays, with size 1.

    Shapes:
        inputs: (N, L, C).
        outputs: (N, C); (N, 1, C) with `keepdims`.

    Example:
        >>> import numpy as np
        >>> GlobalMaxPooling1D()(np.array([[[1.0, 4.0], [3.0, 2.0]]], "float32"))
        array([[3., 4.]], dtype=float32)
    """

    rank = 1


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The largest number of each channel of an image.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the pooled axes stay, with size 1.

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, C); (N, 1, 1, C) with `keepdims`.

    Example:
        >>> import numpy as np
        >>> GlobalMaxPooling2D()(np.arange(8, dtype="float32").reshape(1, 2, 2, 2))
        array([[6., 7.]], dtype=float32)
    """

    rank = 2


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest number of each channel of a volume.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the pooled axes stay, with size 1.

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, C); (N, 1, 1, 1, C) with `keepdims`.

    Example:
        >>> import numpy as np
        >>> GlobalMaxPooling3D()(np.arange(16, dtype="float32").reshape(1, 2, 2, 2, 2))
        array([[14., 15.]], dtype=float32)
    """

    rank = 3


class GlobalAveragePooling1D(_GlobalAveragePooling):
    """The mean of each channel of a signal.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the pooled axis stays, with size 1.

    Shapes:
        inputs: (N, L, C).
        mask: (N, L), which steps count; by default all.
        outputs: (N, C); (N, 1, C) with `keepdims`.

    Example:
        >>> import numpy as np
        >>> GlobalAveragePooling1D()(np.array([[[1.0, 4.0], [3.0, 2.0]]], "float32"))
        array([[2., 3.]], dtype=float32)
    """

    rank = 1

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        (axis,) = self.axes
        counted = ops.expand_dims(ops.cast(mask, self.dtype_name), 3 - axis)
        total = ops.sum(inputs * counted, axis=axis, keepdims=self.keepdims)
        return total / ops.sum(counted, axis=axis, keepdims=self.keepdims)


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean of each channel of an image.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the pooled axes stay, with size 1.

    Shapes:
        inputs: (N, H, W, C).
        outputs: (N, C); (N, 1, 1, C) with `keepdims`.

    Example:
        >>> import numpy as np
        >>> GlobalAveragePooling2D()(np.arange(8, dtype="float32").reshape(1, 2, 2, 2))
        array([[3., 4.]], dtype=float32)

    Source: Lin, Chen, Yan (2013), Network in network, arXiv:1312.4400.
    """

    rank = 2


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean of each channel of a volume.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the pooled axes stay, with size 1.

    Shapes:
        inputs: (N, D, H, W, C).
        outputs: (N, C); (N, 1, 1, 1, C) with `keepdims`.

    Example:
        >>> import numpy as np
        >>> GlobalAveragePooling3D()(np.arange(16, dtype="float32").reshape(1, 2, 2, 2, 2))
        array([[7., 8.]], dtype=float32)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
