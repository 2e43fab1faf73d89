"""`keras.random`: random numbers that depend on a seed and a counter, and on nothing else.

A whole number as `seed` gives the same values at every call; a `SeedGenerator` the next ones
at each call; None draws from the process's own generator, which `set_seed` starts anew.
How the numbers come about is written in docs/decisions/0004-randomness.md.
"""

from __future__ import annotations

import math
import secrets
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.tensor import scope
from chainrule.graph.variable import Variable
from chainrule.ops.dropout import dropout as _dropout
from chainrule.ops.philox import MASK, SEEDS, SHUFFLES, normal_quantile, open_uniform, words
from chainrule.ops.primitive import as_array, is_symbolic

Array = np.ndarray[Any, Any]
Seed = Any  # an int, a SeedGenerator or None: mypy cannot tell a forward reference in a default


class SeedGenerator:
    """A seed and how many times it was used; each use gives other numbers.

    Args:
        seed: a whole number from 0 to 2^32 - 1; None draws one.
        name: its name in files.

    Raises:
        ArgumentError: another seed.

    Example:
        >>> generator = SeedGenerator(seed=5)
        >>> generator.next(), generator.next()
        (array([5, 0], dtype=uint32), array([5, 1], dtype=uint32))
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        kwargs.pop("backend", None)
        if kwargs:
            raise ArgumentError("unknown arguments", where="SeedGenerator", got=", ".join(kwargs))
        self.name = name or "seed_generator"
        self._initial_seed = new_seed() if seed is None else checked_seed(seed)
        with scope(self.name):
            self.state = Variable(
                np.array([self._initial_seed, 0], np.uint32), dtype="uint32", trainable=False,
                name=f"{self.name}_state",
            )  # fmt: skip

    def next(self, ordered: bool = True) -> np.ndarray:
        """The (seed, counter) of the next draw.

        Args:
            ordered: accepted for Keras's sake: draws are always in order.
        """
        state = self.state.numpy()
        self.state.value[1] += np.uint32(1)
        return state

    def get_config(self) -> dict[str, Any]:
        """What the constructor needs to make it again."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """A generator from what `get_config` gave."""
        return cls(**config)


def checked_seed(seed: Any) -> int:
    """The seed, if it fits a word."""
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed <= MASK:
        raise ArgumentError(
            "not a seed", where="seed", expected="a whole number from 0 to 4294967295", got=repr(seed)
        )
    return int(seed)


_process = {"seed": secrets.randbits(32), "draws": 0, "seeds": 0}


def set_seed(seed: int) -> None:
    """Start the process's own generator anew.

    Args:
        seed: a whole number from 0 to 2^32 - 1.

    Example:
        >>> set_seed(1)
        >>> first = uniform((2,))
        >>> set_seed(1)
        >>> bool((uniform((2,)) == first).all())
        True
    """
    _process.update(seed=checked_seed(seed), draws=0, seeds=0)


def process_seed() -> int:
    """The seed of the process's own generator."""
    return _process["seed"]


def new_seed() -> int:
    """A seed for a layer or generator that was given none: the next of the process's own."""
    _process["seeds"] += 1
    return int(words(1, _process["seed"], _process["seeds"], SEEDS)[0])


def state_of(seed: Seed) -> tuple[int, int]:
    """The (seed, step) of one draw."""
    if seed is None:
        _process["draws"] += 1
        return _process["seed"], _process["draws"] & MASK
    if isinstance(seed, SeedGenerator):
        first, step = seed.next()
        return int(first), int(step)
    return checked_seed(seed), 0


def _float(dtype: Any) -> np.dtype[Any]:
    return np.dtype(floatx() if dtype is None else dtype)


def _sizes(shape: Any) -> tuple[int, ...]:
    sizes = tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes):
        raise ShapeError("a size is negative", where="random", got=sizes)
    return sizes


