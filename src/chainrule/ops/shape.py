"""Shape: the same numbers under another shape, order or side by side.

`None` in the shape of a tensor is the size of the batch, which no attribute ever holds: a
shape with one unknown axis is given as -1 there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.ops.elementwise import OfNumbers, spread, unbroadcast
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import Shape, TensorSpec

Axis = int | tuple[int, ...] | list[int] | None
SHAPES = "Harris et al. (2020), Array programming with NumPy, Nature 585, figure 1"


def shape_of(x: Any) -> Shape:
    """The shape of an array, a tensor or a number."""
    return tuple(x.shape) if isinstance(x, Tensor) else np.shape(x)


def axes_of(axis: Any, rank: int, *, where: str) -> tuple[int, ...]:
    """`axis` as a tuple of axes counted from the front, in order."""
    if axis is None:
        return tuple(range(rank))
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    if any(not -rank <= k < rank for k in axes) or len({k % rank for k in axes}) < len(axes):
        raise ArgumentError(
            "no such axes", where=where, expected=f"different axes from {-rank} to {rank - 1}", got=axis
        )
    return tuple(sorted(int(k) % rank for k in axes))


# Reshape: memory under another shape.


def infer_reshape(x: TensorSpec, *, newshape: tuple[int, ...]) -> Specs:
    """(...) -> newshape, where -1 stands for what is left; an unknown axis must be all that is left"""
    known = math.prod(n for n in x.shape if n is not None)
    given = math.prod(n for n in newshape if n != -1)
    unknown = x.shape.count(None)
    if newshape.count(-1) > 1:
        raise ShapeError("only one size can be left to be found", where="reshape", got=newshape)
    fits = (given == known and -1 in newshape) if unknown == 1 else (
        not unknown and (known == given if -1 not in newshape else given > 0 and known % given == 0)
    )  # fmt: skip
    if not fits:
        raise ShapeError(
            "the numbers do not fill the new shape", where="reshape", got=f"{x.shape} -> {newshape}",
            expected=f"{known} elements" + (" for each of the batch, whose axis is -1" if unknown else ""),
        )  # fmt: skip
    rest = None if unknown else known // given if given else 0
    return (x.with_shape(*(rest if n == -1 else n for n in newshape)),)


def forward_reshape(x: np.ndarray, *, newshape: tuple[int, ...]) -> Arrays:
    """y has the elements of x, in the same order"""
    return (x.reshape(newshape),)


def vjp_reshape(dy: np.ndarray, *, x_shape: tuple[int, ...], newshape: tuple[int, ...]) -> Arrays:
    """dx has the elements of dy, in the same order"""
    return (dy.reshape(x_shape),)


def _reshape_example(shape: tuple[int, ...], newshape: tuple[int, ...]) -> Example:
    return Example(lambda rng: {"x": spread(*shape)(rng)}, {"newshape": newshape}, id=f"{shape}->{newshape}")


_reshape = OfNumbers(
    name="reshape",
    inputs=("x",),
    outputs=("y",),
    infer=infer_reshape,
    forward=forward_reshape,
    vjp=vjp_reshape,
    shapes=("x",),
    kernels_at="chainrule.kernels.shape:reshape",
    view=True,
    examples=(
        _reshape_example((3, 4), (-1, 2, 2)),
        _reshape_example((2, 3, 4), (-1, 12)),
        _reshape_example((2, 1, 3), (-1, 3)),
        _reshape_example((6,), (-1, 1)),
    ),
    source=SHAPES,
)


def reshape(x: Any, newshape: Any) -> Any:
    """The elements of `x`, in the same order, under another shape.

    Args:
        x: array or tensor.
        newshape: sizes; one of them may be -1, for what is left.  The batch may also be None.

    Raises:
        ShapeError: the numbers of elements differ.

    Example:
        >>> reshape(np.arange(6.0), (2, -1))
        array([[0., 1., 2.],
               [3., 4., 5.]])
    """
    sizes = (newshape,) if isinstance(newshape, (int, np.integer)) else tuple(newshape)
    shape = shape_of(x)
    if None in sizes and -1 in sizes:  # the batch is None: -1 can be found now
        known = math.prod(n for n in shape if n is not None)
        given = math.prod(n for n in sizes if n not in (None, -1))
        sizes = tuple(known // given if n == -1 and given else n for n in sizes)
    return _reshape(x, newshape=tuple(-1 if n is None else int(n) for n in sizes))


def ravel(x: Any) -> Any:
    """The elements of `x` in one row.

    Example:
        >>> ravel(np.array([[1.0, 2.0], [3.0, 4.0]]))
        array([1., 2., 3., 4.])
    """
    return reshape(x, (-1,))


def flatten(x: Any) -> Any:
    """The elements of each sample in one row: (N, ...) -> (N, F).

    Example:
        >>> flatten(np.zeros((2, 3, 4))).shape
        (2, 12)
    """
    shape = shape_of(x)
    return reshape(x, (shape[0], math.prod(n for n in shape[1:] if n is not None)))


def expand_dims(x: Any, axis: Any) -> Any:
    """`x` with new axes of size 1, at these places of the result.

    Args:
        x: array or tensor.
        axis: axis or axes of the result.

    Example:
        >>> expand_dims(np.zeros((2, 3)), -1).shape
        (2, 3, 1)
    """
    shape = shape_of(x)
    count = 1 if isinstance(axis, (int, np.integer)) else len(axis)
    new = axes_of(axis, len(shape) + count, where="expand_dims")
    old = iter(shape)
    return reshape(x, tuple(1 if k in new else next(old) for k in range(len(shape) + count)))


def squeeze(x: Any, axis: Axis = None) -> Any:
    """`x` without axes of size 1.

    Args:
        x: array or tensor.
        axis: which; None for all of them.

    Raises:
        ShapeError: an axis has another size.

    Example:
        >>> squeeze(np.zeros((2, 1, 3)), 1).shape
        (2, 3)
    """
    shape = shape_of(x)
    single = tuple(k for k, n in enumerate(shape) if n == 1)
    gone = single if axis is None else axes_of(axis, len(shape), where="squeeze")
    if not set(gone) <= set(single):
        raise ShapeError("only axes of size 1 can go", where="squeeze", got=f"{shape}, axis {axis}")
    return reshape(x, tuple(n for k, n in enumerate(shape) if k not in gone))


# Transpose: axes in another order.


def infer_transpose(x: TensorSpec, *, axes: tuple[int, ...]) -> Specs:
    """(A, B, ...) -> (..., B, A)"""
    return (x.with_shape(*(x.shape[k] for k in axes)),)


def forward_transpose(x: np.ndarray, *, axes: tuple[int, ...]) -> Arrays:
    """y[i, j, ...] = x with its indices in the order of the axes"""
    return (x.transpose(axes),)


def vjp_transpose(dy: np.ndarray, *, axes: tuple[int, ...]) -> Arrays:
    """dx = dy, with the axes back in their places"""
    return (dy.transpose(np.argsort(axes)),)


def _transpose_example(shape: tuple[int, ...], axes: tuple[int, ...]) -> Example:
    return Example(lambda rng: {"x": spread(*shape)(rng)}, {"axes": axes}, id=f"{shape}-{axes}")


_transpose = OfNumbers(
    name="transpose",
    inputs=("x",),
    outputs=("y",),
    infer=infer_transpose,
    forward=forward_transpose,
    vjp=vjp_transpose,
    kernels_at="chainrule.kernels.shape:transpose",
    examples=(
        _transpose_example((3, 4), (1, 0)),
        _transpose_example((2, 3, 4), (0, 2, 1)),
        _transpose_example((2, 3, 4), (1, 2, 0)),
        _transpose_example((5,), (0,)),
    ),
    source=SHAPES,
)


def transpose(x: Any, axes: Any = None) -> Any:
    """`x` with its axes in another order.

    Args:
        x: array or tensor.
        axes: for each axis of the result, which of `x` it is; None to reverse them.

    Example:
        >>> transpose(np.zeros((2, 3, 4)), (0, 2, 1)).shape
        (2, 4, 3)
    """
    rank = len(shape_of(x))
    order = tuple(reversed(range(rank))) if axes is None else tuple(int(k) for k in axes)
    if axes_of(order, rank, where="transpose") != tuple(range(rank)):
        expected = f"an order of {rank} axes"
        raise ArgumentError("each axis once", where="transpose", expected=expected, got=axes)
    return _transpose(x, axes=tuple(k % rank for k in order))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """`x` with two axes exchanged.

    Example:
        >>> swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
        (4, 3, 2)
    """
    order = list(range(len(shape_of(x))))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """`x` with axes moved to other places; the others stay in order.

    Example:
        >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    rank = len(shape_of(x))
    sources = (source,) if isinstance(source, int) else tuple(source)
    places = (destination,) if isinstance(destination, int) else tuple(destination)
    order = [k for k in range(rank) if k not in {s % rank for s in sources}]
    for place, k in sorted((d % rank, s % rank) for d, s in zip(places, sources, strict=True)):
        order.insert(place, k)
    return transpose(x, order)


