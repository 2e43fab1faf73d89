"""Products of matrices, and sums of products in general."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.arithmetic import multiply
from chainrule.ops.elementwise import OfNumbers, broadcast_shapes, spread, unbroadcast
from chainrule.ops.primitive import Arrays, Example, Specs
from chainrule.ops.reduce import sum as sum_over
from chainrule.ops.shape import expand_dims, reshape, shape_of, squeeze, transpose
from chainrule.spec import TensorSpec


def infer(x1: TensorSpec, x2: TensorSpec) -> Specs:
    """(..., N, K), (..., K, M) -> (..., N, M)"""
    if len(x1.shape) < 2 or len(x2.shape) < 2 or None in x1.shape[-1:] or x1.shape[-1] != x2.shape[-2]:
        raise ShapeError(
            "the shapes do not fit", where="matmul", expected="(..., N, K) and (..., K, M)",
            got=f"{x1.shape} and {x2.shape}",
        )  # fmt: skip
    leading = broadcast_shapes(x1.shape[:-2], x2.shape[:-2], where="matmul")
    return (TensorSpec((*leading, x1.shape[-2], x2.shape[-1]), np.result_type(x1.dtype, x2.dtype)),)


def forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y[n, m] = sum_k x1[n, k] x2[k, m], for each of the leading indices"""
    return (x1 @ x2,)


def vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """dx1 = dy x2',  dx2 = x1' dy,  summed over the leading axes along which each was repeated"""
    return unbroadcast(dy @ x2.swapaxes(-1, -2), x1.shape), unbroadcast(x1.swapaxes(-1, -2) @ dy, x2.shape)


def flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """A multiplication and an addition for each term."""
    return 2 * outputs[0].size * (inputs[0].shape[-1] or 0)


def _example(x1: tuple[int, ...], x2: tuple[int, ...]) -> Example:
    return Example(
        lambda rng: {"x1": spread(*x1)(rng), "x2": spread(*x2)(rng)},
        id=f"{'x'.join(map(str, x1))},{'x'.join(map(str, x2))}",
    )


product = OfNumbers(
    name="matmul",
    inputs=("x1", "x2"),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    saves=("x1", "x2"),
    kernels_at="chainrule.kernels.linear_algebra:matmul",
    flops=flops,
    promotes=True,
    examples=(
        _example((3, 4), (4, 5)),
        _example((2, 3, 4), (2, 4, 2)),
        _example((2, 3, 4), (4, 5)),
        _example((3, 4), (2, 4, 2)),
        _example((2, 1, 3, 2), (3, 2, 2)),
        _example((70, 80), (80, 90)),  # large enough to be cut into pieces
    ),
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 2.2",
)


def matmul(x1: Any, x2: Any) -> Any:
    """The product of matrices in the last two axes; a vector is a row on the left, a column on the right.

    Args:
        x1: array or tensor.
        x2: array or tensor.

    Shapes:
        x1: (..., N, K) or (K,).
        x2: (..., K, M) or (K,).
        result: (..., N, M), without N or M where there was a vector.

    Raises:
        ShapeError: the sizes do not fit.

    Example:
        >>> matmul(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
        array([3., 7.])
    """
    row, column = len(shape_of(x1)) == 1, len(shape_of(x2)) == 1
    y = product(expand_dims(x1, 0) if row else x1, expand_dims(x2, 1) if column else x2)
    y = squeeze(y, -1) if column else y
    return squeeze(y, -1 if column else -2) if row else y


