"""Layers that act only while training: dropout, noise and penalties."""

from __future__ import annotations

from typing import Any

from chainrule import regularizers
from chainrule.errors import ArgumentError
from chainrule.graph.tensor import is_tracing
from chainrule.layers.base import InputSpec, Layer
from chainrule.layers.data_format import data_format_of
from chainrule.ops.dropout import alpha_dropout, dropout
from chainrule.ops.noise import gaussian_dropout, gaussian_noise
from chainrule.random import SeedGenerator


class _Random(Layer):
    """A layer with a generator of random numbers.

    Its state counts the steps, so a resumed training goes on as an uninterrupted one.
    """

    _fits_any_shape = True

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def state(self) -> Any:
        """The generator's state as a leaf of the graph; advanced at once where nothing is recorded."""
        return self.seed_generator.state if is_tracing() else self.seed_generator.next()


def _checked_rate(rate: float, where: str) -> float:
    if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise ArgumentError(
            "the rate is the share of numbers to drop", where=where, expected="0 to 1", got=rate,
            hint=f"{rate} per cent is {rate / 100:g}" if isinstance(rate, (int, float)) and 1 < rate <= 100 else "",
        )  # fmt: skip
    return rate


class Dropout(_Random):
    """While training, sets each number to zero with probability `rate` and scales the others up by 1 / (1 - rate).

    Args:
        rate: share of numbers dropped.
        noise_shape: shape of the mask, with 1 where it is shared along an axis.
        seed: seed of the mask.

    Shapes:
        inputs, outputs: any, the same.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), JMLR 15, 1929-1958.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = _checked_rate(rate, "Dropout")
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return dropout(inputs, self.state(), rate=self.rate, noise_shape=self.noise_shape)


class _SpatialDropout(_Random):
    """Dropout of whole channels; Keras's has no other arguments, and saves no others."""

    def __init__(self, rate: float, seed: int | None, name: str | None, dtype: Any, ndim: int) -> None:
        super().__init__(seed=seed, name=name, dtype=dtype)
        self.rate = _checked_rate(rate, type(self).__name__)
        self.data_format = "channels_last"
        self.input_spec = InputSpec(ndim=ndim)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        places = (1,) * (len(inputs.shape) - 2)
        noise_shape = (None, *places, None) if self.data_format == "channels_last" else (None, None, *places)
        return dropout(inputs, self.state(), rate=self.rate, noise_shape=noise_shape)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype_name}


class SpatialDropout1D(_SpatialDropout):
    """While training, sets whole channels of signals to zero, and scales the others up by 1 / (1 - rate).

    Neighbours in a signal resemble each other, so that dropping single numbers would hide little.

    Args:
        rate: share of channels dropped.
        seed: seed of the mask.
        name: name in summaries, errors and saved files.
        dtype: dtype of the numbers.

    Shapes:
        inputs, outputs: (N, L, C).

    Source: Tompson, Goroshin, Jain, LeCun, Bregler (2015), arXiv:1411.4280, section 3.2.
    """

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(rate, seed, name, dtype, ndim=3)


class SpatialDropout2D(_SpatialDropout):
    """While training, sets whole channels of images to zero, and scales the others up by 1 / (1 - rate).

    Neighbours in an image resemble each other, so that dropping single numbers would hide little.

    Args:
        rate: share of channels dropped.
        data_format: "channels_last" or "channels_first".
        seed: seed of the mask.
        name: name in summaries, errors and saved files.
        dtype: dtype of the numbers.

    Shapes:
        inputs, outputs: (N, H, W, C), or (N, C, H, W) where the channels come first.

    Source: Tompson, Goroshin, Jain, LeCun, Bregler (2015), arXiv:1411.4280, section 3.2.
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed, name, dtype, ndim=4)
        self.data_format = data_format_of(data_format, "SpatialDropout2D")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class AlphaDropout(_Random):
    """Dropout that keeps the mean and variance of its inputs, for use with SELU.

    Args:
        rate: share of numbers dropped.
        noise_shape: shape of the mask, with 1 where it is shared along an axis.
        seed: seed of the mask.

    Shapes:
        inputs, outputs: any, the same.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter (2017), arXiv:1706.02515, section 2.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = _checked_rate(rate, "AlphaDropout")
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return alpha_dropout(inputs, self.state(), rate=self.rate, noise_shape=self.noise_shape)


class GaussianDropout(_Random):
    """While training, multiplies by noise of mean 1 and standard deviation sqrt(rate / (1 - rate)).

    Args:
        rate: as in Dropout, whose noise has the same variance.
        seed: seed of the noise.

    Shapes:
        inputs, outputs: any, the same.

    Source: Srivastava et al. (2014), JMLR 15, 1929-1958, section 10.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = _checked_rate(rate, "GaussianDropout")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return gaussian_dropout(inputs, self.state(), rate=self.rate)


class GaussianNoise(_Random):
    """While training, adds noise of mean 0.

    Args:
        stddev: standard deviation of the noise.
        seed: seed of the noise.

    Shapes:
        inputs, outputs: any, the same.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        if stddev < 0:
            raise ArgumentError("a standard deviation is not negative", where="GaussianNoise", got=stddev)
        self.stddev = stddev

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return gaussian_noise(inputs, self.state(), stddev=self.stddev)


class ActivityRegularization(Layer):
    """The input itself; adds l1 sum |x| + l2 sum x^2 to the loss.

    Args:
        l1: factor of the absolute values.
        l2: factor of the squares.

    Shapes:
        inputs, outputs: any, the same.
    """

    _fits_any_shape = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        return inputs