# Repeat: the same numbers several times.


def infer_broadcast(x: TensorSpec, *, shape: Shape) -> Specs:
    """(..., 1, ...) -> (..., B, ...); None in `shape` for an axis that stays as it is"""
    given = (1,) * (len(shape) - len(x.shape)) + x.shape
    pairs = list(zip(given, shape, strict=False))
    if len(given) > len(shape) or any(n not in (m, None) and m != 1 for m, n in pairs):
        raise ShapeError("no way to repeat to that shape", where="broadcast_to", expected=shape, got=x.shape)
    return (x.with_shape(*(m if n is None else n for m, n in zip(given, shape, strict=True))),)


def forward_broadcast(x: np.ndarray, *, shape: Shape) -> Arrays:
    """y[i, j, ...] = x[i or 0, j or 0, ...]"""
    given = (1,) * (len(shape) - x.ndim) + x.shape
    sizes = tuple(m if n is None else n for m, n in zip(given, shape, strict=True))
    return (np.broadcast_to(x, sizes).copy(),)


def vjp_broadcast(dy: np.ndarray, *, x_shape: tuple[int, ...], shape: Shape) -> Arrays:
    """dx = sum of dy over the axes along which x was repeated"""
    return (unbroadcast(dy, x_shape),)


def _broadcast_example(x: tuple[int, ...], shape: tuple[int | None, ...]) -> Example:
    return Example(lambda rng: {"x": spread(*x)(rng)}, {"shape": shape}, id=f"{x}->{shape}")


