"""Windows: how filters and pools slide over signals, images and volumes.

Along each axis, of size n:

    extent    (window - 1) dilation + 1                 what a window covers
    outputs   (n + before + after - extent) // stride + 1
    "valid"   no padding
    "same"    ceil(n / stride) outputs: as much padding as that takes, an odd one after
    "causal"  extent - 1 before, none after: no output sees what comes later
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.spec import Shape

Sizes = tuple[int, ...]
Padding = str | tuple[tuple[int, int], ...]


class Slide(NamedTuple):
    """How a window slides along one axis of known size.

    Args:
        size: of the axis.
        window: elements in a window.
        stride: from one window to the next.
        dilation: from one element of a window to the next.
        before: padding in front.
        after: padding behind.
        outputs: number of windows.
    """

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    after: int
    outputs: int

    @property
    def extent(self) -> int:
        """What a window covers, gaps included."""
        return (self.window - 1) * self.dilation + 1

    @property
    def padded(self) -> int:
        """Size of the axis with its padding."""
        return self.size + self.before + self.after


def per_axis(value: Any, rank: int, *, name: str, where: str, least: int = 1) -> Sizes:
    """A number for each of `rank` axes, from one for all or one for each.

    Raises:
        ArgumentError: another number of them, or one that is not whole or below `least`.

    Example:
        >>> per_axis(2, 3, name="strides", where="Conv3D")
        (2, 2, 2)
    """
    numbers = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else (value,) * rank
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= least for n in numbers)
    if len(numbers) != rank or not whole:
        many = f", or {rank} of them" if rank > 1 else ""
        raise ArgumentError(
            f"{name} does not fit", where=where, expected=f"a whole number, {least} or more{many}", got=repr(value)
        )
    return tuple(int(n) for n in numbers)


def padding_of(padding: Any, rank: int, *, where: str, causal: bool = False) -> Padding:
    """Padding as attributes hold it, from "valid", "same", "causal" in any case, or (before, after) for each axis.

    Raises:
        ArgumentError: something else, or "causal" where it is not `causal`.
    """
    names = ("valid", "same", *(("causal",) if causal else ()))
    if isinstance(padding, str) and padding.lower() in names:
        return padding.lower()
    if isinstance(padding, (tuple, list)) and len(padding) == rank:
        with suppress(ArgumentError):
            return tuple(per_axis(pair, 2, name="padding", where=where, least=0) for pair in padding)  # type: ignore[misc]
    hint = "only Conv1D has an order in time" if isinstance(padding, str) and padding.lower() == "causal" else ""
    choices = " or ".join(f'"{name}"' for name in names)
    raise ArgumentError("there is no such padding", where=where, expected=choices, got=repr(padding), hint=hint)


def slide(size: int, window: int, stride: int, padding: str | tuple[int, int], dilation: int = 1) -> Slide:
    """The windows along one axis.

    Example:
        >>> slide(7, 3, 2, "same").outputs, slide(7, 3, 2, "valid").outputs
        (4, 3)
    """
    extent = (window - 1) * dilation + 1
    if padding == "valid":
        before, after = 0, 0
    elif padding == "same":
        total = max(0, (-(-size // stride) - 1) * stride + extent - size)
        before, after = total // 2, total - total // 2
    elif padding == "causal":
        before, after = extent - 1, 0
    elif isinstance(padding, tuple):
        before, after = padding
    else:
        raise ArgumentError(
            "no such padding", where="padding", expected='"valid", "same", "causal" or a pair of numbers for each axis',
            got=repr(padding),
        )  # fmt: skip
    outputs = max(0, (size + before + after - extent) // stride + 1)
    return Slide(size, window, stride, dilation, before, after, outputs)


def slides(sizes: Sequence[int], window: Sizes, strides: Sizes, padding: Padding, dilation: Sizes) -> list[Slide]:
    """The windows along several axes of known sizes."""
    pads: list[str | tuple[int, int]] = [padding] * len(window) if isinstance(padding, str) else list(padding)
    return [slide(n, k, s, p, d) for n, k, s, p, d in zip(sizes, window, strides, pads, dilation, strict=True)]


def output_sizes(
    sizes: Shape, window: Sizes, strides: Sizes, padding: Padding, dilation: Sizes, *, where: str
) -> Shape:
    """How many windows there are along each axis; None where the size is not known.

    Raises:
        ShapeError: an axis is too small for a single window.
    """
    found = slides([0 if n is None else n for n in sizes], window, strides, padding, dilation)
    for axis, (n, s) in enumerate(zip(sizes, found, strict=True)):
        if n is not None and n > 0 and s.outputs == 0:
            raise ShapeError(
                "the input is too small for the window", where=where,
                expected=f"at least {s.extent - s.before - s.after} along axis {axis + 1}",
                got=f"{n}, of sizes {sizes}",
                hint='padding="same", a smaller window, or fewer layers that shrink the input',
            )  # fmt: skip
    return tuple(None if n is None else s.outputs for n, s in zip(sizes, found, strict=True))


def padded(x: np.ndarray, axes: Sequence[Slide], value: float = 0.0) -> np.ndarray:
    """x (N, *sizes, C) with its padding."""
    if all(s.before == s.after == 0 for s in axes):
        return x
    return np.pad(x, [(0, 0), *((s.before, s.after) for s in axes), (0, 0)], constant_values=value)


def offsets(axes: Sequence[Slide]) -> Iterator[tuple[slice, ...]]:
    """For each element of a window, in order, the places in the padded input that it visits."""
    for at in product(*(range(s.window) for s in axes)):
        starts = [k * s.dilation for k, s in zip(at, axes, strict=True)]
        yield tuple(
            slice(start, start + (s.outputs - 1) * s.stride + 1 if s.outputs else start, s.stride)
            for start, s in zip(starts, axes, strict=True)
        )


def windows(x: np.ndarray, axes: Sequence[Slide], value: float = 0.0) -> np.ndarray:
    """(N, *sizes, C) -> (N, *outputs, elements of a window, C)."""
    xp = padded(x, axes, value)
    parts = [xp[(slice(None), *at)] for at in offsets(axes)]
    return np.stack(parts, axis=-2)


def add_windows(dwindows: np.ndarray, axes: Sequence[Slide]) -> np.ndarray:
    """The adjoint of `windows`: each element of the input gets the sum over all windows that it is in."""
    n, c = dwindows.shape[0], dwindows.shape[-1]
    dxp = np.zeros((n, *(s.padded for s in axes), c), dwindows.dtype)
    for k, at in enumerate(offsets(axes)):
        dxp[(slice(None), *at)] += dwindows[..., k, :]
    return dxp[(slice(None), *(slice(s.before, s.before + s.size) for s in axes))]
