"""Make the topics normalization and normalization_training: layers that normalize, in Keras, and some in PyTorch.

The first is float64. A case runs the layer three times, with `training` as it says; then it takes gradients.
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
CLIPPED = {"rmax": 1.2, "rmin": 0.9, "dmax": 0.1}


def norm(kind: str, **config: Any) -> Spec:
    return new(f"layers.{kind}Normalization", **config)


LAYERS: list[tuple[Sizes, bool, Spec]] = [
    ((7, 3), True, norm("Batch")),
    ((7, 3), False, norm("Batch")),
    ((2, 3, 5, 4), True, norm("Batch", momentum=0.8, epsilon=0.01)),
    ((2, 4, 3, 5), True, norm("Batch", axis=1)),
    ((2, 4, 3, 5), False, norm("Batch", axis=1, scale=False)),
    ((3, 5, 2), True, norm("Batch", center=False)),
    ((3, 5, 2), True, norm("Batch", center=False, scale=False)),
    ((3, 1, 1, 4), True, norm("Batch")),
    ((3, 5, 2), True, norm("Batch", trainable=False)),
    ((3, 5, 2), True, norm("Batch", renorm=True)),
    ((3, 5, 2), True, norm("Batch", renorm=True, renorm_clipping=CLIPPED, renorm_momentum=0.5)),
    ((3, 5, 2), False, norm("Batch", renorm=True)),
    ((4, 6), False, norm("Layer")),
    ((3, 4, 5), False, norm("Layer", epsilon=0.1, center=False)),
    ((3, 4, 5), False, norm("Layer", axis=[1, 2])),
    ((3, 4, 5, 2), False, norm("Layer", axis=1, scale=False)),
    ((2, 1, 1, 1), False, norm("Layer")),
    ((3, 4, 5, 6), False, norm("Group", groups=3)),
    ((3, 4, 6), False, norm("Group", groups=6, center=False)),
    ((3, 4, 6), False, norm("Group", groups=-1, scale=False)),
    ((2, 6, 3, 5), False, norm("Group", groups=2, axis=1)),
    ((2, 1, 1, 4), False, norm("Group", groups=1)),
    ((4, 6), False, norm("RMS")),
    ((3, 4, 5), False, norm("RMS", epsilon=0.1)),
    ((4, 6), False, norm("Unit")),
    ((3, 4, 5), False, norm("Unit", axis=[1, 2])),
    ((4, 6), True, norm("Spectral", layer=dense(3))),
    ((4, 6), False, norm("Spectral", layer=dense(3))),
    ((2, 5, 4, 3), True, norm("Spectral", layer=new("layers.Conv2D", filters=4, kernel_size=2), power_iterations=3)),
]


def given(shape: Sizes, layer: Any) -> list[Array]:
    """x, what the outputs are multiplied by, and the weights; variances and deviations are positive."""
    outputs = layer.compute_output_shape(shape)
    x, upstream, *weights = cases.draws([shape, outputs, *(tuple(w.shape) for w in layer.weights)])
    positive = [w.name.endswith(("variance", "stddev")) for w in layer.weights]
    return [x, upstream, *(0.5 + np.abs(w) if p else w for w, p in zip(weights, positive, strict=True))]


def in_keras(layer: Any, x: Array, upstream: Array, training: bool) -> list[Array]:
    """The value of the third call, then gradients by x and the trained weights, then all weights."""
    takes = "training" in layer.call.__code__.co_varnames
    how = {"training": training} if takes else {}
    for _ in range(2):
        layer(x, **how)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = layer(tensor, **how)
    sources = [tensor, *(v.value for v in layer.trainable_variables)]
    slopes = tape.gradient(y, sources, tf.constant(upstream))
    return [np.asarray(v) for v in (y, *slopes, *(w.value for w in layer.weights))]


def in_torch(spec: Spec, x: Array, training: bool, weights: list[Array]) -> Array | None:
    """The value by PyTorch, of layers that it has too."""
    kind, config = spec["class_name"].split(".")[1], spec["config"]
    signal, given = torch.tensor(x), [torch.tensor(w) for w in weights]
    if len(weights) < 2 or config.get("renorm") or config.get("trainable") is False or "Spectral" in kind:
        return None
    axis, epsilon = config.get("axis", -1), config.get("epsilon", 1e-3)
    if kind == "BatchNormalization" and len(weights) == 4:
        first = signal.movedim(axis, 1)
        y = F.batch_norm(first, given[2], given[3], given[0], given[1], training, 0.0, epsilon)
        return y.movedim(1, axis).numpy()
    if kind == "GroupNormalization":
        y = F.group_norm(signal.movedim(axis, 1), config["groups"], given[0], given[1], epsilon)
        return y.movedim(1, axis).numpy()
    if kind == "LayerNormalization":
        return F.layer_norm(signal, given[0].shape, given[0], given[1], epsilon).numpy()
    return None


def layers() -> tuple[list[Spec], dict[str, Array]]:
    made: list[Spec] = []
    arrays: dict[str, Array] = {}
    keras.config.set_floatx("float64")
    for number, (shape, training, spec) in enumerate(LAYERS):
        name = f"{number}-{spec['class_name'].split('.')[1]}"
        layer = cases.build(keras, spec)
        layer.build(shape)
        x, upstream, *weights = given(shape, layer)
        layer.set_weights(weights)
        found = in_keras(layer, x, upstream, training)
        other = in_torch(spec, x, training, weights)
        assert other is None or cases.gap(found[0], other) < 1e-12, name
        trained = [w.path for w in layer.trainable_variables]
        paths = [w.path for w in layer.weights]
        parts = ["value", "dx", *(f"d{path}" for path in trained), *paths]
        arrays |= {f"{name}/{part}": a for part, a in zip(parts, found, strict=True)}
        arrays |= {f"{name}/before.{k}": w for k, w in enumerate(weights)}
        outcome = {"shape": shape, "training": training, "trained": trained, "weights": paths}
        made.append({"id": name, "layer": spec, **outcome, "torch": other is not None})
        keras.backend.clear_session()
    keras.config.set_floatx("float32")
    return made, arrays


IMAGES = [dense(48, "tanh"), new("layers.Reshape", target_shape=[4, 4, 3])]
CONV = new("layers.Conv2D", filters=6, kernel_size=3, padding="same")
RELU = new("layers.ReLU")
NETWORKS: list[tuple[str, list[Spec]]] = [
    ("batch", [dense(12), norm("Batch"), RELU]),
    ("batch-images", [*IMAGES, CONV, norm("Batch", momentum=0.9), RELU, CONV, norm("Batch", axis=1), RELU]),
    ("batch-penalties", [dense(12), norm("Batch", gamma_regularizer="l2", beta_constraint="non_neg")]),
    ("renorm", [dense(12), norm("Batch", renorm=True, renorm_clipping=CLIPPED)]),
    ("layer", [dense(12), norm("Layer"), RELU]),
    ("layer-images", [*IMAGES, CONV, norm("Layer", axis=[1, 2, 3])]),
    ("group", [*IMAGES, CONV, norm("Group", groups=3), RELU]),
    ("rms-and-unit", [dense(12), norm("RMS"), norm("Unit")]),
    ("spectral", [norm("Spectral", layer=dense(12, "tanh")), dense(6)]),
]


def training() -> list[Spec]:
    return [
        {
            "id": name,
            "model": [entry(8), *hidden, new("layers.Flatten"), dense(4, "softmax")],
            "compile": {
                "optimizer": new("optimizers.SGD", learning_rate=0.05),
                "loss": "sparse_categorical_crossentropy",
                "metrics": ["accuracy"],
            },
            "x": "x",
            "y": "labels",
            "batch_size": 16,
            "epochs": 5,
        }
        for name, hidden in NETWORKS
    ]


if __name__ == "__main__":
    save("normalization", *layers())
    save("normalization_training", *train(keras, [cases.Case(case) for case in training()], by_fit=False))
