"""exp, expm1 and tanh of float32 in straight code, which a compiler runs in vector registers.

    e^x = 2^n e^r,   n = round(x / log 2),   r = x - n log 2,   |r| <= log(2) / 2

e^r is its Taylor polynomial of degree 7, whose remainder is below r^8 / 8! < 6e-9, a tenth
of the last bit.  log 2 is subtracted in two parts, the first with so few digits that its
product with n is exact (Cody and Waite 1980).  2^n is made of bits, as a product of two powers, so
that results below the normal range lose digits gradually, as they should.

Of float64 the functions are the library's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload

from chainrule.kernels.compile import EXACT

OPTIONS: dict[str, Any] = {"forceinline": True, "nogil": True, "error_model": "numpy", "fastmath": EXACT}
inlined = numba.njit(**OPTIONS)

_LOWEST, _HIGHEST = np.float32(-104.0), np.float32(89.0)  # beyond: 0 and infinity
_PER_LOG2 = np.float32(1.4426950408889634)
_LOG2_HIGH = np.float32(0.693359375)  # 9 binary digits
_LOG2_LOW = np.float32(-2.12194440054690583e-4)
_ROUND = np.float32(1.5 * 2**23)  # added and subtracted again, it rounds to a whole number
_BIAS, _DIGITS = np.int32(127), np.int32(23)
_C2, _C3, _C4, _C5, _C6, _C7 = (np.float32(1 / k) for k in (2, 6, 24, 120, 720, 5040))
_C8 = np.float32(1 / 40320)
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)


@inlined
def exp32(x):  # type: ignore[no-untyped-def]
    """e^x of a float32, within 2 units in the last place."""
    z = _LOWEST if x < _LOWEST else x
    z = _HIGHEST if z > _HIGHEST else z  # NaN passes both
    whole = (z * _PER_LOG2 + _ROUND) - _ROUND
    r = (z - whole * _LOG2_HIGH) - whole * _LOG2_LOW
    p = _ONE + r * (_ONE + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * (_C6 + r * _C7))))))
    n = np.int32(whole)
    half = n >> np.int32(1)
    first = np.int32((half + _BIAS) << _DIGITS).view(np.float32)
    second = np.int32((n - half + _BIAS) << _DIGITS).view(np.float32)
    return p * first * second


@inlined
def expm1_32(x):  # type: ignore[no-untyped-def]
    """e^x - 1 of a float32, within 2 units in the last place: the Taylor polynomial where |x| < 1/2."""
    near = x * (
        _ONE + x * (_C2 + x * (_C3 + x * (_C4 + x * (_C5 + x * (_C6 + x * (_C7 + x * _C8))))))
    )
    far = exp32(x) - _ONE
    return near if abs(x) < _HALF else far


@inlined
def tanh32(x):  # type: ignore[no-untyped-def]
    """tanh of a float32, within 3 units in the last place.

    The seventh convergent of Lambert's continued fraction where |x| < 1, else 1 - 2 / (e^(2|x|) + 1).
    """
    s = x * x
    top = x * (np.float32(135135) + s * (np.float32(17325) + s * (np.float32(378) + s)))
    bottom = np.float32(135135) + s * (np.float32(62370) + s * (np.float32(3150) + s * np.float32(28)))
    t = abs(x)
    far = _ONE - _TWO / (exp32(_TWO * t) + _ONE)
    far = -far if x < 0 else far
    return top / bottom if t < _ONE else far


def exp(x: Any) -> Any:
    """e^x of a number in a kernel."""
    return np.exp(x)


def expm1(x: Any) -> Any:
    """e^x - 1 of a number in a kernel."""
    return np.expm1(x)


def tanh(x: Any) -> Any:
    """tanh(x) of a number in a kernel."""
    return np.tanh(x)


def _choose(function: Any, fast: Any, library: Any) -> None:
    @overload(function, jit_options=OPTIONS, strict=False)
    def implementation(x):  # type: ignore[no-untyped-def]
        chosen = fast if x == types.float32 else library
        return lambda x: chosen(x)


_choose(exp, exp32, np.exp)
_choose(expm1, expm1_32, np.expm1)
_choose(tanh, tanh32, np.tanh)

# What a derived kernel calls for NumPy's functions.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {"np.exp": exp, "np.expm1": expm1, "np.tanh": tanh}
