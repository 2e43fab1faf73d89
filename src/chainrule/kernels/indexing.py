"""Indexing, fast.  A place outside the axis is an error here too, found before anything is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.kernels.calls import once
from chainrule.kernels.compile import compiled
from chainrule.kernels.shape import copies


def get_forward(y: np.ndarray, x: np.ndarray, *, index: Any) -> Call:
    return copies([(y, x[index])])


def get_vjp(dx: np.ndarray | None, dy: np.ndarray, *, x_shape: Any, index: Any) -> Call:
    if dx is None:
        return copies([])
    if all(isinstance(entry, int) for entry in index):  # an element is no view, a row of one is
        index, dy = (*index[:-1], slice(index[-1], index[-1] + 1 or None)), dy.reshape(1)
    return copies([(dx, 0), (dx[index], dy)])


get_item = Kernels(get_forward, get_vjp)


@compiled(cached=False)
def _place(index, size):  # type: ignore[no-untyped-def]
    if index < -size or index >= size:
        raise IndexError("a place to take from lies outside the axis")
    return index + size if index < 0 else index


@compiled(cached=False)
def take_numbers(y, x, indices):  # type: ignore[no-untyped-def]
    for a in range(x.shape[0]):
        for i in range(indices.size):
            y[a, i, :] = x[a, _place(indices[i], x.shape[1]), :]


@compiled(cached=False)
def put_numbers(dx, dy, indices):  # type: ignore[no-untyped-def]
    dx[:] = 0
    for a in range(dx.shape[0]):
        for i in range(indices.size):
            dx[a, _place(indices[i], dx.shape[1]), :] += dy[a, i, :]


def blocks(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """The sizes before, on and after an axis."""
    before, after = 1, 1
    for n in shape[:axis]:
        before *= n
    for n in shape[axis + 1 :]:
        after *= n
    return before, shape[axis], after


_take, _put = once(take_numbers), once(put_numbers)


def take_forward(y: np.ndarray, x: np.ndarray, indices: np.ndarray, *, axis: int) -> Call:
    a, k, b = blocks(x.shape, axis)
    return _take(y.reshape(a, indices.size, b), x.reshape(a, k, b), indices.reshape(-1))


def take_vjp(
    dx: np.ndarray | None, dindices: None, dy: np.ndarray, indices: np.ndarray, *, x_shape: Any, axis: int
) -> Call:
    if dx is None:
        return copies([])
    a, k, b = blocks(dx.shape, axis)
    return _put(dx.reshape(a, k, b), dy.reshape(a, indices.size, b), indices.reshape(-1))


take = Kernels(take_forward, take_vjp)


@compiled(cached=False)
def take_along_numbers(y, x, indices):  # type: ignore[no-untyped-def]
    for a in range(y.shape[0]):
        for i in range(y.shape[1]):
            for b in range(y.shape[2]):
                y[a, i, b] = x[a, _place(indices[a, i, b], x.shape[1]), b]


@compiled(cached=False)
def put_along_numbers(dx, dy, indices):  # type: ignore[no-untyped-def]
    dx[:] = 0
    for a in range(dy.shape[0]):
        for i in range(dy.shape[1]):
            for b in range(dy.shape[2]):
                dx[a, _place(indices[a, i, b], dx.shape[1]), b] += dy[a, i, b]


_take_along, _put_along = once(take_along_numbers), once(put_along_numbers)


def along_forward(y: np.ndarray, x: np.ndarray, indices: np.ndarray, *, axis: int) -> Call:
    three, shape = blocks(y.shape, axis), blocks(x.shape, axis)
    return _take_along(y.reshape(three), x.reshape(shape), indices.reshape(three))


def along_vjp(
    dx: np.ndarray | None, dindices: None, dy: np.ndarray, indices: np.ndarray, *, x_shape: Any, axis: int
) -> Call:
    if dx is None:
        return copies([])
    three = blocks(dy.shape, axis)
    return _put_along(dx.reshape(blocks(dx.shape, axis)), dy.reshape(three), indices.reshape(three))


take_along_axis = Kernels(along_forward, along_vjp)