def _double_uniform(n: int, state: tuple[int, int]) -> np.ndarray:
    """`n` multiples of 2^-53 from 0 to below 1, in float64: two words each."""
    pairs = words(2 * n, *state).reshape(2, n).astype(np.uint64)
    u: Array = ((pairs[0] >> np.uint64(5)) * 2.0**26 + (pairs[1] >> np.uint64(6))) * 2.0**-53
    return u


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Seed = None
) -> np.ndarray:
    """Numbers evenly distributed from `minval` to below `maxval`.

    Args:
        shape: shape of the result.
        minval: least value.
        maxval: bound above.
        dtype: a float dtype; the default is `floatx()`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> x = uniform((3, 2), seed=1)
        >>> x.shape, bool((x >= 0).all() and (x < 1).all())
        ((3, 2), True)
    """
    kind, sizes = _float(dtype), _sizes(shape)
    n = math.prod(sizes)
    if kind == np.float64:
        u = _double_uniform(n, state_of(seed))
    else:
        u = ((words(n, *state_of(seed)) >> np.uint32(8)) * np.float32(2.0**-24)).astype(kind)
    low, high = kind.type(minval), kind.type(maxval)
    # Rounding can reach the bound above; the number before it is as good.
    below = np.minimum(low + u * (high - low), np.nextafter(high, low) if high > low else high)
    result: Array = below.reshape(sizes)
    return result


def _normal(shape: Any, mean: float, stddev: float, dtype: Any, seed: Seed, bound: float) -> np.ndarray:
    kind, sizes = _float(dtype), _sizes(shape)
    tail = 0.5 * math.erfc(bound / math.sqrt(2))
    u = tail + open_uniform(words(math.prod(sizes), *state_of(seed))) * (1 - 2 * tail)
    z: Array = mean + stddev * normal_quantile(u)
    return z.astype(kind).reshape(sizes)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None
) -> np.ndarray:
    """Numbers of the normal distribution.

    Args:
        shape: shape of the result.
        mean: mean.
        stddev: standard deviation.
        dtype: a float dtype; the default is `floatx()`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> bool((normal((4,), seed=3) == normal((4,), seed=3)).all())
        True
    """
    return _normal(shape, mean, stddev, dtype, seed, math.inf)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None
) -> np.ndarray:
    """Numbers of the normal distribution that are at most two standard deviations from the mean.

    Args:
        shape: shape of the result.
        mean: mean of the whole distribution.
        stddev: standard deviation of the whole distribution.
        dtype: a float dtype; the default is `floatx()`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> bool((abs(truncated_normal((1000,), seed=3)) <= 2).all())
        True
    """
    return _normal(shape, mean, stddev, dtype, seed, 2.0)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None) -> np.ndarray:
    """Whole numbers from `minval` to below `maxval`.

    Args:
        shape: shape of the result.
        minval: least value.
        maxval: bound above, at most 2^32 - 1 above `minval`.
        dtype: a dtype of whole numbers.
        seed: a whole number, a `SeedGenerator` or None.

    Raises:
        ArgumentError: there is no number in that range.

    Example:
        >>> sorted(set(randint((100,), 2, 5, seed=1).tolist()))
        [2, 3, 4]
    """
    sizes, number = _sizes(shape), int(maxval) - int(minval)
    if not 0 < number <= MASK:
        raise ArgumentError(
            "no numbers to choose from", where="randint", expected="minval < maxval", got=(minval, maxval)
        )
    n = math.prod(sizes)
    high, low = words(2 * n, *state_of(seed)).reshape(2, n).astype(np.uint64)
    half, factor = np.uint64(32), np.uint64(number)
    product = (high * factor + ((low * factor) >> half)) >> half  # floor(number times a fraction of 64 bits)
    return (product.astype(np.int64) + int(minval)).astype(dtype).reshape(sizes)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> np.ndarray:
    """Classes drawn with probability softmax(logits).

    Args:
        logits: (batch, classes).
        num_samples: draws for each row.
        dtype: a dtype of whole numbers.
        seed: a whole number, a `SeedGenerator` or None.

    Returns:
        (batch, num_samples)

    Example:
        >>> categorical(np.log([[1e-30, 1.0, 1e-30]]), 4, seed=1)
        array([[1, 1, 1, 1]], dtype=int32)
    """
    z = np.asarray(logits, np.float64)
    if z.ndim != 2 or z.shape[1] == 0:
        raise ShapeError(
            "logits have one row for each sample", where="categorical", expected="(N, K)", got=z.shape
        )
    p = np.exp(z - z.max(axis=1, keepdims=True))
    edges = p.cumsum(axis=1)
    u = _double_uniform(len(z) * num_samples, state_of(seed)).reshape(len(z), num_samples)
    drawn = [np.searchsorted(edge, v * edge[-1], side="right") for edge, v in zip(edges, u, strict=True)]
    return np.array(drawn, dtype=dtype).reshape(len(z), num_samples)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Seed = None) -> Any:
    """Set numbers to 0 with probability `rate`, and divide the others by 1 - rate.

    Args:
        inputs: array or tensor.
        rate: from 0 to 1.
        noise_shape: shape of the mask, None for an axis as long as that of `inputs`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> y = dropout(np.ones(1000, "float32"), 0.5, seed=1)
        >>> sorted(set(y.tolist()))
        [0.0, 2.0]
    """
    shape = None if noise_shape is None else tuple(noise_shape)
    if is_symbolic(inputs):
        generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(seed)
        return _dropout(inputs, generator.state, rate=float(rate), noise_shape=shape)
    state = np.array(state_of(seed), np.uint32)
    return _dropout(as_array(inputs), state, rate=float(rate), noise_shape=shape)