def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of `x1` and the last but one of `x2` (a vector's only one).

    Example:
        >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        array(11.)
    """
    rank_1, rank_2 = len(shape_of(x1)), len(shape_of(x2))
    if rank_1 == 0 or rank_2 == 0:
        return multiply(x1, x2)
    if rank_1 <= 2 or rank_2 <= 2:
        return matmul(x1, x2) if rank_2 <= 2 else tensordot(x1, x2, ([-1], [-2]))
    return tensordot(x1, x2, ([-1], [-2]))


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of products of all elements in order.

    Example:
        >>> vdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        array(11.)
    """
    return dot(reshape(x1, (-1,)), reshape(x2, (-1,)))


def outer(x1: Any, x2: Any) -> Any:
    """The products of each element of `x1` with each of `x2`.

    Example:
        >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        array([[3., 4.],
               [6., 8.]])
    """
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over some axes of both; the other axes follow, those of `x1` first.

    Args:
        x1: array or tensor.
        x2: array or tensor.
        axes: how many of the last axes of `x1` meet the first of `x2`; or two lists of axes that meet.

    Raises:
        ShapeError: axes that meet differ in size.

    Example:
        >>> tensordot(np.ones((2, 3)), np.ones((3, 4)), 1)
        array([[3., 3., 3., 3.],
               [3., 3., 3., 3.]])
    """
    shape_1, shape_2 = shape_of(x1), shape_of(x2)
    if isinstance(axes, (int, np.integer)):
        met_1, met_2 = list(range(len(shape_1) - axes, len(shape_1))), list(range(axes))
    else:
        met_1, met_2 = ([a] if isinstance(a, int) else list(a) for a in axes)
    met_1, met_2 = [a % len(shape_1) for a in met_1], [a % len(shape_2) for a in met_2]
    if [shape_1[a] for a in met_1] != [shape_2[a] for a in met_2]:
        got = f"{shape_1} and {shape_2}, axes {axes}"
        raise ShapeError("axes that meet differ in size", where="tensordot", got=got)
    free_1 = [k for k in range(len(shape_1)) if k not in met_1]
    free_2 = [k for k in range(len(shape_2)) if k not in met_2]
    terms = math.prod(shape_1[a] or 0 for a in met_1)
    rows = reshape(transpose(x1, free_1 + met_1), (*(shape_1[k] for k in free_1), terms))
    columns = reshape(transpose(x2, met_2 + free_2), (terms, -1 if free_2 else 1))
    y = matmul(rows, columns) if free_1 else squeeze(matmul(expand_dims(rows, 0), columns), 0)
    return reshape(y, tuple(shape_1[k] for k in free_1) + tuple(shape_2[k] for k in free_2))


# Sums of products, written with letters.


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Einstein's sum: multiply elements with equal letters, sum over the letters that the result lacks.

    Args:
        subscripts: such as "ij,jk->ik"; `...` for leading axes that all have.
        *operands: arrays or tensors.
        **kwargs: NumPy's options of how to compute, which do not matter here.

    Raises:
        ArgumentError: letters that do not fit, or one twice in an operand.

    Example:
        >>> einsum("ij,j->i", np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
        array([3., 7.])
    """
    terms, result = _letters(subscripts, [len(shape_of(x)) for x in operands])
    x, letters = operands[0], terms[0]
    for k, other in enumerate(terms[1:], start=1):
        later = set(result).union(*terms[k + 1 :])
        x, letters = _contract(x, letters, operands[k], other, later)
    x, letters = _sum_out(x, letters, set(result))
    return transpose(x, [letters.index(c) for c in result]) if letters != result else x


def _letters(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with capitals for what `...` stands for."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    if len(terms) == len(ranks):
        given = [len(t.replace("...", "")) for t in terms]
        hidden = [r - n if "..." in t else 0 for t, r, n in zip(terms, ranks, given, strict=True)]
        names = "".join(spare[: max(0, *hidden)]) if hidden else ""
        terms = [t.replace("...", names[len(names) - h :]) for t, h in zip(terms, hidden, strict=True)]
        if not arrow:
            once = sorted(c for c in set("".join(terms)) - set(names) if "".join(terms).count(c) == 1)
            right = names + "".join(once)
        right = right.replace("...", names)
        fits = [len(set(t)) == len(t) == rank for t, rank in zip(terms, ranks, strict=True)]
        if all(fits) and set(right) <= set("".join(terms)) and len(set(right)) == len(right):
            return terms, right
    raise ArgumentError(
        "the letters do not fit the operands", where="einsum", got=f"{subscripts!r} for ranks {ranks}",
        expected="a letter for each axis, none twice in one operand, and those of the result among them",
    )  # fmt: skip


def _sum_out(x: Any, letters: str, kept: set[str]) -> tuple[Any, str]:
    gone = tuple(k for k, c in enumerate(letters) if c not in kept)
    return (sum_over(x, axis=gone), "".join(c for c in letters if c in kept)) if gone else (x, letters)


def _contract(x1: Any, one: str, x2: Any, two: str, later: set[str]) -> tuple[Any, str]:
    """One matrix product: shared letters that stay lead, those that go are summed."""
    x1, one = _sum_out(x1, one, later | set(two))
    x2, two = _sum_out(x2, two, later | set(one))
    shared = [c for c in one if c in two and c in later]
    met = [c for c in one if c in two and c not in later]
    free_1, free_2 = [c for c in one if c not in two], [c for c in two if c not in one]
    size_1, size_2 = dict(zip(one, shape_of(x1), strict=True)), dict(zip(two, shape_of(x2), strict=True))
    differ = [c for c in met + shared if len({size_1[c], size_2[c]} - {1 if c in shared else None, None}) > 1]
    if differ:
        got = f"{size_1} and {size_2}"
        raise ShapeError("axes with the same letter differ in size", where="einsum", expected=differ, got=got)
    terms = math.prod(size_1[c] or 0 for c in met)
    columns = math.prod(size_2[c] or 0 for c in free_2)
    x1 = transpose(x1, [one.index(c) for c in shared + free_1 + met])
    x2 = transpose(x2, [two.index(c) for c in shared + met + free_2])
    # Without shared letters x2 is one matrix, and the free letters of x1, perhaps the batch, stay axes.
    free = [size_1[c] for c in free_1]
    rows: list[int | None] = [math.prod(n or 0 for n in free)] if shared else list(free)
    alone = not shared and not rows
    x1 = reshape(x1, (*(size_1[c] for c in shared), *([1] if alone else rows), terms))
    x2 = reshape(x2, (*(size_2[c] for c in shared), terms, columns))
    y = matmul(x1, x2)
    leading = [size_1[c] if size_1[c] != 1 else size_2[c] for c in shared]
    y = reshape(y, (*leading, *(size_1[c] for c in free_1), *(size_2[c] for c in free_2)))
    return y, "".join(shared + free_1 + free_2)
