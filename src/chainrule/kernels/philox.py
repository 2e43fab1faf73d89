"""Philox and normal numbers inside kernels: the same words as `ops/philox.py`."""

from __future__ import annotations

import numba
import numpy as np

from chainrule.kernels.compile import EXACT, compiled
from chainrule.ops.philox import GROUP, LANE, MIDDLE, MULTIPLIERS, TAIL, WEYL, polynomial

_M0, _M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
_W0, _W1 = np.uint32(WEYL[0]), np.uint32(WEYL[1])
_HALF = np.uint64(32)
_polynomial = compiled(polynomial, cached=False)

# A loop runs for several blocks at once only if it contains no call.
_inlined = numba.njit(forceinline=True, nogil=True, error_model="numpy", fastmath=EXACT)


@_inlined
def _round(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    p, q = _M0 * np.uint64(c0), _M1 * np.uint64(c2)
    c0, c2 = np.uint32(q >> _HALF) ^ c1 ^ k0, np.uint32(p >> _HALF) ^ c3 ^ k1
    return c0, np.uint32(q), c2, np.uint32(p), np.uint32(k0 + _W0), np.uint32(k1 + _W1)


@_inlined
def philox_block(block, seed, step):  # type: ignore[no-untyped-def]
    """The four words of a block, without a loop of its own."""
    b = np.uint64(block)
    s = np.uint32(b), np.uint32(b >> _HALF), np.uint32(step), np.uint32(0), np.uint32(seed), np.uint32(0)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    s = _round(*s)
    return s[0], s[1], s[2], s[3]


@compiled(cached=False)
def word_at(i, seed, step):  # type: ignore[no-untyped-def]
    """Word `i` alone."""
    four = philox_block(LANE * (i // GROUP) + i % LANE, seed, step)
    lane = i % GROUP // LANE
    return four[0] if lane == 0 else four[1] if lane == 1 else four[2] if lane == 2 else four[3]


@compiled(cached=False)
def normal(word):  # type: ignore[no-untyped-def]
    """A standard normal number from a word."""
    u = (np.float64(word) + 0.5) * 2.0**-32
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _polynomial(MIDDLE[0], r) / _polynomial(MIDDLE[1], r)
    s = np.sqrt(-np.log(min(u, 1 - u))) - 1.6
    return np.copysign(_polynomial(TAIL[0], s) / _polynomial(TAIL[1], s), q)
