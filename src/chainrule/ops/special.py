"""Functions that NumPy lacks, for arrays; and for single numbers, where a kernel is derived."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return np.asarray(_erf(x)).astype(np.asarray(x).dtype)


def erfc(x: np.ndarray) -> np.ndarray:
    """1 - erf(x), exact too where that difference is small."""
    return np.asarray(_erfc(x)).astype(np.asarray(x).dtype)


# How a kernel calls them on a number.
NUMBERS: dict[str, Callable[..., Any]] = {"erf": math.erf, "erfc": math.erfc}
