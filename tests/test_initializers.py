"""Initializers: exact values, statistics of large draws beside Keras's, configs, seeds, wrong arguments."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from chainrule import config, initializers
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from golden import cases

CASES = cases.load("initializers")
RANDOM = ["random_normal", "random_uniform", "truncated_normal", "variance_scaling", "glorot_normal"]
RANDOM += ["glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "orthogonal"]


class _Package:
    initializers = initializers


def of_kind(kind):
    return pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == kind], ids=lambda case: case.id)


@of_kind("exact")
def test_exact_values(case):
    value = cases.build(_Package, case["object"])(case["shape"])
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, case.array("value"))


@of_kind("orthogonal")
def test_orthogonal(case):
    value = cases.build(_Package, case["object"])(case["shape"])
    assert value.shape == tuple(case["shape"])
    matrix = value.astype("float64").reshape(-1, case["shape"][-1])
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(gram, case["gram"], atol=1e-5)  # the stored ones have five digits


@of_kind("random")
def test_large_draws_have_keras_s_statistics(case):
    spec = case["object"]
    seeded = {**spec, "config": {**spec["config"], "seed": 11}}
    value = cases.build(_Package, seeded)(case["shape"]).astype("float64")
    # Two samples of n: each mean strays by std / sqrt(n), each standard deviation by at most std / sqrt(2 n).
    stray = 5 * math.sqrt(2) * case["std"] / math.sqrt(value.size)
    assert abs(value.mean() - case["mean"]) < stray
    assert abs(value.std() - case["std"]) < stray / math.sqrt(2)
    uncut = (
        spec["class_name"].endswith("RandomNormal")
        or spec["config"].get("distribution") == "untruncated_normal"
    )
    if not uncut:  # cut distributions reach their ends within some 10 / (n density there), below 1 %
        half = (case["max"] - case["min"]) / 2
        assert abs(value.max() - case["max"]) < 0.01 * half
        assert abs(value.min() - case["min"]) < 0.01 * half


def test_fans():
    assert initializers.fans(()) == (1, 1)
    assert initializers.fans((5,)) == (5, 5)
    assert initializers.fans((3, 4)) == (3, 4)
    assert initializers.fans((2, 3, 4)) == (6, 8)
    assert initializers.fans((3, 3, 16, 32)) == (144, 288)
    assert initializers.fans((200, 30, 4), [0], [1, 2]) == (200, 120)
    assert initializers.fans((200, 30, 4), 1, 2) == (30, 4)


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    from chainrule.random import SeedGenerator

    def draw(**arguments):
        made = initializers.get({"class_name": name, "config": arguments})
        return [made((4, 3)).tolist() for _ in range(2)]

    first, second = draw(seed=3)
    assert first == second == draw(seed=3)[0] != draw(seed=4)[0]
    generator = initializers.get(name)
    generator.seed = SeedGenerator(3)
    assert generator((4, 3)).tolist() != generator((4, 3)).tolist()
    assert initializers.get(name)((4, 3)).tolist() != initializers.get(name)((4, 3)).tolist()


@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant", "identity"])
def test_dtypes(name):
    made = initializers.get(name)
    assert made((3, 3)).dtype == np.float32
    assert made((3, 3), dtype="float64").dtype == np.float64
    config.set_floatx("float64")
    try:
        assert made((3, 3)).dtype == np.float64
    finally:
        config.set_floatx("float32")


@pytest.mark.parametrize(
    "case", [c for c in cases.load("configs") if c["kind"] == "initializers"], ids=lambda c: c.id
)
def test_configs_are_keras_s(case):
    made = cases.build(_Package, case["object"])
    assert initializers.serialize(made) == case["serialized"]
    again = initializers.deserialize(json.loads(json.dumps(case["serialized"])))
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()


def test_the_gain_of_an_identity_is_kept():
    assert initializers.Identity(2.0).clone().gain == 2.0


@pytest.mark.parametrize(
    "case", [c for c in cases.load("names") if c["kind"] == "initializers"], ids=lambda c: c.id
)
def test_string_names(case):
    made = initializers.get(case["name"])
    assert type(made).__name__ == case["class_name"]
    assert made.get_config() == case["get_config"]


def test_what_get_understands():
    def sevens(shape, dtype=None):
        return np.full(shape, 7, dtype)

    assert initializers.get(None) is None
    assert initializers.get(sevens) is sevens
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)
    assert initializers.get(np.arange(3.0))((3,)).tolist() == [0, 1, 2]
    assert initializers.glorot_uniform is initializers.GlorotUniform
    with pytest.raises(UnknownNameError) as error:
        initializers.get("glorot")
    assert "lorot" in error.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: initializers.VarianceScaling(scale=0),
        lambda: initializers.VarianceScaling(mode="fan"),
        lambda: initializers.VarianceScaling(distribution="cauchy"),
        lambda: initializers.HeNormal(seed="a"),
        lambda: initializers.Constant.from_config({"values": 3}),
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(ArgumentError):
        wrong()


@pytest.mark.parametrize(
    "made", [initializers.Identity(), initializers.Orthogonal()], ids=["identity", "orthogonal"]
)
def test_matrices_need_two_axes(made):
    with pytest.raises(ShapeError):
        made((3,))
