"""Configs, names and descriptions of models equal Keras's."""

from __future__ import annotations

import json
from typing import Any

import pytest

import chainrule as keras
from chainrule.errors import ArgumentError, UnknownNameError
from golden import cases
from golden.structure import plain


def as_json(value: Any) -> Any:
    """What a JSON file would hold."""
    return plain(json.loads(json.dumps(value)))


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.utils.clear_session()


CONFIGS = cases.load("configs")

# Arguments that Keras takes but forgets to save; here they are saved, and Keras reads them.
FORGOTTEN = {
    "losses": {"CosineSimilarity": "axis", "Huber": "delta", "SparseCategoricalCrossentropy": "axis"},
    "metrics": {
        "AUC": "thresholds",
        "CosineSimilarity": "axis",
        "SparseTopKCategoricalAccuracy": "from_sorted_ids",
    },
}


def as_keras(built: Any, kind: str) -> Any:
    """The config of an object, without what Keras forgets."""
    forgotten = FORGOTTEN.get(kind, {}).get(type(built).__name__)
    config = as_json(built.get_config())
    if forgotten is not None:
        del config[forgotten]
    return config


@pytest.mark.parametrize("case", CONFIGS, ids=lambda case: case.id)
def test_config(case: cases.Case) -> None:
    built = cases.build(keras, case["object"])
    assert as_keras(built, case["kind"]) == plain(case["get_config"])
    entry = {**as_json(keras.saving.serialize_keras_object(built)), "config": as_keras(built, case["kind"])}
    assert entry == plain(case["serialized"])
    if case["name"] is not None:
        assert built.name == case["name"]


@pytest.mark.parametrize("case", CONFIGS, ids=lambda case: case.id)
def test_config_of_keras_makes_the_same_object(case: cases.Case) -> None:
    again = keras.saving.deserialize_keras_object(case["serialized"])
    assert type(again) is type(cases.build(keras, case["object"]))
    assert as_keras(again, case["kind"]) == plain(case["get_config"])


@pytest.mark.parametrize("case", cases.load("names"), ids=lambda case: case.id)
def test_name(case: cases.Case) -> None:
    found = getattr(keras, case["kind"]).get(case["name"])
    if case["function"] is not None:
        assert found.__name__ == case["function"]
    else:
        assert type(found).__name__ == case["class_name"]
        assert as_keras(found, case["kind"]) == plain(case["get_config"])


def compiled(case: cases.Case) -> Any:
    model = cases.build_model(keras, case["model"])
    if not model.built:
        model.build(tuple(case["build"]))
    model.compile("adam", "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("case", cases.load("models"), ids=lambda case: case.id)
class TestModel:
    def test_description(self, case: cases.Case) -> None:
        model = compiled(case)
        assert model.name == case["name"]
        assert as_json(model.get_config()) == plain(case["get_config"])
        assert plain(json.loads(model.to_json())) == plain(case["to_json"])
        assert as_json(model.get_compile_config()) == plain(case["compile_config"])

    def test_weights(self, case: cases.Case) -> None:
        model = compiled(case)
        assert [
            {"path": w.path, "name": w.name, "shape": list(w.shape), "trainable": w.trainable}
            for w in model.weights
        ] == case["weights"]
        assert [(layer.name, type(layer).__name__, layer.count_params()) for layer in model.layers] == [
            (layer["name"], layer["class_name"], layer["parameters"]) for layer in case["layers"]
        ]

    def test_made_of_keras_json(self, case: cases.Case) -> None:
        keras.utils.clear_session()
        model = keras.models.model_from_json(json.dumps(case["to_json"]))
        assert as_json(model.get_config()) == plain(case["get_config"])
        assert [(w.path, list(w.shape)) for w in model.weights] == [
            (w["path"], w["shape"]) for w in case["weights"]
        ]


def test_configs_hold_tuples_where_keras_holds_them() -> None:
    layers = keras.layers
    assert layers.Reshape([2, 2]).get_config()["target_shape"] == (2, 2)
    assert layers.Permute([2, 1]).get_config()["dims"] == (2, 1)
    assert layers.Dropout(0.5, noise_shape=[None, 1]).get_config()["noise_shape"] == (None, 1)
    assert layers.Conv2D(2, 3).get_config()["kernel_size"] == (3, 3)


def test_policies_of_dtypes() -> None:
    layer = keras.layers.Dense(3)
    assert layer.dtype_policy == keras.config.dtype_policy() == keras.DTypePolicy("float32")
    assert layer.dtype_policy.name == layer.compute_dtype == layer.variable_dtype == layer.dtype == "float32"
    assert keras.layers.Dense(3, dtype=keras.DTypePolicy("float64")).dtype_policy.variable_dtype == "float64"
    layer.build((None, 4))
    assert repr(layer.input_spec) == "InputSpec(min_ndim=2, axes={-1: 4})"
    for refused in (lambda: keras.config.set_dtype_policy("mixed_float16"), lambda: keras.DTypePolicy("float16")):
        with pytest.raises(ArgumentError, match="half precision"):
            refused()
    with pytest.raises(UnknownNameError, match="'float32'"):
        keras.DTypePolicy("flot32")
