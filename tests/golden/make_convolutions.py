"""Make the topics convolutions and convolution_training: layers that slide, in Keras and in PyTorch.

Everything in the first topic is float64, where both programs agree to 1e-12; where only one of them can compute a case
or its gradients on this processor, `by` says which.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from golden import cases
from golden.cases import Array
from golden.maker import Spec, dense, entry, keras, new, save, tf
from golden.training import train

Sizes = tuple[int, ...]


def conv(rank: int, filters: int, kernel_size: Any, **config: Any) -> Spec:
    return new(f"layers.Conv{rank}D", filters=filters, kernel_size=kernel_size, **config)


def spread(rank: int, filters: int, kernel_size: Any, **config: Any) -> Spec:
    return new(f"layers.Conv{rank}DTranspose", filters=filters, kernel_size=kernel_size, **config)


def depthwise(rank: int, kernel_size: Any, **config: Any) -> Spec:
    return new(f"layers.DepthwiseConv{rank}D", kernel_size=kernel_size, **config)


def separable(rank: int, filters: int, kernel_size: Any, **config: Any) -> Spec:
    return new(f"layers.SeparableConv{rank}D", filters=filters, kernel_size=kernel_size, **config)


FIRST = "channels_first"
LAYERS: list[tuple[Sizes, Spec]] = [
    ((2, 7, 3), conv(1, 4, 3)),
    ((2, 7, 3), conv(1, 4, 3, strides=2, padding="same", activation="tanh")),
    ((2, 8, 2), conv(1, 3, 3, padding="causal", dilation_rate=2)),
    ((2, 9, 4), conv(1, 6, 2, groups=2, strides=4)),
    ((1, 1, 2), conv(1, 3, 4, padding="same")),
    ((2, 3, 7), conv(1, 2, 3, padding="same", data_format=FIRST)),
    ((2, 6, 5, 3), conv(2, 4, 3)),
    ((2, 7, 5, 3), conv(2, 4, 3, padding="same", activation="tanh")),
    ((2, 7, 6, 2), conv(2, 3, [2, 3], strides=[2, 3], padding="same")),
    ((1, 9, 8, 2), conv(2, 3, [2, 3], strides=[4, 5])),
    ((1, 9, 8, 2), conv(2, 3, [2, 1], strides=[5, 3], padding="same")),
    ((2, 9, 7, 2), conv(2, 2, 3, dilation_rate=[2, 3], padding="same")),
    ((2, 9, 7, 2), conv(2, 2, 2, dilation_rate=3, use_bias=False)),
    ((3, 1, 1, 3), conv(2, 2, 1)),
    ((3, 1, 1, 2), conv(2, 2, 3, padding="same", strides=2)),
    ((2, 5, 4, 6), conv(2, 4, 3, groups=2, padding="same")),
    ((2, 5, 4, 4), conv(2, 4, 3, groups=4)),
    ((2, 3, 6, 5), conv(2, 4, 3, data_format=FIRST, strides=2, padding="same")),
    ((1, 4, 3, 5), conv(2, 4, 2, data_format=FIRST, groups=2, use_bias=False)),
    ((1, 8, 9, 1), conv(2, 8, 5, padding="same")),
    ((1, 4, 4, 16), conv(2, 16, 3, padding="same")),
    ((1, 5, 4, 6, 2), conv(3, 3, [2, 3, 2])),
    ((1, 5, 3, 4, 2), conv(3, 2, 3, strides=2, padding="same")),
    ((1, 2, 3, 3, 4), conv(3, 2, 2, data_format=FIRST)),
    ((2, 7, 3), depthwise(1, 3, depth_multiplier=2)),
    ((2, 8, 2), depthwise(1, 2, strides=3, padding="same", activation="tanh")),
    ((2, 6, 5, 3), depthwise(2, 3, padding="same")),
    ((2, 6, 7, 2), depthwise(2, 3, strides=2, depth_multiplier=3)),
    ((2, 7, 7, 2), depthwise(2, 3, dilation_rate=2, padding="same", use_bias=False)),
    ((1, 1, 1, 3), depthwise(2, 3, padding="same")),
    ((2, 3, 5, 6), depthwise(2, 2, depth_multiplier=2, data_format=FIRST)),
    ((2, 8, 3), separable(1, 4, 3, padding="same", depth_multiplier=2)),
    ((2, 6, 5, 3), separable(2, 4, 3)),
    ((2, 7, 7, 2), separable(2, 3, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh")),
    ((1, 3, 5, 4), separable(2, 2, 2, data_format=FIRST, use_bias=False)),
    ((2, 4, 3), spread(1, 2, 3)),
    ((2, 4, 3), spread(1, 2, 3, strides=2, padding="same", activation="tanh")),
    ((2, 4, 2), spread(1, 2, 2, strides=4)),
    ((2, 4, 2), spread(1, 3, 4, strides=3, output_padding=2)),
    ((2, 4, 2), spread(1, 3, 5, strides=3, output_padding=1, padding="same")),
    ((2, 3, 4), spread(1, 2, 3, strides=2, data_format=FIRST)),
    ((2, 3, 4, 3), spread(2, 2, 3)),
    ((2, 3, 4, 3), spread(2, 2, 3, strides=2, padding="same", activation="tanh")),
    ((2, 3, 4, 2), spread(2, 2, 2, strides=2, padding="same")),
    ((1, 3, 4, 2), spread(2, 3, [3, 2], strides=[2, 3], use_bias=False)),
    ((1, 3, 2, 2), spread(2, 2, [2, 3], strides=[4, 5], padding="same")),
    ((1, 3, 2, 2), spread(2, 2, 3, strides=3, output_padding=[2, 0])),
    ((1, 3, 2, 2), spread(2, 2, 4, strides=3, output_padding=[1, 2], padding="same")),
    ((1, 4, 3, 2), spread(2, 2, 3, dilation_rate=2, padding="same")),
    ((3, 1, 1, 2), spread(2, 2, 3, strides=2, padding="same")),
    ((1, 2, 3, 4), spread(2, 3, 3, strides=2, data_format=FIRST)),
    ((1, 2, 3, 2, 2), spread(3, 2, [2, 3, 2], strides=2, padding="same")),
    ((1, 2, 2, 3, 2), spread(3, 1, 3)),
]


def in_keras(layer: Any, x: Array, upstream: Array) -> list[Array]:
    """The outputs, and the gradients with respect to the inputs and each weight."""
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = layer(tensor)
    weights = [v.value for v in layer.trainable_variables]
    return [np.asarray(v) for v in (y, *tape.gradient(y, [tensor, *weights], tf.constant(upstream)))]


def each(value: Any, rank: int) -> Sizes:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def around(x: Any, pads: list[tuple[int, int]]) -> Any:
    return F.pad(x, [n for pair in reversed(pads) for n in pair])


def in_torch(spec: Spec, x: Array, weights: list[Array], sizes: Sizes, upstream: Array) -> list[Array]:
    """The same by PyTorch: channels first, its own kernel layouts, padding by hand."""
    kind, config = spec["class_name"].split(".")[1], spec["config"]
    rank, first = x.ndim - 2, config.get("data_format") == FIRST
    window = each(config["kernel_size"], rank)
    strides, dilation = each(config.get("strides", 1), rank), each(config.get("dilation_rate", 1), rank)
    inputs = [torch.tensor(a, requires_grad=True) for a in (x, *weights)]
    signal, *kernels = inputs
    bias = kernels.pop() if config.get("use_bias", True) else None
    signal = signal if first else signal.movedim(-1, 1)
    slide = [F.conv1d, F.conv2d, F.conv3d][rank - 1]
    unslide = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][rank - 1]

    if "Transpose" in kind:
        y = unslide(signal, kernels[0].movedim((-1, -2), (0, 1)), stride=strides, dilation=dilation)
        for axis, size in enumerate(sizes, 2):
            more = size - y.shape[axis]
            before = max(0, -more) // 2 if config.get("padding") == "same" else 0
            y = y.narrow(axis, before, min(size, y.shape[axis]))
            y = around(y, [(0, max(0, more) if k == axis else 0) for k in range(2, rank + 2)])
    else:
        pads = []
        for n, k, s, d in zip(signal.shape[2:], window, strides, dilation, strict=True):
            extent = (k - 1) * d + 1
            total = max(0, (-(-n // s) - 1) * s + extent - n)
            same, causal = (total // 2, total - total // 2), (extent - 1, 0)
            pads.append({"same": same, "causal": causal}.get(config.get("padding", "valid"), (0, 0)))
        groups = config.get("groups", 1)
        kernel = kernels[0].movedim((-1, -2), (0, 1))
        if len(kernels) == 2 or kind.startswith("Depthwise"):
            groups = signal.shape[1]
            kernel = kernels[0].movedim((-2, -1), (0, 1)).reshape(-1, 1, *window)
        y = slide(around(signal, pads), kernel, None, strides, 0, dilation, groups)
        if len(kernels) == 2:
            y = slide(y, kernels[1].movedim((-1, -2), (0, 1)))
    if bias is not None:
        y = y + bias.reshape(-1, *(1,) * rank)
    y = torch.tanh(y) if config.get("activation") == "tanh" else y
    y = y if first else y.movedim(1, -1)
    y.backward(torch.tensor(upstream))
    return [v.detach().numpy() for v in (y, *(t.grad for t in inputs))]


def convolutions() -> tuple[list[Spec], dict[str, Array]]:
    made: list[Spec] = []
    arrays: dict[str, Array] = {}
    keras.config.set_floatx("float64")
    for number, (shape, spec) in enumerate(LAYERS):
        name = f"{number}-{spec['class_name'].split('.')[1]}"
        layer = cases.build(keras, spec)
        layer.build(shape)
        outputs = layer.compute_output_shape(shape)
        x, upstream, *weights = cases.draws([shape, outputs, *(tuple(w.shape) for w in layer.weights)])
        layer.set_weights(weights)
        sizes = outputs[2:] if layer.data_format == FIRST else outputs[1:-1]
        found = {"torch": in_torch(spec, x, weights, sizes, upstream)}
        try:
            found["keras"] = in_keras(layer, x, upstream)
            gaps = [cases.gap(a, b) for a, b in zip(found["keras"], found["torch"], strict=True)]
            assert max(gaps) < 1e-12, f"{name}: {gaps}"
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, LookupError) as error:
            print(name, spec["config"], str(error).splitlines()[0])
        parts = ["value", "dx", *(f"d{w.name}" for w in layer.weights)]
        arrays |= {f"{name}/{part}": a for part, a in zip(parts, found["torch"], strict=True)}
        outcome = {"shape": shape, "output_shape": outputs, "weights": [w.name for w in layer.weights]}
        made.append({"id": name, "layer": spec, **outcome, "by": sorted(found)})
    keras.config.set_floatx("float32")
    return made, arrays


IMAGES = [dense(49, "tanh"), new("layers.Reshape", target_shape=[7, 7, 1])]
NETWORKS: list[tuple[str, list[Spec]]] = [
    ("first", [new("layers.Reshape", target_shape=[4, 2, 1]), conv(2, 5, 2, activation="relu")]),
    ("two", [*IMAGES, conv(2, 4, 3, activation="relu"), conv(2, 6, 3, strides=2, padding="same", activation="tanh")]),
    ("causal", [new("layers.Reshape", target_shape=[8, 1]), conv(1, 4, 3, padding="causal", dilation_rate=2)]),
    ("separable", [*IMAGES, depthwise(2, 3, depth_multiplier=2, activation="tanh"), separable(2, 4, 3)]),
    ("there-and-back", [*IMAGES, conv(2, 4, 3, strides=2, activation="relu"), spread(2, 2, 3, strides=2)]),
    (
        "penalties",
        [*IMAGES, conv(2, 4, 3, kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint="max_norm")],
    ),
]


SGD = new("optimizers.SGD", learning_rate=0.01)
ADAM = new("optimizers.Adam", learning_rate=0.003, epsilon=0.001)  # smaller ones make a step of rounding


def training() -> list[Spec]:
    return [
        {
            "id": f"{name}-{optimizer['class_name'].split('.')[1]}",
            "model": [entry(8), *hidden, new("layers.Flatten"), dense(4, "softmax")],
            "compile": {
                "optimizer": optimizer,
                "loss": "sparse_categorical_crossentropy",
                "metrics": ["accuracy"],
            },
            "x": "x",
            "y": "labels",
            "batch_size": 16,
            "epochs": 5,
        }
        for name, hidden in NETWORKS
        for optimizer in ([SGD, ADAM] if name == "two" else [SGD])
    ]


if __name__ == "__main__":
    save("convolutions", *convolutions())
    save("convolution_training", *train(keras, [cases.Case(case) for case in training()], by_fit=False))
