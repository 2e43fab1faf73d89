"""The registry: what names may mean, Keras's form of configs, and that nothing in one is ever run."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from chainrule import constraints, initializers, optimizers, regularizers
from chainrule.errors import ArgumentError, FileFormatError, UnknownNameError
from chainrule.saving.registry import (
    Configurable,
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register,
    register_keras_serializable,
    serialize_keras_object,
)


@pytest.fixture(autouse=True)
def _only_here():
    """Users' registrations of one test do not reach the next."""
    before = dict(get_custom_objects())
    yield
    get_custom_objects().clear()
    get_custom_objects().update(before)


class Point(Configurable):
    def __init__(self, x, y=0, *, inner=None):
        self.x, self.y, self.inner = x, y, inner


class Named(Point):
    def __init__(self, name="n", **kwargs):
        super().__init__(**kwargs)
        self.name = name


def through_json(obj):
    return json.loads(json.dumps(serialize_keras_object(obj)))


@pytest.mark.parametrize(
    "value", [None, 1, 1.5, True, "text", [1, [2, "a"]], {"a": {"b": [None]}}], ids=repr
)  # fmt: skip
def test_plain_values_are_themselves(value):
    assert deserialize_keras_object(through_json(value)) == value


def test_arrays_and_slices():
    array = np.arange(6, dtype="float64").reshape(2, 3)
    again = deserialize_keras_object(through_json(array))
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)
    assert through_json(array) == {
        "class_name": "__numpy__",
        "config": {"value": array.tolist(), "dtype": "float64"},
    }
    assert deserialize_keras_object(through_json(slice(1, None, 2))) == slice(1, None, 2)
    assert serialize_keras_object(np.float64(0.5)) == 0.5
    assert serialize_keras_object((1, 2)) == [1, 2]


def test_keras_s_form():
    """As printed by keras.saving.serialize_keras_object of Keras 3.15.1."""

    @register_keras_serializable("Mine")
    class MyPoint(Point):
        pass

    @register_keras_serializable()
    def f(x):
        return x

    assert serialize_keras_object(MyPoint(2)) == {
        "module": None, "class_name": "MyPoint", "config": {"x": 2, "y": 0, "inner": None},
        "registered_name": "Mine>MyPoint",
    }  # fmt: skip
    assert serialize_keras_object(Point(2))["registered_name"] == "Point"
    assert serialize_keras_object(f) == {
        "module": "builtins", "class_name": "function", "config": "Custom>f", "registered_name": "function",
    }  # fmt: skip
    assert serialize_keras_object(initializers.Constant(1.0)) == {
        "module": "keras.initializers", "class_name": "Constant", "config": {"value": 1.0},
        "registered_name": None,
    }  # fmt: skip
    assert get_registered_name(MyPoint) == "Mine>MyPoint"
    assert get_registered_name(Point) == "Point"
    assert get_registered_object("Mine>MyPoint") is MyPoint
    assert get_registered_object("Mine>Nothing") is None
    assert deserialize_keras_object(through_json(f)) is f


def test_nested_objects():
    config = through_json(Point(regularizers.L2(0.5), [constraints.NonNeg(), 3], inner={"a": Point(1)}))
    again = deserialize_keras_object(config, custom_objects={"Point": Point})
    assert again.x.l2 == 0.5
    assert isinstance(again.y[0], constraints.NonNeg)
    assert again.inner["a"].x == 1


def test_arguments_passed_on_are_part_of_the_config():
    assert Named(x=1).get_config() == {"name": "n", "x": 1, "y": 0, "inner": None}
    assert Named.from_config({"name": "m", "x": 2}).x == 2


def test_a_config_that_does_not_fit():
    with pytest.raises(ArgumentError) as error:
        Point.from_config({"x": 1, "z": 2, "w": 3})
    assert "'z', 'w'" in error.value.problem
    assert error.value.expected == "x, y, inner"
    with pytest.raises(ArgumentError, match="not whole: missing a required argument: 'x'"):
        Point.from_config({"y": 1})

    class Forgetful(Configurable):
        def __init__(self, size):
            self.length = size

    with pytest.raises(ArgumentError, match=r"self\.size does not exist"):
        Forgetful(3).get_config()
    with pytest.raises(ArgumentError, match="no config to save"):
        serialize_keras_object(object())


def test_users_names_hold_in_their_scope():
    config = through_json(Point(1))
    with pytest.raises(UnknownNameError) as error:
        deserialize_keras_object(config)
    assert "register_keras_serializable" in error.value.hint
    with CustomObjectScope({"Point": Point}), custom_object_scope({"Other": Named}):
        assert deserialize_keras_object(config).x == 1
        assert get_registered_object("Other") is Named
    assert get_registered_object("Point") is None
    get_custom_objects()["Point"] = Point
    assert deserialize_keras_object(config).x == 1


