"""SpectralNormalization: a layer whose matrix stretches nothing to more than its length."""

from __future__ import annotations

from typing import Any

from chainrule import initializers, ops
from chainrule.errors import ArgumentError
from chainrule.layers.base import InputSpec, Layer
from chainrule.layers.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """A layer with its weights divided by their largest singular value in each training step.

    The value is found by power iteration, which goes on where the last step ended.

    Args:
        layer: a layer with `kernel` or `embeddings`.
        power_iterations: turns in each step.

    Shapes:
        inputs, outputs: those of the layer.
        vector_u: (1, F), F the size of the last axis of the weights.

    Raises:
        ArgumentError: the layer has no such weights.

    Source: Miyato, Kataoka, Koyama, Yoshida (2018), Spectral normalization, arXiv:1802.05957, algorithm 1.
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            where, expected = "SpectralNormalization", "1 or more"
            raise ArgumentError("there is no turn to take", where=where, expected=expected, got=power_iterations)
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        weights = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if weights is None:
            raise ArgumentError(
                "the layer has no matrix", where=f"SpectralNormalization {self.name!r}",
                expected="`kernel` or `embeddings`", got=type(self.layer).__name__,
            )  # fmt: skip
        self.kernel = weights  # the layer's own, listed here too, as Keras lists it
        self.vector_u = self.add_weight(
            (1, weights.shape[-1]), initializers.TruncatedNormal(stddev=0.02), dtype=weights.dtype, trainable=False,
            name="vector_u",
        )  # fmt: skip

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self._normalize()
        return self.layer(inputs)

    def _normalize(self) -> None:
        """u and v become more alike to singular vectors; W becomes W / (v W u'), or stays where all of it is 0."""
        matrix = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
        u = self.vector_u
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(matrix)), axis=None)
            u = ops.normalize(ops.matmul(v, matrix), axis=None)
        largest = ops.reshape(ops.matmul(ops.matmul(v, matrix), ops.transpose(u)), ())
        nothing = ops.all(ops.equal(self.kernel, 0))
        new = ops.divide(self.kernel, ops.where(nothing, ops.ones_like(largest), largest))
        self.vector_u.assign(ops.where(nothing, self.vector_u, u))
        self.kernel.assign(new)
