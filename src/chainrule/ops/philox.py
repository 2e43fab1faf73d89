"""Random numbers without a state: Philox4x32-10 turns a counter and a key into four words of 32 bits.

    key      (seed, purpose)
    counter  (block, block >> 32, step, 0)

A stream is cut into groups of 1024 words, made by 256 blocks: first the first words of
these blocks, then the second, and so on, an order in which a vector register holds the same
word of neighbouring blocks.  So a word depends on nothing but the key, the step and its
number: in any order, on any number of threads, on any machine the words are the same.

Source: Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ROUNDS = 10
LANE = 256  # blocks of a group
GROUP = 4 * LANE
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85  # added to the key after each round: golden ratio and sqrt(3) - 1
MASK = 0xFFFFFFFF

DRAWS, SHUFFLES, SEEDS = range(3)  # purposes: streams of one seed that have nothing to do with each other


def philox(counter: tuple[np.ndarray, ...], key: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Four words for each counter; counters are four arrays of uint64 below 2^32."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    mask, half = np.uint64(MASK), np.uint64(32)
    for _ in range(ROUNDS):
        p, q = np.uint64(MULTIPLIERS[0]) * c0, np.uint64(MULTIPLIERS[1]) * c2
        c0, c2 = (q >> half) ^ c1 ^ np.uint64(k0), (p >> half) ^ c3 ^ np.uint64(k1)
        c1, c3 = q & mask, p & mask
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return tuple(c.astype(np.uint32) for c in (c0, c1, c2, c3))


def words(n: int, seed: int, step: int, purpose: int = DRAWS) -> np.ndarray:
    """The first `n` words of a stream."""
    groups = -(-n // GROUP)
    block = np.arange(groups * LANE, dtype=np.uint64)
    zero = np.zeros_like(block)
    counter = (block & np.uint64(MASK), block >> np.uint64(32), zero + np.uint64(step), zero)
    lanes = [lane.reshape(groups, LANE) for lane in philox(counter, (seed, purpose))]
    return np.stack(lanes, axis=1).reshape(-1)[:n]


# From words to distributions.  The normal distribution's inverse, by rational functions in the
# middle and in the tails (Wichura 1988, algorithm AS 241); 32 bits do not reach its outermost tail.
MIDDLE = (
    (
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
    ),
    (
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
    ),
)  # fmt: skip
TAIL = (
    (
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
        3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
        2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ),
    (
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
        6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
        5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ),
)  # fmt: skip


def open_uniform(w: np.ndarray) -> np.ndarray:
    """Words -> float64 between 0 and 1, neither of them: (w + 1/2) / 2^32."""
    return (w.astype(np.float64) + 0.5) * 2.0**-32


def normal_quantile(u: np.ndarray) -> np.ndarray:
    """The z below which a standard normal number is with probability u, for 1e-11 < u < 1 - 1e-11."""
    q = u - 0.5
    r = 0.180625 - q * q
    middle = q * polynomial(MIDDLE[0], r) / polynomial(MIDDLE[1], r)
    s = np.sqrt(-np.log(np.minimum(u, 1 - u))) - 1.6
    tail = polynomial(TAIL[0], s) / polynomial(TAIL[1], s)
    result: np.ndarray = np.where(np.abs(q) <= 0.425, middle, np.copysign(tail, q))
    return result


def polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """Horner's rule, for arrays and inside kernels for numbers."""
    result = coefficients[-1] + 0 * x
    for k in range(len(coefficients) - 2, -1, -1):
        result = result * x + coefficients[k]
    return result


def normals(n: int, seed: int, step: int) -> np.ndarray:
    """`n` standard normal numbers in float64, one word each: at most 6.4 away from 0."""
    return normal_quantile(open_uniform(words(n, seed, step)))


def dropped_words(rate: float) -> int:
    """How many of the 2^32 words a dropout of this rate drops: those below this number, itself a word."""
    return min(math.floor(rate * 2.0**32 + 0.5), MASK)