_broadcast_to = OfNumbers(
    name="broadcast_to",
    inputs=("x",),
    outputs=("y",),
    infer=infer_broadcast,
    forward=forward_broadcast,
    vjp=vjp_broadcast,
    shapes=("x",),
    kernels_at="chainrule.kernels.shape:broadcast_to",
    examples=(
        _broadcast_example((3, 1), (None, 4)),
        _broadcast_example((2, 1, 3), (None, 5, 3)),
        _broadcast_example((4,), (3, None)),
        _broadcast_example((), (2, 2)),
    ),
    source=SHAPES,
)


def broadcast_to(x: Any, shape: Any) -> Any:
    """`x` repeated along its axes of size 1, and along new leading axes.

    Args:
        x: array or tensor.
        shape: the new sizes; None or -1 for an axis that stays as it is.

    Raises:
        ShapeError: an axis of another size than 1 would change.

    Example:
        >>> broadcast_to(np.array([1.0, 2.0]), (2, 2))
        array([[1., 2.],
               [1., 2.]])
    """
    return _broadcast_to(x, shape=tuple(None if n is None or n == -1 else int(n) for n in shape))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element along the axis `repeats` times.

    Args:
        x: array or tensor.
        repeats: how often; one number, or one for each element.
        axis: the axis; None for all elements in order.

    Example:
        >>> repeat(np.array([1.0, 2.0]), 2)
        array([1., 1., 2., 2.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    shape = shape_of(x)
    (k,) = axes_of(axis, len(shape), where="repeat")
    size = _size_of(shape, k, where="repeat")
    if np.ndim(repeats):
        from chainrule.ops.indexing import take

        return take(x, np.repeat(np.arange(size), repeats), axis=k)
    spread_out = [None] * (k + 1) + [int(repeats)] + [None] * (len(shape) - k - 1)
    return reshape(
        broadcast_to(expand_dims(x, k + 1), spread_out), (*shape[:k], size * int(repeats), *shape[k + 1 :])
    )


def tile(x: Any, repeats: Any) -> Any:
    """`x` side by side with itself, `repeats[k]` times along axis k.

    Example:
        >>> tile(np.array([1.0, 2.0]), 2)
        array([1., 2., 1., 2.])
    """
    counts = (repeats,) if isinstance(repeats, (int, np.integer)) else tuple(repeats)
    shape = shape_of(x)
    counts = (1,) * (len(shape) - len(counts)) + counts
    for _ in range(len(counts) - len(shape)):
        x = expand_dims(x, 0)
    for k, count in enumerate(counts):
        if count != 1:
            shape = shape_of(x)
            size = _size_of(shape, k, where="tile")
            copies = broadcast_to(expand_dims(x, k), [None] * k + [int(count)] + [None] * (len(shape) - k))
            x = reshape(copies, (*shape[:k], size * int(count), *shape[k + 1 :]))
    return x


def _size_of(shape: Shape, axis: int, *, where: str) -> int:
    size = shape[axis]
    if size is None:
        raise ShapeError("the size of the batch is not known yet", where=where, got=f"{shape}, axis {axis}")
    return size


# Join.


def infer_concatenate(*xs: TensorSpec, axis: int) -> Specs:
    """(..., A, ...), (..., B, ...), ... -> (..., A + B + ..., ...)"""
    first = xs[0].shape
    same_rank = {len(x.shape) for x in xs} == {len(first)}
    sizes = [{x.shape[k] for x in xs} for k in range(len(first))] if same_rank else []
    if not same_rank or any(len(n - {None}) > 1 for k, n in enumerate(sizes) if k != axis):
        raise ShapeError(
            "the shapes do not fit together", where="concatenate",
            expected=f"equal sizes except on axis {axis}", got=" and ".join(str(x.shape) for x in xs),
        )  # fmt: skip
    known = [next(iter(n - {None}), None) for n in sizes]
    if len(xs) > 1:
        known[axis] = sum(_size_of(x.shape, axis, where="concatenate") for x in xs)
    return (xs[0].with_shape(*known),)


def forward_concatenate(*xs: np.ndarray, axis: int) -> Arrays:
    """y = the xs, one after another along the axis"""
    return (np.concatenate(xs, axis=axis),)


def vjp_concatenate(dy: np.ndarray, *, xs_shape: tuple[tuple[int, ...], ...], axis: int) -> Arrays:
    """dx = the part of dy that x became"""
    ends = np.cumsum([shape[axis] for shape in xs_shape])
    return tuple(np.split(dy, ends[:-1], axis=axis))


def _concatenate_example(axis: int, *shapes: tuple[int, ...]) -> Example:
    return Example(
        lambda rng: {f"xs{k}": spread(*shape)(rng) for k, shape in enumerate(shapes)},
        {"axis": axis},
        id=f"{axis}-{','.join('x'.join(map(str, s)) for s in shapes)}",
    )


_concatenate = Primitive(
    name="concatenate",
    inputs=("xs",),
    outputs=("y",),
    infer=infer_concatenate,
    forward=forward_concatenate,
    vjp=vjp_concatenate,
    shapes=("xs",),
    kernels_at="chainrule.kernels.shape:concatenate",
    variadic=True,
    promotes=True,
    examples=(
        _concatenate_example(1, (3, 4), (3, 2)),
        _concatenate_example(1, (2, 3, 2), (2, 1, 2), (2, 2, 2)),
        _concatenate_example(2, (2, 3, 1), (2, 3, 4)),
        _concatenate_example(1, (2, 3)),
    ),
    source=SHAPES,
)


def concatenate(xs: Any, axis: int = 0) -> Any:
    """Several arrays one after another along an axis.

    Args:
        xs: arrays or tensors, of equal sizes except on the axis.
        axis: the axis.

    Raises:
        ShapeError: other sizes differ.

    Example:
        >>> concatenate([np.array([1.0]), np.array([2.0, 3.0])])
        array([1., 2., 3.])
    """
    xs = list(xs)
    (k,) = axes_of(axis, len(shape_of(xs[0])), where="concatenate")
    return _concatenate(*xs, axis=k)


def stack(x: Any, axis: int = 0) -> Any:
    """Several arrays of one shape beside each other along a new axis.

    Args:
        x: arrays or tensors.
        axis: where the new axis goes.

    Example:
        >>> stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])], axis=1)
        array([[1., 3.],
               [2., 4.]])
    """
    return concatenate([expand_dims(part, axis) for part in x], axis=axis)


def hstack(xs: Any) -> Any:
    """Arrays one after another along the second axis; rows along their only one.

    Example:
        >>> hstack([np.array([1.0]), np.array([2.0])])
        array([1., 2.])
    """
    xs = [expand_dims(x, 0) if len(shape_of(x)) == 0 else x for x in xs]
    return concatenate(xs, axis=0 if len(shape_of(xs[0])) == 1 else 1)


def vstack(xs: Any) -> Any:
    """Arrays one below another: along the first axis, rows as matrices.

    Example:
        >>> vstack([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
        array([[1., 2.],
               [3., 4.]])
    """
    return concatenate([reshape(x, (1, -1)) if len(shape_of(x)) < 2 else x for x in xs], axis=0)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """`x2` after `x1` along the axis; None for all elements in one row.

    Example:
        >>> append(np.array([1.0]), np.array([2.0]))
        array([1., 2.])
    """
    return concatenate([ravel(x1), ravel(x2)] if axis is None else [x1, x2], axis=axis or 0)


# Pad.


def infer_pad(x: TensorSpec, *, pad_width: tuple[tuple[int, int], ...], value: float) -> Specs:
    """(A, ...) -> (before + A + after, ...)"""
    sizes = [
        n if pair == (0, 0) else _size_of(x.shape, k, where="pad") + sum(pair)
        for k, (n, pair) in enumerate(zip(x.shape, pad_width, strict=True))
    ]
    return (x.with_shape(*sizes),)


def forward_pad(x: np.ndarray, *, pad_width: tuple[tuple[int, int], ...], value: float) -> Arrays:
    """y = x, with the value around it"""
    return (np.pad(x, pad_width, constant_values=value),)


def vjp_pad(dy: np.ndarray, *, pad_width: tuple[tuple[int, int], ...], value: float) -> Arrays:
    """dx = the middle of dy"""
    return (dy[inner(dy.shape, pad_width)],)


def inner(shape: tuple[int, ...], pad_width: tuple[tuple[int, int], ...]) -> tuple[slice, ...]:
    """Where a padded array holds what was padded."""
    return tuple(slice(before, n - after) for n, (before, after) in zip(shape, pad_width, strict=True))


def _pad_example(shape: tuple[int, ...], *pad_width: tuple[int, int], value: float = 0.0) -> Example:
    return Example(
        lambda rng: {"x": spread(*shape)(rng)},
        {"pad_width": pad_width, "value": value},
        id=f"{shape}-{pad_width}",
    )


_pad = OfNumbers(
    name="pad",
    inputs=("x",),
    outputs=("y",),
    infer=infer_pad,
    forward=forward_pad,
    vjp=vjp_pad,
    kernels_at="chainrule.kernels.shape:pad",
    examples=(
        _pad_example((3, 4), (0, 0), (1, 2)),
        _pad_example((2, 3, 2), (0, 0), (0, 1), (2, 0), value=1.5),
        _pad_example((2, 2), (0, 0), (0, 0)),
    ),
    source="Dumoulin and Visin, A guide to convolution arithmetic (2016), arXiv:1603.07285, section 2.2",
)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """`x` with numbers around it.

    Args:
        x: array or tensor.
        pad_width: (before, after) for each axis, one pair for all, or one number for all.
        mode: "constant", "reflect" (mirrored at the last number) or "symmetric" (mirrored after it).
        constant_values: the number for "constant"; None for 0.

    Raises:
        ArgumentError: another mode.

    Example:
        >>> pad(np.array([1.0, 2.0]), ((1, 2),))
        array([0., 1., 2., 0., 0.])
    """
    shape = shape_of(x)
    pairs = tuple((int(a), int(b)) for a, b in np.broadcast_to(np.asarray(pad_width), (len(shape), 2)))
    if mode == "constant":
        return _pad(x, pad_width=pairs, value=float(constant_values or 0))
    if mode not in ("reflect", "symmetric"):
        ways = '"constant", "reflect" or "symmetric"'
        raise ArgumentError("no such way to pad", where="pad", expected=ways, got=repr(mode))
    from chainrule.ops.indexing import take

    for k, pair in enumerate(pairs):
        if pair != (0, 0):
            places = np.arange(_size_of(shape, k, where="pad"))
            x = take(x, np.pad(places, pair, mode=mode), axis=k)  # type: ignore[call-overload]
    return x
