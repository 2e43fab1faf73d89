"""Indexing: parts of an array, and elements by their places."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, DTypeError, ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.ops.casting import cast
from chainrule.ops.comparison import equal, where
from chainrule.ops.elementwise import OfNumbers, spread
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs, as_array, is_symbolic
from chainrule.ops.shape import axes_of, broadcast_to, concatenate, expand_dims, reshape, shape_of
from chainrule.spec import TensorSpec

PLACES = "Harris et al. (2020), Array programming with NumPy, Nature 585, figure 1"
Index = tuple[int | slice | None, ...]

# Parts: whole numbers, slices and new axes.


def full_index(key: Any, rank: int) -> Index:
    """`key` as a tuple with one entry for each axis, and None for each new one."""
    entries = list(key) if isinstance(key, tuple) else [key]
    axes = len([e for e in entries if e is not None and e is not Ellipsis])
    dots = [k for k, e in enumerate(entries) if e is Ellipsis]
    if len(dots) > 1 or axes > rank:
        raise ShapeError("too many indices", where="get_item", expected=f"at most {rank}", got=key)
    place = dots[0] if dots else len(entries)
    entries[place : place + 1] = [slice(None)] * (rank - axes)
    return tuple(e if e is None or isinstance(e, slice) else int(e) for e in entries)


def infer_get_item(x: TensorSpec, *, index: Index) -> Specs:
    """(A, B, ...) -> what each entry leaves of its axis"""
    sizes: list[int | None] = []
    axes = iter(x.shape)
    for entry in index:
        n = 1 if entry is None else next(axes)
        if entry is None:
            sizes.append(1)
        elif isinstance(entry, int):
            if n is not None and not -n <= entry < n:
                raise ShapeError("no such index", where="get_item", expected=f"{-n} to {n - 1}", got=entry)
        elif n is not None:
            sizes.append(len(range(*entry.indices(n))))
        elif entry.start is None and entry.stop is None and entry.step in (None, 1, -1):
            sizes.append(None)
        else:
            raise ShapeError(
                "the size of a part of the batch is not known yet", where="get_item",
                expected=":", got=entry, hint="cut the data before it enters the model",
            )  # fmt: skip
    return (x.with_shape(*sizes),)


def forward_get_item(x: np.ndarray, *, index: Index) -> Arrays:
    """y = x[index]"""
    return (np.asarray(x[index]),)


def vjp_get_item(dy: np.ndarray, *, x_shape: tuple[int, ...], index: Index) -> Arrays:
    """dx = dy at the index, else 0"""
    dx = np.zeros(x_shape, dy.dtype)
    dx[index] = dy
    return (dx,)


def _get_example(shape: tuple[int, ...], *index: Any) -> Example:
    def text(e: Any) -> str:
        if not isinstance(e, slice):
            return str(e)
        return ":".join("" if v is None else str(v) for v in (e.start, e.stop, e.step))

    return Example(
        lambda rng: {"x": spread(*shape)(rng)}, {"index": index}, id=f"{shape}[{','.join(map(text, index))}]"
    )


_get_item = OfNumbers(
    name="get_item",
    inputs=("x",),
    outputs=("y",),
    infer=infer_get_item,
    forward=forward_get_item,
    vjp=vjp_get_item,
    shapes=("x",),
    kernels_at="chainrule.kernels.indexing:get_item",
    examples=(
        _get_example((3, 4), slice(None), 0),
        _get_example((3, 4), slice(None), None, slice(None, None, -2)),
        _get_example((2, 3, 4), slice(None, None, -1), -1, slice(1, 3)),
        _get_example((3, 4), 1, slice(4, None)),
        _get_example((3, 2), 0, 1),
    ),
    source=PLACES,
)


def get_item(x: Any, key: Any) -> Any:
    """What `x[key]` means: whole numbers, slices with steps, None for a new axis, and `...`.

    An array or tensor of whole numbers may stand alone, or with `:` and `...` around it.

    Args:
        x: array or tensor.
        key: the index.

    Raises:
        ShapeError: an index that is not there, or a part of the batch, whose size is not known yet.
        DTypeError: an index of another kind.

    Example:
        >>> get_item(np.array([[1.0, 2.0], [3.0, 4.0]]), (slice(None), 0))
        array([1., 3.])
    """
    entries = key if isinstance(key, tuple) else (key,)
    lists = [e for e in entries if isinstance(e, (list, np.ndarray, Tensor)) and len(shape_of(e)) > 0]
    rank = len(shape_of(x))
    if not lists:
        entries = tuple(as_array(e) if isinstance(e, Tensor) and not is_symbolic(e) else e for e in entries)
        wrong = [e for e in entries if not (e in (None, Ellipsis) or isinstance(e, slice) or _is_whole(e))]
        if wrong:
            raise DTypeError(
                "that is no index", where="get_item", expected="a whole number, a slice, None or ...",
                got=wrong[0], hint="elements by truth values: ops.where; by computed places: ops.take",
            )  # fmt: skip
        return _get_item(x, index=full_index(entries, rank))
    if len(lists) > 1 or _is_truth(lists[0]):
        raise DTypeError(
            "elements are taken by one array of whole numbers", where="get_item", got=key,
            hint="ops.where chooses by truth values, ops.take_along_axis by places in each row",
        )  # fmt: skip
    marks = tuple(0 if e is lists[0] else e for e in entries)
    index = full_index(marks, rank)
    axis = sum(e is not None for e in index[: _place(entries, lists[0], rank)])
    if any(not (isinstance(e, slice) and e == slice(None)) for k, e in enumerate(index) if k != axis):
        raise DTypeError(
            "beside an array of places only `:` and `...` can stand", where="get_item", got=key,
            hint="index twice: x[:, 0][places]",
        )  # fmt: skip
    return take(x, lists[0], axis=axis)


def _is_whole(entry: Any) -> bool:
    dtype = np.asarray(entry).dtype if not isinstance(entry, Tensor) else np.dtype(float)
    return dtype.kind in "iu" and np.ndim(entry) == 0


def _is_truth(entry: Any) -> bool:
    return (entry.dtype if hasattr(entry, "dtype") else np.asarray(entry).dtype) == "bool"


def _place(entries: tuple[Any, ...], chosen: Any, rank: int) -> int:
    """Where in the full index the array stands."""
    before = next(k for k, e in enumerate(entries) if e is chosen)
    dots = [k for k, e in enumerate(entries) if e is Ellipsis]
    axes = len([e for e in entries if e is not None and e is not Ellipsis])
    return before + (rank - axes - 1 if dots and dots[0] < before else 0)


# Elements by their places along one axis.


def infer_take(x: TensorSpec, indices: TensorSpec, *, axis: int) -> Specs:
    """(A, K, B), (I...) -> (A, I..., B)"""
    return (x.with_shape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]),)


def forward_take(x: np.ndarray, indices: np.ndarray, *, axis: int) -> Arrays:
    """y[a, i, b] = x[a, indices[i], b]"""
    return (np.take(x, indices, axis=axis),)


def vjp_take(
    dy: np.ndarray, *, indices: np.ndarray, x_shape: tuple[int, ...], axis: int
) -> tuple[np.ndarray | None, ...]:
    """dx[a, k, b] = sum of dy[a, i, b] over the i with indices[i] = k"""
    dx = np.zeros(x_shape, dy.dtype)
    places = np.moveaxis(dx, axis, 0)
    taken = tuple(range(axis, axis + indices.ndim))
    np.add.at(places, indices, np.moveaxis(dy, taken, tuple(range(indices.ndim))))
    return dx, None


def _take_example(shape: tuple[int, ...], indices: tuple[int, ...], axis: int) -> Example:
    return Example(
        lambda rng: {"x": spread(*shape)(rng), "indices": rng.integers(-shape[axis], shape[axis], indices)},
        {"axis": axis},
        id=f"{shape}-{indices}-{axis}",
    )


_take = Primitive(
    name="take",
    inputs=("x", "indices"),
    outputs=("y",),
    infer=infer_take,
    forward=forward_take,
    vjp=vjp_take,
    saves=("indices",),
    shapes=("x",),
    kernels_at="chainrule.kernels.indexing:take",
    examples=(
        _take_example((5, 3), (4,), 0),
        _take_example((2, 5, 3), (2, 3), 1),
        _take_example((2, 3), (), 1),
        _take_example((6,), (9,), 0),
    ),
    source=PLACES,
)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements of `x` at some places along an axis; negative places count from the end.

    Args:
        x: array or tensor.
        indices: places, of any shape.
        axis: the axis; None for places among all elements in order.

    Raises:
        DTypeError: places that are not whole numbers.

    Example:
        >>> take(np.array([10.0, 20.0, 30.0]), [2, 0])
        array([30., 10.])
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    (k,) = axes_of(axis, len(shape_of(x)), where="take")
    return _take(x, whole_numbers(indices, where="take"), axis=k)


def whole_numbers(indices: Any, *, where: str) -> Any:
    """`indices`, made sure to be whole numbers."""
    if not isinstance(indices, Tensor):
        indices = np.asarray(indices)
    if np.dtype(indices.dtype).kind not in "iu":
        raise DTypeError("places are whole numbers", where=where, expected="integers", got=str(indices.dtype))
    return indices


def infer_along(x: TensorSpec, indices: TensorSpec, *, axis: int) -> Specs:
    """(A, K, B), (A, I, B) -> (A, I, B)"""
    if len(x.shape) != len(indices.shape) or any(
        m != n for k, (m, n) in enumerate(zip(x.shape, indices.shape, strict=True)) if k != axis
    ):
        raise ShapeError(
            "the places do not fit the array", where="take_along_axis",
            expected=f"{x.shape} except on axis {axis}", got=indices.shape,
        )  # fmt: skip
    return (x.with_shape(*indices.shape),)


def forward_along(x: np.ndarray, indices: np.ndarray, *, axis: int) -> Arrays:
    """y[a, i, b] = x[a, indices[a, i, b], b]"""
    return (np.take_along_axis(x, indices, axis=axis),)


def vjp_along(
    dy: np.ndarray, *, indices: np.ndarray, x_shape: tuple[int, ...], axis: int
) -> tuple[np.ndarray | None, ...]:
    """dx[a, k, b] = sum of dy[a, i, b] over the i with indices[a, i, b] = k"""
    dx = np.zeros(x_shape, dy.dtype)
    places: list[np.ndarray] = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    np.add.at(dx, tuple(places), dy)
    return dx, None


def _along_example(shape: tuple[int, ...], count: int, axis: int) -> Example:
    indices = (*shape[:axis], count, *shape[axis + 1 :])
    return Example(
        lambda rng: {"x": spread(*shape)(rng), "indices": rng.integers(-shape[axis], shape[axis], indices)},
        {"axis": axis},
        id=f"{shape}-{count}-{axis}",
    )


_take_along_axis = Primitive(
    name="take_along_axis",
    inputs=("x", "indices"),
    outputs=("y",),
    infer=infer_along,
    forward=forward_along,
    vjp=vjp_along,
    saves=("indices",),
    shapes=("x",),
    kernels_at="chainrule.kernels.indexing:take_along_axis",
    examples=(_along_example((4, 3), 2, 1), _along_example((2, 5, 3), 7, 1), _along_example((4,), 4, 0)),
    source=PLACES,
)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """For each row along an axis, its elements at the places that the same row of `indices` names.

    Args:
        x: array or tensor.
        indices: places, of the shape of `x` except on the axis (an axis of size 1 is repeated).
        axis: the axis; None for places among all elements in order.

    Raises:
        ShapeError: the shapes do not fit.
        DTypeError: places that are not whole numbers.

    Example:
        >>> take_along_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1)
        array([[2.],
               [3.]])
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    shape = shape_of(x)
    (k,) = axes_of(axis, len(shape), where="take_along_axis")
    indices = whole_numbers(indices, where="take_along_axis")
    if any(n == 1 and m != 1 for j, (m, n) in enumerate(zip(shape, indices.shape, strict=False)) if j != k):
        indices = broadcast_to(indices, tuple(None if j == k else m for j, m in enumerate(shape)))
    return _take_along_axis(x, indices, axis=k)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 at the place that each whole number names, else 0; a row of zeros where there is no such place.

    Args:
        x: whole numbers.
        num_classes: number of places.
        axis: where the new axis goes.
        dtype: dtype of the result; None for the float type.
        sparse: only False.

    Raises:
        ArgumentError: a sparse result is asked for.

    Example:
        >>> one_hot(np.array([2, 0]), 3)
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    if sparse:
        raise ArgumentError("no tensor is sparse here", where="one_hot", expected="sparse=False", got=True)
    x = whole_numbers(x, where="one_hot")
    rank = len(shape_of(x)) + 1
    (k,) = axes_of(axis, rank, where="one_hot")
    along = [num_classes if j == k else 1 for j in range(rank)]
    places = np.arange(num_classes, dtype=x.dtype).reshape(along)
    return cast(equal(expand_dims(x, k), places), dtype or floatx())


