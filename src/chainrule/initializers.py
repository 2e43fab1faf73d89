"""Initializers: what weights begin as.

An initializer is a function of (shape, dtype).  Random ones draw from chainrule's own
counter-based generator: an integer seed gives the same numbers at every call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, ShapeError
from chainrule.saving.registry import Configurable, Namespace

INITIALIZERS: Namespace[Initializer] = Namespace("initializer", "keras.initializers")

Axes = int | Sequence[int] | None


@INITIALIZERS.add("initializer")
class Initializer(Configurable):
    """Base class: define `__call__(shape, dtype=None)`, and keep the constructor's arguments.

    Example:
        >>> class Rising(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.arange(math.prod(shape), dtype=dtype or "float32").reshape(shape)
        >>> Rising()((2, 2)).tolist()
        [[0.0, 1.0], [2.0, 3.0]]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """An array of this shape; the default dtype is `config.floatx()`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype=None)")

    def clone(self) -> Initializer:
        """Another one with the same arguments."""
        return self.from_config(self.get_config())


@INITIALIZERS.add("zeros", "zero")
class Zeros(Initializer):
    """All zeros.

    Example:
        >>> Zeros()((2,)).tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return np.zeros(tuple(shape), dtype or floatx())


@INITIALIZERS.add("ones", "one")
class Ones(Initializer):
    """All ones.

    Example:
        >>> Ones()((2,)).tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return np.ones(tuple(shape), dtype or floatx())


@INITIALIZERS.add("constant")
class Constant(Initializer):
    """One value everywhere.

    Args:
        value: the value, or an array that can be repeated to the shape.

    Example:
        >>> Constant(0.5)((2,)).tolist()
        [0.5, 0.5]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return np.full(tuple(shape), self.value, dtype or floatx())


@INITIALIZERS.add("identity", "IdentityInitializer")
class Identity(Initializer):
    """The identity matrix, cut or filled up with zeros where the shape is not square.

    Args:
        gain: what is on the diagonal.

    Raises:
        ShapeError: the shape is no matrix's.

    Example:
        >>> Identity(2.0)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError("not a matrix", where="Identity", expected="(rows, columns)", got=tuple(shape))
        return np.asarray(self.gain * np.eye(shape[0], shape[1]), dtype or floatx())

    def get_config(self) -> dict[str, Any]:
        """The gain; nothing where it is 1, as in Keras's files."""
        return {} if self.gain == 1.0 else super().get_config()


class RandomInitializer(Initializer):
    """Base class of the random ones: they keep a seed.

    Args:
        seed: an integer gives the same numbers at every call; a SeedGenerator or None new ones.
    """

    def __init__(self, seed: Any = None) -> None:
        if not (seed is None or isinstance(seed, (int, np.integer)) or hasattr(seed, "get_config")):
            raise ArgumentError(
                "not a seed", where=type(self).__name__, expected="an integer, a SeedGenerator or None",
                got=repr(seed),
            )  # fmt: skip
        self.seed = seed


@INITIALIZERS.add("random_normal", "normal")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: their mean.
        stddev: their standard deviation.
        seed: an integer, a SeedGenerator or None.

    Example:
        >>> RandomNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        from chainrule import random

        return np.asarray(random.normal(shape, self.mean, self.stddev, dtype or floatx(), self.seed))


@INITIALIZERS.add("truncated_normal")
class TruncatedNormal(RandomInitializer):
    """Normal numbers, drawn again where they are more than two standard deviations from the mean.

    Args:
        mean: mean before cutting.
        stddev: standard deviation before cutting; afterwards it is 0.88 of it.
        seed: an integer, a SeedGenerator or None.

    Example:
        >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((100,))).max() <= 2)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        from chainrule import random

        return np.asarray(
            random.truncated_normal(shape, self.mean, self.stddev, dtype or floatx(), self.seed)
        )


@INITIALIZERS.add("random_uniform", "uniform")
class RandomUniform(RandomInitializer):
    """Numbers anywhere in an interval alike.

    Args:
        minval: its lower end.
        maxval: its upper end, not included.
        seed: an integer, a SeedGenerator or None.

    Example:
        >>> x = RandomUniform(0.5, 1.0, seed=1)((100,))
        >>> bool(0.5 <= x.min() < x.max() < 1)
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        from chainrule import random

        return np.asarray(random.uniform(shape, self.minval, self.maxval, dtype or floatx(), self.seed))


def fans(shape: Sequence[int], input_axes: Axes = None, output_axes: Axes = None) -> tuple[int, int]:
    """How many numbers enter, and leave, one unit of a layer with weights of this shape.

    The last two axes are inputs and outputs; the axes before them are a filter's window.
    A vector counts for both, and so does a single number.

    Args:
        shape: the weight's shape.
        input_axes: the axes of the inputs, where both are given.
        output_axes: the axes of the outputs.

    Example:
        >>> fans((784, 128)), fans((3, 3, 16, 32)), fans((5,)), fans((4, 8, 16), [0], [1, 2])
        ((784, 128), (144, 288), (5, 5), (4, 128))
    """
    if input_axes is not None and output_axes is not None:
        axes = [[k] if isinstance(k, int) else k for k in (input_axes, output_axes)]
        return math.prod(shape[k] for k in axes[0]), math.prod(shape[k] for k in axes[1])
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


STDDEV_CUT = 0.87962566103423978  # standard deviation of a standard normal cut at +-2


@INITIALIZERS.add("variance_scaling")
class VarianceScaling(RandomInitializer):
    """Numbers whose variance is `scale` over the fan, so that signals keep their size through layers.

    Args:
        scale: variance times fan.
        mode: which fan: "fan_in", "fan_out" or "fan_avg", the mean of both.
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Raises:
        ArgumentError: a scale not above 0, an unknown mode or distribution.

    Example:
        >>> x = VarianceScaling(3.0, distribution="uniform", seed=1)((900, 10))
        >>> bool(x.max() <= 0.1)  # a limit of sqrt(3 scale / fan)
        True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Axes = None,
        output_axes: Axes = None,
    ) -> None:
        super().__init__(seed)
        if not scale > 0:
            raise ArgumentError("scale is not above 0", where=type(self).__name__, got=scale)
        mode, distribution = mode.lower(), distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        for name, value, known in (
            ("mode", mode, ("fan_in", "fan_out", "fan_avg")),
            ("distribution", distribution, ("truncated_normal", "untruncated_normal", "uniform")),
        ):
            if value not in known:
                raise ArgumentError(
                    f"unknown {name}",
                    where=type(self).__name__,
                    expected="one of " + ", ".join(known),
                    got=repr(value),
                )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        from chainrule import random

        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        dtype = dtype or floatx()
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return np.asarray(random.uniform(shape, -limit, limit, dtype, self.seed))
        if self.distribution == "untruncated_normal":
            return np.asarray(random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed))
        return np.asarray(
            random.truncated_normal(shape, 0.0, math.sqrt(variance) / STDDEV_CUT, dtype, self.seed)
        )


@INITIALIZERS.add("glorot_uniform")
class GlorotUniform(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), uniform: Dense's default.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Source: Glorot and Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks".

    Example:
        >>> GlorotUniform(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


@INITIALIZERS.add("glorot_normal")
class GlorotNormal(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), truncated normal.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Source: Glorot and Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks".

    Example:
        >>> GlorotNormal(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


@INITIALIZERS.add("he_uniform")
class HeUniform(VarianceScaling):
    """Variance 2 / fan_in, uniform: for ReLU.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Source: He et al. (2015), arXiv:1502.01852.

    Example:
        >>> HeUniform(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


@INITIALIZERS.add("he_normal")
class HeNormal(VarianceScaling):
    """Variance 2 / fan_in, truncated normal: for ReLU.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Source: He et al. (2015), arXiv:1502.01852.

    Example:
        >>> HeNormal(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@INITIALIZERS.add("lecun_uniform")
class LecunUniform(VarianceScaling):
    """Variance 1 / fan_in, uniform.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Source: LeCun et al. (1998), "Efficient BackProp".

    Example:
        >>> LecunUniform(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


@INITIALIZERS.add("lecun_normal")
class LecunNormal(VarianceScaling):
    """Variance 1 / fan_in, truncated normal: for SELU.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the inputs, for a weight of unusual shape; see `fans`.
        output_axes: the axes of the outputs.

    Source: LeCun et al. (1998), "Efficient BackProp"; Klambauer et al. (2017), arXiv:1706.02515.

    Example:
        >>> LecunNormal(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@INITIALIZERS.add("orthogonal", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """Rows, or columns where there are fewer, of length `gain` and at right angles to each other.

    A weight with more than two axes is one matrix: its last axis, and all others together.

    Args:
        gain: their length.
        seed: an integer, a SeedGenerator or None.

    Raises:
        ShapeError: fewer than two axes.

    Source: Saxe et al. (2014), arXiv:1312.6120; uniform over orthogonal matrices by the signs
    of Mezzadri (2007), arXiv:math-ph/0609050, section 5.

    Example:
        >>> w = Orthogonal(seed=1)((3, 2), dtype="float64")
        >>> bool(np.allclose(w.T @ w, np.eye(2)))
        True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        from chainrule import random

        if len(shape) < 2:
            raise ShapeError(
                "not a matrix", where="Orthogonal", expected="two axes or more", got=tuple(shape)
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        sides = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(np.asarray(random.normal(sides, 0.0, 1.0, "float64", self.seed)))
        q = q * np.sign(np.diag(r))
        q = q.T if rows < columns else q
        return (self.gain * q).reshape(tuple(shape)).astype(dtype or floatx())


constant, identity, ones, zeros, orthogonal = Constant, Identity, Ones, Zeros, Orthogonal
glorot_normal, glorot_uniform, he_normal, he_uniform = GlorotNormal, GlorotUniform, HeNormal, HeUniform
lecun_normal, lecun_uniform, variance_scaling = LecunNormal, LecunUniform, VarianceScaling
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal


def get(identifier: Any) -> Any:
    """The initializer that a name, config, class, object or function means; None stays None.

    Raises:
        UnknownNameError: a name that nobody registered; it tells the nearest.

    Example:
        >>> get("he_normal").scale
        2.0
    """
    if isinstance(identifier, np.ndarray):
        return Constant(identifier)
    return INITIALIZERS.get(identifier)


def serialize(initializer: Initializer) -> Any:
    """The config of an initializer.

    Example:
        >>> serialize(Constant(0.5))["config"]
        {'value': 0.5}
    """
    return INITIALIZERS.serialize(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer that a config means.

    Args:
        config: what `serialize` returned.
        custom_objects: names of your own initializers.

    Raises:
        UnknownNameError: a class that nobody registered.

    Example:
        >>> deserialize(serialize(Constant(0.5))).value
        0.5
    """
    return INITIALIZERS.deserialize(config, custom_objects)


__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "fans",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
