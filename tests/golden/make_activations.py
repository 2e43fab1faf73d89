"""Make activations.json (values and gradients) and activation_training.json (20 steps with each, by name)."""

from __future__ import annotations

import functools

import numpy as np

from golden import cases
from golden.cases import Array
from golden.maker import Spec, dense, entry, gradient, keras, new, save
from golden.training import train

ELEMENTWISE: list[tuple[str, Spec]] = [
    ("celu", {}),
    ("celu", {"alpha": 0.5}),
    ("elu", {}),
    ("elu", {"alpha": 0.5}),
    ("exponential", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.0}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("hard_tanh", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("linear", {}),
    ("log_sigmoid", {}),
    ("mish", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 5.0}),
    ("relu", {"threshold": 1.0}),
    ("relu", {"negative_slope": 0.2, "max_value": 6.0, "threshold": 0.5}),
    ("relu6", {}),
    ("selu", {}),
    ("sigmoid", {}),
    ("silu", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 1.0}),
    ("softplus", {}),
    ("softsign", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 2}),
    ("swish", {}),
    ("tanh", {}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 0.7, "default_value": 0.1}),
]
ROWWISE: list[tuple[str, Spec]] = [
    ("softmax", {}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {}),
    ("log_softmax", {"axis": 0}),
    ("sparsemax", {}),
    ("glu", {}),
    ("glu", {"axis": 0}),
]
LAYERS: list[Spec] = [
    new("layers.ReLU"),
    new("layers.ReLU", max_value=1.0, negative_slope=0.1, threshold=0.2),
    new("layers.LeakyReLU"),
    new("layers.LeakyReLU", negative_slope=0.1),
    new("layers.ELU"),
    new("layers.ELU", alpha=0.5),
    new("layers.PReLU"),
    new("layers.PReLU", alpha_initializer=new("initializers.Constant", value=0.25)),
    new("layers.Softmax"),
    new("layers.Activation", activation="gelu"),
]


def values() -> tuple[list[Spec], dict[str, Array]]:
    made, arrays = [], {}
    for kind, chosen in (("grid", ELEMENTWISE), ("rows", ROWWISE)):
        for name, arguments in chosen:
            function = functools.partial(getattr(keras.activations, name), **arguments)
            identity = "-".join([name, *(f"{key}={value}" for key, value in arguments.items())])
            upstream: str | None = f"{kind}.upstream"
            if name == "glu":
                upstream = None
            for dtype in ("float32", "float64"):
                keras.config.set_floatx(dtype)
                x = cases.inputs(kind).astype(dtype)
                weights = None if upstream is None else cases.inputs(upstream).astype(dtype)
                value, slope = gradient(function, x, weights)
                arrays[f"{identity}/value.{dtype}"] = value
                arrays[f"{identity}/gradient.{dtype}"] = slope
                if not (np.isfinite(value).all() and np.isfinite(slope).all()):
                    print(f"not finite: {identity} {dtype}")
            keras.config.set_floatx("float32")
            made.append(
                {
                    "id": identity,
                    "function": f"activations.{name}",
                    "arguments": arguments,
                    "x": kind,
                    "upstream": upstream,
                }
            )
    return made, arrays


def training() -> list[Spec]:
    names = sorted({name for name, _ in ELEMENTWISE + ROWWISE} - {"glu", "threshold"})
    hidden: list[tuple[str, list[Spec]]] = [(name, [dense(10, name)]) for name in names]
    for layer in LAYERS:
        label = "-".join([layer["class_name"], *(str(key) for key in layer["config"])])
        hidden.append((label, [dense(10), layer]))
    return [
        {
            "id": name,
            "model": [entry(8), *layers, dense(4, "softmax")],
            "compile": {
                "optimizer": new("optimizers.SGD", learning_rate=0.05),
                "loss": "categorical_crossentropy",
            },
            "x": "x",
            "y": "onehot",
            "batch_size": 16,
            "epochs": 5,
        }
        for name, layers in hidden
    ]


if __name__ == "__main__":
    save("activations", *values())
    save("activation_training", *train(keras, [cases.Case(case) for case in training()], by_fit=False))
