"""The layers of the networks, as facts: what each makes of a shape, its parameters, its matrix products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]
Product = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """A layer without weights that keeps the shape.  Shapes are a sample's, channels last."""

    def output(self, shape: Shape) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> int:
        """Trainable numbers."""
        return 0

    def product(self, shape: Shape) -> Product | None:
        """(m, k, n) of the (m, k) @ (k, n) that is the layer's work on one sample, if it is one."""
        return None


@dataclass(frozen=True)
class Dense(Layer):
    """The last one's softmax belongs to the loss of those programs whose cross-entropy takes logits."""

    units: int
    activation: str | None = None

    def output(self, shape: Shape) -> Shape:
        return (self.units,)

    def parameters(self, shape: Shape) -> int:
        return (shape[0] + 1) * self.units

    def product(self, shape: Shape) -> Product:
        return 1, shape[0], self.units


@dataclass(frozen=True)
class Conv(Layer):
    """A convolution of square windows; as a product, of the matrix of all windows (im2col) and the kernel."""

    filters: int
    size: int = 3
    stride: int = 1
    padding: str = "same"
    activation: str | None = None
    bias: bool = True

    def output(self, shape: Shape) -> Shape:
        return (*_windows(shape, self.size, self.stride, self.padding), self.filters)

    def parameters(self, shape: Shape) -> int:
        return (self.size**2 * shape[2] + self.bias) * self.filters

    def product(self, shape: Shape) -> Product:
        height, width, _ = self.output(shape)
        return height * width, self.size**2 * shape[2], self.filters


@dataclass(frozen=True)
class Depthwise(Layer):
    """A convolution of each channel by itself, which no matrix product does."""

    size: int = 3
    stride: int = 1

    def output(self, shape: Shape) -> Shape:
        return (*_windows(shape, self.size, self.stride, "same"), shape[2])

    def parameters(self, shape: Shape) -> int:
        return self.size**2 * shape[2]


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Keras's momentum and epsilon for all."""

    momentum = 0.99
    epsilon = 1e-3

    def parameters(self, shape: Shape) -> int:
        return 2 * shape[-1]


@dataclass(frozen=True)
class ReLU(Layer):
    """Where it cannot be the activation of the layer before it."""


@dataclass(frozen=True)
class Dropout(Layer):
    rate: float


@dataclass(frozen=True)
class MaxPool(Layer):
    size: int = 2

    def output(self, shape: Shape) -> Shape:
        return (*_windows(shape, self.size, self.size, "valid"), shape[2])


@dataclass(frozen=True)
class GlobalAverage(Layer):
    def output(self, shape: Shape) -> Shape:
        return shape[2:]


@dataclass(frozen=True)
class Flatten(Layer):
    def output(self, shape: Shape) -> Shape:
        return (prod(shape),)


@dataclass(frozen=True)
class Residual(Layer):
    """The sum of two branches; a shortcut without layers is the input itself."""

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()

    def output(self, shape: Shape) -> Shape:
        for layer in self.body:
            shape = layer.output(shape)
        return shape


def walk(layers: Sequence[Layer], shape: Shape) -> Iterator[tuple[Layer, Shape]]:
    """Each layer, those inside of branches too, with the shape of its input."""
    for layer in layers:
        if isinstance(layer, Residual):
            yield from walk(layer.body, shape)
            yield from walk(layer.shortcut, shape)
        else:
            yield layer, shape
        shape = layer.output(shape)


def _windows(shape: Shape, size: int, stride: int, padding: str) -> tuple[int, int]:
    """How many windows fit, down and across."""
    height, width = (n if padding == "same" else n - size + 1 for n in shape[:2])
    return -(-height // stride), -(-width // stride)