def permutation(n: int, seed: int, step: int) -> np.ndarray:
    """The numbers 0 ... n - 1 in random order, as `fit` shuffles samples: one order for each seed and epoch.

    Args:
        n: how many, below 2^32.
        seed: the seed.
        step: the epoch, or whatever counts the shuffles.

    Example:
        >>> sorted(permutation(5, seed=1, step=0).tolist())
        [0, 1, 2, 3, 4]
    """
    # Each number under a random word; sorted, the words are gone and the numbers are in their order.
    keys = (words(n, seed, step, SHUFFLES).astype(np.uint64) << np.uint64(32)) | np.arange(n, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(MASK)).astype(np.int64)


def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> np.ndarray:
    """The array with what lies along an axis in random order.

    Args:
        x: array.
        axis: the axis.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> sorted(shuffle([3, 1, 2], seed=4).tolist())
        [1, 2, 3]
    """
    array = np.asarray(x)
    return np.take(array, permutation(array.shape[axis], *state_of(seed)), axis=axis)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Seed = None) -> np.ndarray:
    """Numbers of the gamma distribution with shape `alpha` and scale 1 (needs SciPy).

    Args:
        shape: shape of the result.
        alpha: positive; broadcast to `shape`.
        dtype: a float dtype; the default is `floatx()`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> bool((gamma((5,), 2.0, seed=1) > 0).all())
        True
    """
    from scipy.special import gammaincinv

    return gammaincinv(alpha, _open(shape, seed)).astype(_float(dtype))  # type: ignore[no-any-return]


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Seed = None) -> np.ndarray:
    """Numbers of the beta distribution (needs SciPy).

    Args:
        shape: shape of the result.
        alpha: positive; broadcast to `shape`.
        beta: positive; broadcast to `shape`.
        dtype: a float dtype; the default is `floatx()`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> x = beta((5,), 2.0, 3.0, seed=1)
        >>> bool((x > 0).all() and (x < 1).all())
        True
    """
    from scipy.special import betaincinv

    return betaincinv(alpha, beta, _open(shape, seed)).astype(_float(dtype))  # type: ignore[no-any-return]


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Seed = None) -> np.ndarray:
    """How many of `counts` trials succeed (needs SciPy).

    Args:
        shape: shape of the result.
        counts: numbers of trials; broadcast to `shape`.
        probabilities: probability of success; broadcast to `shape`.
        dtype: a float dtype; the default is `floatx()`.
        seed: a whole number, a `SeedGenerator` or None.

    Example:
        >>> x = binomial((50,), 3, 0.5, seed=1)
        >>> sorted(set(x.tolist()))
        [0.0, 1.0, 2.0, 3.0]
    """
    from scipy.stats import binom

    return binom.ppf(_open(shape, seed), counts, probabilities).astype(_float(dtype))  # type: ignore[no-any-return]


def _open(shape: Any, seed: Seed) -> np.ndarray:
    """Numbers between 0 and 1, neither of them: where an inverse distribution function is finite."""
    sizes = _sizes(shape)
    return open_uniform(words(math.prod(sizes), *state_of(seed))).reshape(sizes)
