"""The networks, as facts from which each peer builds its own."""

from __future__ import annotations

from dataclasses import dataclass

from bench.layers import (
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    Flatten,
    GlobalAverage,
    Layer,
    MaxPool,
    Product,
    ReLU,
    Residual,
    Shape,
    walk,
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """Layers one after the other.

    Args:
        shape: of one sample, channels last.
        layers: of which the last is dense.
        loss: "classes" for softmax and cross-entropy of integer labels, "numbers" for the mean squared error.
    """

    shape: Shape
    layers: tuple[Layer, ...]
    loss: str = "classes"

    @property
    def outputs(self) -> int:
        """Classes, or numbers."""
        return self.layers[-1].output(())[0]

    @property
    def widths(self) -> tuple[int, ...]:
        """Features and the units of each layer, for programs that know dense layers only."""
        assert all(isinstance(layer, Dense) for layer in self.layers), "not all layers are dense"
        return (*self.shape, *(layer.output(())[0] for layer in self.layers))

    def parameters(self) -> int:
        """Trainable numbers: every program's model must have as many."""
        return sum(layer.parameters(shape) for layer, shape in walk(self.layers, self.shape))

    def sample_products(self) -> list[Product]:
        """(m, k, n) of each layer's (m, k) @ (k, n) for one sample on the way forward."""
        products = (layer.product(shape) for layer, shape in walk(self.layers, self.shape))
        return [product for product in products if product]

    def forward_products(self, batch: int) -> list[Product]:
        """The same for a batch."""
        return [(batch * m, k, n) for m, k, n in self.sample_products()]

    def training_products(self, batch: int) -> list[Product]:
        """The same for a training step: forward, gradients of weights and of all inputs but the first."""
        forward = self.forward_products(batch)
        weights = [(k, m, n) for m, k, n in reversed(forward)]
        inputs = [(m, n, k) for m, k, n in reversed(forward[1:])]
        return [*forward, *weights, *inputs]

    def training_flops(self, batch: int) -> int:
        """Additions and multiplications of a step's products."""
        return sum(2 * m * k * n for m, k, n in self.training_products(batch))


def dense(*widths: int, loss: str = "classes") -> Network:
    """Dense layers with ReLU between them."""
    features, *hidden, outputs = widths
    last = Dense(outputs, "softmax" if loss == "classes" else None)
    return Network((features,), (*(Dense(units, "relu") for units in hidden), last), loss)


def convnet(width: int = 32) -> Network:
    """Keras's example `mnist_convnet`, of any width."""
    return Network((28, 28, 1), (
        Conv(width, 3, padding="valid", activation="relu"), MaxPool(),
        Conv(2 * width, 3, padding="valid", activation="relu"), MaxPool(),
        Flatten(), Dropout(0.5), Dense(10, "softmax"),
    ))  # fmt: skip


def _normalised(convolution: Layer) -> tuple[Layer, ...]:
    return convolution, BatchNorm(), ReLU()


def _vgg_stage(filters: int) -> tuple[Layer, ...]:
    return (*_normalised(Conv(filters, bias=False)), *_normalised(Conv(filters, bias=False)), MaxPool())


def _residual_block(filters: int, stride: int = 1) -> tuple[Layer, ...]:
    """Two 3x3 convolutions; where the shape changes, the shortcut is a 1x1 convolution."""
    body = (*_normalised(Conv(filters, 3, stride, bias=False)), Conv(filters, bias=False), BatchNorm())
    shortcut = (Conv(filters, 1, stride, bias=False), BatchNorm()) if stride > 1 else ()
    return Residual(body, shortcut), ReLU()


def _separable_block(filters: int, stride: int = 1) -> tuple[Layer, ...]:
    return (*_normalised(Depthwise(3, stride)), *_normalised(Conv(filters, 1, bias=False)))


MLP = dense(784, 512, 10)
TABULAR = dense(20, 64, 32, 1, loss="numbers")
CONVNET = convnet()
# LeCun et al., "Gradient-based learning applied to document recognition", 1998; with ReLU and maxima, as it is taught.
LENET = Network((28, 28, 1), (
    Conv(6, 5, activation="relu"), MaxPool(), Conv(16, 5, padding="valid", activation="relu"), MaxPool(),
    Flatten(), Dense(120, "relu"), Dense(84, "relu"), Dense(10, "softmax"),
))  # fmt: skip
# After Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015.
VGG = Network((32, 32, 3), (
    *_vgg_stage(64), *_vgg_stage(128), *_vgg_stage(256),
    Flatten(), Dense(256, "relu"), Dropout(0.5), Dense(10, "softmax"),
))  # fmt: skip
# ResNet-20 of He et al., "Deep residual learning for image recognition", 2016, section 4.2.
RESNET = Network((32, 32, 3), (
    *_normalised(Conv(16, bias=False)),
    *_residual_block(16), *_residual_block(16), *_residual_block(16),
    *_residual_block(32, 2), *_residual_block(32), *_residual_block(32),
    *_residual_block(64, 2), *_residual_block(64), *_residual_block(64),
    GlobalAverage(), Dense(10, "softmax"),
))  # fmt: skip
# After Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications", 2017.
SEPARABLE = Network((32, 32, 3), (
    *_normalised(Conv(32, bias=False)),
    *_separable_block(64), *_separable_block(128, 2), *_separable_block(128),
    *_separable_block(256, 2), *_separable_block(256), *_separable_block(512, 2),
    GlobalAverage(), Dense(10, "softmax"),
))  # fmt: skip