# Cutting, turning and shifting.


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`x` in parts along an axis.

    Args:
        x: array or tensor.
        indices_or_sections: how many equal parts, or where to cut.
        axis: the axis.

    Raises:
        ShapeError: the axis does not divide into so many equal parts.

    Example:
        >>> split(np.array([1.0, 2.0, 3.0, 4.0]), 2)
        [array([1., 2.]), array([3., 4.])]
    """
    shape = shape_of(x)
    (k,) = axes_of(axis, len(shape), where="split")
    size = shape[k]
    if isinstance(indices_or_sections, (int, np.integer)):
        if size is None or size % indices_or_sections:
            wanted = f"a multiple of {indices_or_sections}"
            raise ShapeError("no equal parts", where="split", expected=wanted, got=size)
        step = size // int(indices_or_sections)
        cuts = list(range(step, size, step)) if step else [0] * (int(indices_or_sections) - 1)
    else:
        cuts = [int(c) for c in indices_or_sections]
    ends = zip([None, *cuts], [*cuts, None], strict=True)
    return [get_item(x, (*[slice(None)] * k, slice(start, stop))) for start, stop in ends]


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts of `x` along an axis, without it.

    Args:
        x: array or tensor.
        num: how many there are, where the shape does not tell.
        axis: the axis.

    Raises:
        ShapeError: the number is not known.

    Example:
        >>> unstack(np.array([[1.0, 2.0], [3.0, 4.0]]))
        [array([1., 2.]), array([3., 4.])]
    """
    shape = shape_of(x)
    (k,) = axes_of(axis, len(shape), where="unstack")
    count = shape[k] if num is None else num
    if count is None:
        got = f"{shape}, axis {axis}"
        raise ShapeError("the number of parts is not known", where="unstack", got=got, hint="say num=")
    return [get_item(x, (*[slice(None)] * k, i)) for i in range(count)]


