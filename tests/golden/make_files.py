"""Make data/files/: models that Keras saved, and files.json: what they predict, how training goes on.

With names of models, only these are made anew, since files hold their date.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from golden import cases
from golden.cases import FILES, Array, Case
from golden.maker import Spec, dense, entry, keras, new, save

SEQUENTIAL = [
    entry(8, name="features"),
    new("layers.Normalization"),
    dense(10, "relu", kernel_regularizer="l2"),
    new("layers.Dropout", rate=0.0),
    new("layers.PReLU"),
    dense(6, name="own_name"),
    new("layers.Activation", activation="tanh"),
    dense(4, "softmax"),
]
FUNCTIONAL = {
    "inputs": {"x": entry(8, name="x")},
    "nodes": [
        ["a", dense(6, "relu"), ["x"]],
        ["b", dense(6, "tanh"), ["x"]],
        ["sum", new("layers.Add"), ["a", "b"]],
        ["product", new("layers.Multiply"), ["a", "b"]],
        ["both", new("layers.Concatenate"), ["sum", "product"]],
        ["y", dense(4, "softmax", name="y"), ["both"]],
    ],
    "outputs": ["y"],
}
LOSS: Spec = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
SCHEDULE = new(
    "optimizers.schedules.ExponentialDecay", initial_learning_rate=0.05, decay_steps=10, decay_rate=0.5
)
MODELS: list[tuple[str, Any, Spec]] = [
    ("sequential-adam", SEQUENTIAL, {"optimizer": new("optimizers.Adam", learning_rate=0.01), **LOSS}),
    (
        "sequential-sgd",
        [entry(8), dense(6, "relu"), dense(4, "softmax")],
        {"optimizer": new("optimizers.SGD", learning_rate=SCHEDULE, momentum=0.9, nesterov=True), **LOSS},
    ),
    ("functional-rmsprop", FUNCTIONAL, {"optimizer": new("optimizers.RMSprop", momentum=0.5), **LOSS}),
    (
        "sequential-ema",
        [entry(8), dense(6, "gelu"), dense(4, "softmax")],
        {
            "optimizer": new(
                "optimizers.AdamW", use_ema=True, ema_momentum=0.9, gradient_accumulation_steps=2
            ),
            "loss": new("losses.SparseCategoricalCrossentropy"),
            "metrics": [new("metrics.SparseCategoricalAccuracy", name="right")],
        },
    ),
    ("sequential-nadam", [entry(8), dense(6, "elu"), dense(4, "softmax")], {"optimizer": "nadam", **LOSS}),
    (
        "sequential-amsgrad",
        [entry(8), dense(4, "softmax")],
        {"optimizer": new("optimizers.Adam", amsgrad=True), **LOSS},
    ),
    ("uncompiled", [entry(8), dense(5, "selu"), dense(2)], {}),
    (
        "convolution",
        [
            entry(8),
            dense(30, "tanh"),
            new("layers.Reshape", target_shape=[5, 3, 2]),
            new("layers.Conv2D", filters=4, kernel_size=3, padding="same", strides=2, groups=2, activation="relu"),
            new("layers.DepthwiseConv2D", kernel_size=2, depth_multiplier=2, use_bias=False),
            new("layers.Conv2DTranspose", filters=3, kernel_size=[2, 3], strides=2, output_padding=[1, 0]),
            new("layers.SeparableConv2D", filters=4, kernel_size=2, activation="tanh"),
            new("layers.Reshape", target_shape=[-1, 4]),
            new("layers.Conv1D", filters=3, kernel_size=3, padding="causal", dilation_rate=2),
            new("layers.Flatten"),
            dense(4, "softmax"),
        ],
        {"optimizer": new("optimizers.SGD", learning_rate=0.01, momentum=0.9), **LOSS},
    ),
]


def make(wanted: list[str]) -> tuple[list[Spec], dict[str, Array]]:
    FILES.mkdir(parents=True, exist_ok=True)
    made: list[Spec] = []
    arrays: dict[str, Array] = {}
    for name, spec, compile_arguments in MODELS:
        if name not in wanted:
            made += [case for case in cases.load("files") if case.id == name]
            arrays |= {key: array for key, array in cases.arrays("files").items() if key.startswith(f"{name}/")}
            continue
        keras.backend.clear_session()
        case = Case(
            id=name, model=spec, compile=compile_arguments, x="x", y="labels", batch_size=13, epochs=1
        )
        model = cases.build_model(keras, spec)
        for layer in model.layers:
            if type(layer).__name__ == "Normalization":
                layer.adapt(cases.inputs("x"))
            else:
                layer.set_weights(cases.initial_weights([tuple(w.shape) for w in layer.get_weights()]))
        outcome: Spec = dict(case)
        if compile_arguments:
            model.compile(**cases.build(keras, compile_arguments))
            cases.train_on_batches(
                keras, case, model
            )  # five steps: 64 rows in batches of 13, the last one short
            arrays[f"{name}/saved.optimizer"] = cases.optimizer_values(model.optimizer)
            outcome["optimizer_variables"] = [
                [v.path, list(v.shape), v.dtype] for v in model.optimizer.variables
            ]
        outcome["files"] = []
        for ending in (".keras", ".weights.h5", ".h5"):
            path = FILES / (name + ending)
            if ending == ".weights.h5":
                model.save_weights(path)
            else:
                model.save(path)
            outcome["files"].append(path.name)
        arrays[f"{name}/saved.weights"] = cases.flat(model.get_weights())
        arrays[f"{name}/predictions"] = np.asarray(model.predict(cases.inputs("x"), verbose=0))
        outcome["weights"] = [[w.path, list(w.shape)] for w in model.weights]
        if compile_arguments:
            ran = cases.train_on_batches(keras, case, model)  # five steps more
            outcome["logs_resumed"] = ran["logs"]
            arrays[f"{name}/resumed.weights"] = ran["weights"]
            arrays[f"{name}/resumed.optimizer"] = ran["optimizer"]
            for ending in (".keras", ".h5"):  # what Keras itself makes of its file
                again = keras.models.load_model(FILES / (name + ending))
                try:
                    ran = cases.train_on_batches(keras, case, again)
                    outcome[f"resumed_gap{ending}"] = cases.gap(
                        ran["weights"], arrays[f"{name}/resumed.weights"]
                    )
                except ValueError as error:
                    outcome[f"resumed_gap{ending}"] = str(error).split(":")[0]
        made.append(outcome)
    return made, arrays


if __name__ == "__main__":
    save("files", *make(sys.argv[1:] or [name for name, _, _ in MODELS]))