def test_users_classes_by_string():
    @register_keras_serializable("Mine")
    class Halve(constraints.Constraint):
        def __call__(self, w):
            return w / 2

    assert isinstance(constraints.get("Mine>Halve"), Halve)
    with custom_object_scope({"halve": Halve}):
        assert isinstance(constraints.get("halve"), Halve)


@pytest.mark.parametrize(
    "config",
    [
        {"module": "os", "class_name": "system", "config": {"command": "true"}},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
        {"module": "builtins", "class_name": "eval", "config": {"source": "1"}},
        {"module": "keras.optimizers", "class_name": "subprocess.Popen", "config": {}},
        {"module": "keras.regularizers", "class_name": "Adam", "config": {}},
        {"module": "keras.src.optimizers.adam", "class_name": "__init__", "config": {}},
        {"module": "numpy", "class_name": "load", "config": {"file": "x", "allow_pickle": True}},
        {"module": "chainrule.saving.registry", "class_name": "Configurable", "config": {}},
        {"module": None, "class_name": "register", "config": {}},
        {"module": ["a"], "class_name": "Adam", "config": {}},
        {
            "module": "builtins",
            "class_name": "function",
            "config": "os.system",
            "registered_name": "function",
        },
        {"class_name": "function", "config": "system"},
    ],
    ids=lambda config: f"{config.get('module')}-{config['class_name']}",
)
def test_only_registered_names_mean_anything(config, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("a file made something run")

    monkeypatch.setattr("os.system", never)
    monkeypatch.setattr(subprocess, "Popen", never)
    monkeypatch.setattr("importlib.import_module", never)
    with pytest.raises(UnknownNameError):
        deserialize_keras_object(config)


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}},
        {"class_name": "__typespec__", "config": {"module": "os", "class_name": "system", "config": []}},
        {"class_name": "__bytes__", "config": {"value": "x"}},
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {}}},
        {"class_name": "function", "config": {"code": "import os"}},
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
        {"class_name": "__numpy__", "config": {"value": [[1], [2, 3]], "dtype": "float32"}},
        {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "float32"}},
        {"class_name": "__tensor__", "config": 3},
        {"class_name": "__slice__", "config": 3},
        {"class_name": 3, "config": {}},
        {"class_name": "L2", "module": "keras.regularizers", "config": [0.5]},
    ],
    ids=lambda config: f"{config['class_name']}-{str(config['config'])[:30]}",
)
def test_code_and_damage_are_refused(config):
    with pytest.raises(FileFormatError):
        deserialize_keras_object({"nested": [config]})


def test_there_is_no_unsafe_switch():
    with pytest.raises(ArgumentError, match="never executed"):
        deserialize_keras_object(1, safe_mode=False)
    with pytest.raises(ArgumentError, match="lambda"):
        serialize_keras_object(lambda x: x)


def test_old_configs_name_no_module():
    assert optimizers.get({"class_name": "adam", "config": {"beta_1": 0.5}}).beta_1 == 0.5
    assert optimizers.deserialize({"class_name": "SGD", "config": {"momentum": 0.5}}).momentum == 0.5
    assert deserialize_keras_object({"class_name": "GlorotUniform", "config": {"seed": 3}}).seed == 3
    assert optimizers.deserialize("rmsprop").rho == 0.9


def test_a_dtype_policy_is_its_name():
    config = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    assert deserialize_keras_object(config) == "float32"


def test_our_own_module_names_are_understood():
    config = {"module": "chainrule.regularizers", "class_name": "L2", "config": {"l2": 0.5}}
    assert deserialize_keras_object(config).l2 == 0.5


def test_register_under_two_modules():
    class Thing(Configurable):
        pass

    register(Thing, module="keras.things")
    register(Thing, module="keras.src.things.thing")
    assert serialize_keras_object(Thing())["module"] == "keras.things"
    for module in ("keras.things", "keras.src.things.thing"):
        assert isinstance(
            deserialize_keras_object({"module": module, "class_name": "Thing", "config": {}}), Thing
        )
    with pytest.raises(UnknownNameError) as error:
        deserialize_keras_object({"module": "keras.things", "class_name": "Thimg", "config": {}})
    assert error.value.hint.startswith("did you mean 'Thing'?")


def test_a_class_without_config_cannot_be_registered():
    with pytest.raises(ArgumentError, match="none"):
        register_keras_serializable()(type("Bare", (), {}))
