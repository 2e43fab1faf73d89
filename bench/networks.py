"""The networks, as facts from which each peer builds its own."""

from __future__ import annotations

from dataclasses import dataclass

Product = tuple[int, int, int]


@dataclass(frozen=True)
class Network:
    """Dense layers with ReLU between them.

    Args:
        widths: features, units of each layer.
        loss: "classes" for softmax and cross-entropy of integer labels, "numbers" for the mean squared error.
        kind: which function of a peer builds it.
    """

    widths: tuple[int, ...]
    loss: str = "classes"
    kind: str = "dense"

    def forward_products(self, batch: int) -> list[Product]:
        """(m, k, n) of each (m, k) @ (k, n) on the way forward."""
        return [(batch, k, n) for k, n in zip(self.widths, self.widths[1:], strict=False)]

    def training_products(self, batch: int) -> list[Product]:
        """The same for a training step: forward, gradients of weights and of all inputs but the first."""
        forward = self.forward_products(batch)
        weights = [(k, m, n) for m, k, n in reversed(forward)]
        inputs = [(m, n, k) for m, k, n in reversed(forward[1:])]
        return [*forward, *weights, *inputs]

    def training_flops(self, batch: int) -> int:
        """Additions and multiplications of a step's products."""
        return sum(2 * m * k * n for m, k, n in self.training_products(batch))


MLP = Network((784, 512, 10))
TABULAR = Network((20, 64, 32, 1), loss="numbers")
