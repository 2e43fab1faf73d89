"""Make the topics regularizers, constraints, initializers, schedules, layers and layer_training."""

from __future__ import annotations

import numpy as np

from golden import cases
from golden.cases import Array
from golden.maker import Spec, dense, entry, gradient, keras, new, save, tf
from golden.training import train

REGULARIZERS = [
    new("regularizers.L1"),
    new("regularizers.L1", l1=0.3),
    new("regularizers.L2"),
    new("regularizers.L2", l2=0.3),
    new("regularizers.L1L2"),
    new("regularizers.L1L2", l1=0.1, l2=0.2),
    new("regularizers.OrthogonalRegularizer"),
    new("regularizers.OrthogonalRegularizer", factor=0.2, mode="columns"),
]
CONSTRAINTS = [
    new("constraints.MaxNorm"),
    new("constraints.MaxNorm", max_value=0.8, axis=1),
    new("constraints.MaxNorm", max_value=1.0, axis=[0, 1]),
    new("constraints.NonNeg"),
    new("constraints.UnitNorm"),
    new("constraints.UnitNorm", axis=1),
    new("constraints.MinMaxNorm"),
    new("constraints.MinMaxNorm", min_value=0.5, max_value=0.9, rate=0.6, axis=1),
]
SCHEDULES: list[Spec] = [
    new("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.9),
    new("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.9, staircase=True),
    new("PiecewiseConstantDecay", boundaries=[5, 10], values=[0.1, 0.05, 0.01]),
    new("PiecewiseConstantDecay", boundaries=[2.5, 10.0, 40.0], values=[1.0, 0.5, 0.25, 0.1]),
    new("PolynomialDecay", initial_learning_rate=0.1, decay_steps=20),
    new("PolynomialDecay", initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.01, power=2.5),
    new("PolynomialDecay", initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.01, cycle=True),
    new("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
    new("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    new("CosineDecay", initial_learning_rate=0.1, decay_steps=30),
    new("CosineDecay", initial_learning_rate=0.1, decay_steps=30, alpha=0.2),
    new("CosineDecay", initial_learning_rate=0.0, decay_steps=30, warmup_target=0.1, warmup_steps=7),
    new("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=10),
    new(
        "CosineDecayRestarts",
        initial_learning_rate=0.1,
        first_decay_steps=10,
        t_mul=1.0,
        m_mul=0.9,
        alpha=0.1,
    ),
    new("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=8, t_mul=1.5, m_mul=0.7),
]
STEPS = [*range(60), 75, 99, 100, 101, 250, 1000, 12345]

RANDOM = [
    *(new(f"initializers.{name}") for name in ("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform")),
    *(
        new(f"initializers.{name}")
        for name in ("LecunNormal", "LecunUniform", "RandomNormal", "RandomUniform")
    ),
    new("initializers.TruncatedNormal"),
    new("initializers.TruncatedNormal", mean=0.5, stddev=0.2),
    new("initializers.RandomNormal", mean=-0.5, stddev=0.2),
    new("initializers.RandomUniform", minval=0.1, maxval=0.4),
    *(
        new("initializers.VarianceScaling", scale=2.0, mode=mode, distribution=distribution)
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ),
]
SHAPES = [[200, 300], [30, 2000], [3, 3, 20, 300], [5, 40, 300]]
EXACT = [
    (new("initializers.Zeros"), [3, 2]),
    (new("initializers.Ones"), [3, 2]),
    (new("initializers.Constant"), [3]),
    (new("initializers.Constant", value=0.25), [3, 2]),
    (new("initializers.Identity"), [3, 3]),
    (new("initializers.Identity", gain=2.0), [2, 4]),
]
ORTHOGONAL = [
    (new("initializers.Orthogonal"), [4, 4]),
    (new("initializers.Orthogonal"), [6, 3]),
    (new("initializers.Orthogonal", gain=2.0), [3, 6]),
    (new("initializers.Orthogonal"), [2, 3, 5]),
]

# Layers without randomness: input, layer, weights set from the pool or as the layer has them.
LAYERS: list[tuple[str, Spec]] = [
    ("matrix", dense(3)),
    ("matrix", dense(3, "relu", use_bias=False)),
    ("cube", dense(3, "tanh")),
    ("matrix", new("layers.PReLU")),
    ("cube", new("layers.PReLU", shared_axes=[1])),
    ("matrix", new("layers.ReLU", max_value=0.8, negative_slope=0.1, threshold=0.2)),
    ("matrix", new("layers.LeakyReLU")),
    ("matrix", new("layers.ELU", alpha=0.7)),
    ("matrix", new("layers.Softmax")),
    ("cube", new("layers.Softmax", axis=1)),
    ("cube", new("layers.Softmax", axis=[1, 2])),
    ("cube", new("layers.Flatten")),
    ("cube", new("layers.Reshape", target_shape=[2, 4])),
    ("cube", new("layers.Reshape", target_shape=[-1, 2, 1])),
    ("cube", new("layers.Permute", dims=[2, 1])),
    ("matrix", new("layers.RepeatVector", n=3)),
    ("matrix", new("layers.Rescaling", scale=0.5, offset=-1.0)),
    ("matrix", new("layers.Rescaling", scale=[0.5, 1.0, 2.0, 4.0])),
    ("matrix", new("layers.Normalization", mean=0.5, variance=2.0)),
    ("matrix", new("layers.Normalization", mean=[0.5, 1.0, -1.0, 0.0], variance=[2.0, 1.0, 0.5, 3.0])),
    ("matrix", new("layers.Normalization", mean=0.5, variance=2.0, invert=True)),
    ("matrix", new("layers.Activation", activation="softplus")),
    ("matrix", new("layers.Identity")),
    ("matrix", new("layers.Dropout", rate=0.5)),
    ("matrix", new("layers.GaussianNoise", stddev=0.5)),
    ("matrix", new("layers.ActivityRegularization", l1=0.1, l2=0.2)),
]
ADAPTED: list[tuple[str, Spec]] = [
    ("x", new("layers.Normalization")),
    ("cube", new("layers.Normalization")),
    ("cube", new("layers.Normalization", axis=[1, 2])),
    ("cube", new("layers.Normalization", axis=1)),
    ("cube", new("layers.Normalization", axis=None)),
]

TRAINED: list[tuple[str, list[Spec]]] = [
    ("l1", [dense(10, "tanh", kernel_regularizer="l1")]),
    ("l2", [dense(10, "tanh", kernel_regularizer="l2")]),
    ("l1l2", [dense(10, "tanh", kernel_regularizer="l1l2")]),
    ("L1", [dense(10, "tanh", kernel_regularizer=new("regularizers.L1", l1=0.02))]),
    ("L2-bias", [dense(10, "tanh", bias_regularizer=new("regularizers.L2", l2=0.1))]),
    ("L1L2", [dense(10, "tanh", kernel_regularizer=new("regularizers.L1L2", l1=0.01, l2=0.02))]),
    (
        "orthogonal",
        [dense(6, "tanh", kernel_regularizer=new("regularizers.OrthogonalRegularizer", factor=0.02))],
    ),
    ("activity-l2", [dense(10, "tanh", activity_regularizer=new("regularizers.L2", l2=0.05))]),
    ("activity-l1", [dense(10, "sigmoid", activity_regularizer="l1")]),
    ("activity-layer", [dense(10, "tanh"), new("layers.ActivityRegularization", l1=0.01, l2=0.02)]),
    ("max_norm", [dense(10, "tanh", kernel_constraint=new("constraints.MaxNorm", max_value=0.9))]),
    ("unit_norm", [dense(10, "tanh", kernel_constraint="unit_norm")]),
    ("non_neg", [dense(10, "tanh", kernel_constraint="non_neg", bias_constraint="non_neg")]),
    (
        "min_max_norm",
        [dense(10, "tanh", kernel_constraint=new("constraints.MinMaxNorm", min_value=0.7, rate=0.5))],
    ),
    (
        "prelu-constrained",
        [dense(10), new("layers.PReLU", alpha_constraint="non_neg", alpha_regularizer="l2")],
    ),
    ("repeat-flatten", [dense(5, "tanh"), new("layers.RepeatVector", n=2), new("layers.Flatten")]),
    (
        "reshape-permute",
        [
            new("layers.Reshape", target_shape=[2, 4]),
            new("layers.Permute", dims=[2, 1]),
            dense(3, "tanh"),
            new("layers.Flatten"),
        ],
    ),
    ("frozen", [dense(10, "tanh"), dense(6, "tanh", trainable=False)]),
    ("rescaling", [new("layers.Rescaling", scale=0.5, offset=0.1), dense(10, "tanh")]),
]


def label(number: int, spec: Spec) -> str:
    return f"{number}-{spec['class_name'].split('.')[-1]}"


def regularizers() -> tuple[list[Spec], dict[str, Array]]:
    made, arrays = [], {}
    for number, spec in enumerate(REGULARIZERS):
        name = label(number, spec)
        value, slope = gradient(cases.build(keras, spec), cases.inputs("matrix"))
        arrays |= {f"{name}/value": value, f"{name}/gradient": slope}
        made.append({"id": name, "object": spec, "x": "matrix"})
    return made, arrays


def constraints() -> tuple[list[Spec], dict[str, Array]]:
    made, arrays = [], {}
    for number, spec in enumerate(CONSTRAINTS):
        name = label(number, spec)
        arrays[f"{name}/value"] = np.asarray(cases.build(keras, spec)(tf.constant(cases.inputs("matrix"))))
        made.append({"id": name, "object": spec, "x": "matrix"})
    return made, arrays


def schedules() -> list[Spec]:
    made = []
    for number, spec in enumerate(SCHEDULES):
        spec = new(f"optimizers.schedules.{spec['class_name']}", **spec["config"])
        schedule = cases.build(keras, spec)
        values = [float(np.asarray(schedule(tf.constant(step, "int64")))) for step in STEPS]
        made.append({"id": label(number, spec), "object": spec, "steps": STEPS, "values": values})
    return made


def initializers() -> tuple[list[Spec], dict[str, Array]]:
    """Exact values; for random ones the statistics of a big draw, where the sampling error is known."""
    made, arrays = [], {}
    for number, (spec, shape) in enumerate(EXACT):
        name = f"exact-{label(number, spec)}"
        arrays[f"{name}/value"] = np.asarray(cases.build(keras, spec)(shape))
        made.append({"id": name, "kind": "exact", "object": spec, "shape": shape})
    for number, (spec, shape) in enumerate(ORTHOGONAL):
        value = np.asarray(cases.build(keras, spec)(shape), "float64").reshape(-1, shape[-1])
        gram = value.T @ value if value.shape[0] >= value.shape[1] else value @ value.T
        made.append(
            {
                "id": f"orthogonal-{label(number, spec)}",
                "kind": "orthogonal",
                "object": spec,
                "shape": shape,
                "gram": gram.round(5),
            }
        )
    for number, spec in enumerate(RANDOM):
        for shape in SHAPES:
            seeded = {**spec, "config": {**spec["config"], "seed": 1}}
            value = np.asarray(cases.build(keras, seeded)(shape), "float64")
            made.append(
                {
                    "id": f"random-{label(number, spec)}-{'x'.join(map(str, shape))}",
                    "kind": "random",
                    "object": spec,
                    "shape": shape,
                    "mean": value.mean(),
                    "std": value.std(),
                    "min": value.min(),
                    "max": value.max(),
                }
            )
    return made, arrays


def layers() -> tuple[list[Spec], dict[str, Array]]:
    made, arrays = [], {}
    for number, (x, spec) in enumerate(LAYERS):
        name = label(number, spec)
        layer = cases.build(keras, spec)
        layer.build(cases.inputs(x).shape)
        if "Normalization" not in name:
            layer.set_weights(cases.initial_weights([tuple(w.shape) for w in layer.get_weights()]))
        value, slope = gradient(layer, cases.inputs(x))
        arrays |= {f"{name}/value": value, f"{name}/gradient": slope}
        made.append(
            {
                "id": name,
                "layer": spec,
                "x": x,
                "output_shape": list(layer.compute_output_shape((None, *cases.inputs(x).shape[1:]))),
                "losses": [float(np.asarray(loss)) for loss in layer.losses],
            }
        )
    for number, (x, spec) in enumerate(ADAPTED):
        name = f"adapted-{label(number, spec)}"
        layer = cases.build(keras, spec)
        layer.adapt(cases.inputs(x))
        arrays[f"{name}/value"] = np.asarray(layer(cases.inputs(x)))
        arrays[f"{name}/weights"] = cases.flat(layer.get_weights())
        weights = [[w.name, list(w.shape), w.dtype] for w in layer.weights]
        made.append({"id": name, "layer": spec, "x": x, "adapt": True, "weights": weights})
    return made, arrays


def training() -> list[Spec]:
    return [
        {
            "id": name,
            "model": [entry(8), *hidden, dense(4, "softmax")],
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
        for name, hidden in TRAINED
    ]


if __name__ == "__main__":
    save("regularizers", *regularizers())
    save("constraints", *constraints())
    save("schedules", schedules())
    save("initializers", *initializers())
    save("layers", *layers())
    save("layer_training", *train(keras, [cases.Case(case) for case in training()]))
