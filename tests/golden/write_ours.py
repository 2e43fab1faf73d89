"""Write data of our own for Keras to read: ours/*, models of every kind of layer that chainrule saved.

Run with chainrule, then run check_ours_in_keras.py with Keras, which writes ours/evidence.json.  With names of models,
only these are written anew: the others are files of earlier versions, which must stay readable.

    ../.venv/bin/python -m golden.write_ours
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as keras
from golden import cases

OURS = Path(__file__).parent / "ours"
ENDINGS = (".keras", ".weights.h5", ".h5")


def of_every_layer() -> Any:
    """Two inputs, a layer called twice, a model in a model in a model, and every layer there is."""
    layers = keras.layers
    inner = keras.Sequential(
        [keras.Input((8,), name="inside"), layers.Dense(8, activation="gelu"), layers.Dropout(0.0)],
        name="inner",
    )
    entry = keras.Input((8,), name="entry")
    outer = keras.Model(entry, layers.Dense(8, "selu")(inner(entry)), name="outer")
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    shared = layers.Dense(8, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02), name="shared")
    x = layers.Add()([shared(a), shared(b), outer(a)])
    x = layers.Multiply()([x, layers.Rescaling(0.5, offset=1.0)(b)])
    x = layers.Concatenate()([x, layers.Normalization(mean=[0.5], variance=[4.0])(a)])
    x = layers.Reshape((4, 4))(x)
    x = layers.PReLU(shared_axes=[1])(layers.Permute((2, 1))(x))
    x = layers.Flatten()(layers.Identity()(x))
    for layer in (layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.AlphaDropout(0.1)):
        x = layer(x)
    x = layers.ActivityRegularization(l2=0.001)(layers.ELU(0.7)(x))
    x = layers.LeakyReLU(negative_slope=0.2)(layers.ReLU(max_value=6.0)(layers.Dense(6)(x)))
    x = layers.Flatten()(layers.RepeatVector(2)(layers.Activation("tanh")(x)))
    constraint = keras.constraints.MaxNorm(3.0)
    y = layers.Dense(4, name="y", kernel_constraint=constraint, bias_initializer="ones")(x)
    return keras.Model([a, b], layers.Softmax(name="probabilities")(y), name="every_layer")


NAMES = [*(case.id for case in cases.load("files")), "every-layer"]


def made(name: str) -> tuple[Any, Any, Any]:
    """The model of a file, untrained, and what it is trained on."""
    keras.utils.clear_session()
    x, labels = cases.inputs("x"), cases.inputs("labels")
    if name == "every-layer":
        model = of_every_layer()
        model.set_weights(cases.initial_weights([w.shape for w in model.get_weights()]))
        model.compile(
            keras.optimizers.Adamax(0.01, global_clipnorm=1.0),
            loss=keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy", keras.metrics.SparseCategoricalCrossentropy(name="cross")],
        )
        return model, [x, x[::-1]], labels
    case = next(case for case in cases.load("files") if case.id == name)
    model = cases.build_model(keras, case["model"])
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.adapt(x)
        else:
            layer.set_weights(cases.initial_weights([w.shape for w in layer.get_weights()]))
    if case["compile"]:
        model.compile(**cases.build(keras, case["compile"]))
    return model, x, labels


def train(model: Any, x: Any, labels: Any) -> None:
    """Five steps, the same here and in Keras."""
    case = cases.Case(x=x, y=labels, batch_size=13, epochs=1)
    for batch, target, _ in cases.batches(case):
        model.train_on_batch(batch, target)


if __name__ == "__main__":
    OURS.mkdir(exist_ok=True)
    arrays = dict(np.load(OURS / "ours.npz")) if sys.argv[1:] else {}
    for name in sys.argv[1:] or NAMES:
        model, x, labels = made(name)
        if model.compiled:
            train(model, x, labels)
        for ending in ENDINGS:
            (model.save_weights if ending == ".weights.h5" else model.save)(OURS / (name + ending))
        arrays[f"{name}/predictions"] = model.predict(x, verbose=0)
        arrays[f"{name}/saved"] = cases.flat(model.get_weights())
        if model.compiled and name != "every-layer":  # noise makes other numbers in Keras
            train(model, x, labels)
            arrays[f"{name}/resumed"] = cases.flat(model.get_weights())
            arrays[f"{name}/resumed.optimizer"] = cases.optimizer_values(model.optimizer)
    np.savez_compressed(OURS / "ours.npz", **arrays)