def flip(x: Any, axis: Any = None) -> Any:
    """`x` with the elements along the axes in reverse order.

    Example:
        >>> flip(np.array([1.0, 2.0, 3.0]))
        array([3., 2., 1.])
    """
    rank = len(shape_of(x))
    turned = axes_of(axis, rank, where="flip")
    return get_item(x, tuple(slice(None, None, -1 if k in turned else None) for k in range(rank)))


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """`x` shifted along the axes; what leaves at one end enters at the other.

    Args:
        x: array or tensor.
        shift: how far; one number, or one for each axis.
        axis: axis or axes; None for all elements in order.

    Example:
        >>> roll(np.array([1.0, 2.0, 3.0]), 1)
        array([3., 1., 2.])
    """
    shape = shape_of(x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, 0), shape)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for s, a in zip(np.broadcast_to(shift, len(axes)), axes, strict=True):
        (k,) = axes_of(a, len(shape), where="roll")
        size = shape[k]
        if size is None:
            raise ShapeError("the size of the batch is not known yet", where="roll", got=f"{shape}, axis {a}")
        cut = -int(s) % size if size else 0
        if cut:
            x = concatenate(reversed(split(x, [cut], axis=k)), axis=k)
    return x


# Diagonals and triangles of matrices.


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements x[i, i + offset] of the matrices in two axes, as a last axis.

    Example:
        >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
        array([1., 4.])
    """
    from chainrule.ops.shape import moveaxis

    x = moveaxis(x, (axis1, axis2), (-2, -1))
    shape = shape_of(x)
    rows, columns = shape[-2], shape[-1]
    if rows is None or columns is None:
        raise ShapeError("the size of the batch is not known yet", where="diagonal", got=shape)
    places = np.ravel_multi_index(np.nonzero(np.eye(rows, columns, offset)), (rows, columns))
    return take(reshape(x, (*shape[:-2], rows * columns)), places, axis=-1)


def diag(x: Any, k: int = 0) -> Any:
    """The diagonal of a matrix; of a row, the matrix that has it as its diagonal.

    Example:
        >>> diag(np.array([1.0, 2.0]))
        array([[1., 0.],
               [0., 2.]])
    """
    shape = shape_of(x)
    if len(shape) == 2:
        return diagonal(x, k)
    size = (shape[0] or 0) + abs(k)
    row = np.clip(np.arange(size) - max(-k, 0), 0, max((shape[0] or 0) - 1, 0))
    return where(np.eye(size, k=k, dtype=bool), expand_dims(take(x, row, axis=0), 1), 0.0)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the diagonal of the matrices in two axes.

    Example:
        >>> trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
        array(5.)
    """
    from chainrule.ops.reduce import sum

    return sum(diagonal(x, offset, axis1, axis2), axis=-1)


def tril(x: Any, k: int = 0) -> Any:
    """Matrices with zeros above diagonal `k`.

    Example:
        >>> tril(np.ones((2, 2)))
        array([[1., 0.],
               [1., 1.]])
    """
    return where(np.tri(*_matrix(x, where="tril"), k, dtype=bool), x, 0)


def triu(x: Any, k: int = 0) -> Any:
    """Matrices with zeros below diagonal `k`.

    Example:
        >>> triu(np.ones((2, 2)))
        array([[1., 1.],
               [0., 1.]])
    """
    return where(np.tri(*_matrix(x, where="triu"), k - 1, dtype=bool), 0, x)


def _matrix(x: Any, *, where: str) -> tuple[int, int]:
    rows, columns = shape_of(x)[-2:]
    if rows is None or columns is None:
        raise ShapeError("the size of the batch is not known yet", where=where, got=shape_of(x))
    return rows, columns
