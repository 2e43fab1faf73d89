"""Casting, fast: one copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels


def _copy(target: np.ndarray, source: np.ndarray) -> None:
    target[...] = source


def forward(y: np.ndarray, x: np.ndarray, **attrs: Any) -> Call:
    return Call(_copy, (y, x))


def vjp(dx: np.ndarray | None, dy: np.ndarray, **attrs: Any) -> Call:
    return NO_CALL if dx is None else Call(_copy, (dx, dy))


cast = Kernels(forward, vjp)
copy = Kernels(forward)


def fill_forward(y: np.ndarray, x: np.ndarray, *, value: float, dtype: str) -> Call:
    return Call(_copy, (y, y.dtype.type(value)))


fill = Kernels(fill_forward)
