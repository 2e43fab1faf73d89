"""Optimizers: equal to Keras's, kernels equal to formulas, and what each argument promises."""

from __future__ import annotations

import inspect
import json
import math
import sys
import tracemalloc

import numpy as np
import pytest

import chainrule
from chainrule import config, constraints, optimizers
from chainrule.errors import (
    ArgumentError,
    DTypeError,
    FileFormatError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)
from chainrule.graph.variable import Variable
from chainrule.naming import forget_names
from chainrule.optimizers import adadelta, adagrad, adam, adamax, base, ftrl, lion, nadam, rmsprop, sgd
from chainrule.plan.parameters import Parameters
from golden import cases

SHAPES = [(3, 4), (4,)]
NAMES = ["adadelta", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "nadam", "rmsprop", "sgd"]

# Each formula with its numbers; slots take the names after the gradient.
FORMULAS = {
    sgd.sgd: {"learning_rate": 0.1},
    sgd.sgd_momentum: {"learning_rate": 0.1, "momentum": 0.9},
    sgd.sgd_nesterov: {"learning_rate": 0.1, "momentum": 0.9},
    adam.adam: {"alpha": 0.03, "rate_1": 0.1, "rate_2": 0.001, "epsilon": 1e-7},
    adam.adam_amsgrad: {"alpha": 0.03, "rate_1": 0.1, "rate_2": 0.001, "epsilon": 1e-7},
    adagrad.adagrad: {"learning_rate": 0.1, "epsilon": 1e-7},
    adadelta.adadelta: {"learning_rate": 0.1, "rho": 0.95, "rate": 0.05, "epsilon": 1e-7},
    rmsprop.rmsprop: {"learning_rate": 0.1, "rho": 0.9, "rate": 0.1, "epsilon": 1e-7},
    rmsprop.rmsprop_momentum: {
        "learning_rate": 0.1, "rho": 0.9, "rate": 0.1, "epsilon": 1e-7, "momentum": 0.8,
    },
    rmsprop.rmsprop_centered: {"learning_rate": 0.1, "rho": 0.9, "rate": 0.1, "epsilon": 0.1},
    rmsprop.rmsprop_centered_momentum: {
        "learning_rate": 0.1, "rho": 0.9, "rate": 0.1, "epsilon": 0.1, "momentum": 0.8,
    },
    adamax.adamax: {"alpha": 0.1, "rate_1": 0.1, "beta_2": 0.99, "epsilon": 1e-7},
    nadam.nadam: {"of_m": 0.1, "of_g": 0.2, "of_v": 3.0, "rate_1": 0.1, "rate_2": 0.01, "epsilon": 1e-7},
    ftrl.ftrl: {"learning_rate": 0.1, "power": 0.5, "l1": 0.1, "l2": 0.1, "shrinkage": 0.2},
    lion.lion: {"learning_rate": 0.1, "beta_1": 0.9, "rate_1": 0.1, "beta_2": 0.99, "rate_2": 0.01},
    base.moving_average: {"keep": 0.9, "rate": 0.1},
}  # fmt: skip


def vectors(formula, size, dtype):
    """theta, g and the slots; squares are positive, and no mean square is below its mean's square."""
    rng = np.random.default_rng(7)
    names = [p.name for p in inspect.signature(formula).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    signed = {"theta", "g", "m", "linear", "average", "value"}
    arrays = {n: rng.normal(size=size) if n in signed else rng.uniform(1, 2, size) for n in names}
    if "mean" in arrays:
        arrays["mean"] = rng.uniform(-0.5, 0.5, size)
    return [a.astype(dtype) for a in arrays.values()]


def apply_by(formula, arrays, numbers, decay, kernel, monkeypatch):
    theta, g, *slots = (a.copy() for a in arrays)
    if not kernel:
        monkeypatch.setitem(sys.modules, "chainrule.kernels.optimizers", None)
    width = 256  # wide enough to be cut into columns
    matrix = (theta.size // width, width) if theta.size >= width else (theta.size,)
    rest = theta.size - math.prod(matrix)
    run = base._bound(formula, theta, g, tuple(slots), decay > 0, [(0, matrix), (theta.size - rest, (rest,))])
    run(numbers, decay)
    monkeypatch.undo()
    return [theta, *slots]


# The loops around formulas are alike, so float64, decay and blocks are tried on a few: compiling takes the time.
KERNELS = [(f, "float32", size, 0.0) for f in FORMULAS for size in (0, 1, 1000)]
KERNELS += [
    (f, dtype, size, 0.01)
    for f in (sgd.sgd, adam.adam_amsgrad) for dtype in ("float32", "float64") for size in (0, 1000, 40_000)
]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "dtype", "size", "decay"), KERNELS, ids=lambda x: getattr(x, "__name__", str(x))
)
def test_kernel_equals_formula(formula, dtype, size, decay, monkeypatch):
    arrays = vectors(formula, size, dtype)
    expected = apply_by(formula, arrays, FORMULAS[formula], decay, False, monkeypatch)
    actual = apply_by(formula, arrays, FORMULAS[formula], decay, True, monkeypatch)
    # At most a dozen roundings in each, in another order where a product and a sum are fused; differences of
    # powers (Ftrl) and v - mean^2 lose at most a factor of ten on these inputs, whose values are at most ten.
    tolerance = 12 * 10 * np.finfo(dtype).eps
    for a, e in zip(actual, expected, strict=True):
        assert a.dtype == e.dtype == np.dtype(dtype)
        if formula is lion.lion and a is actual[0]:
            near = np.abs(a - e) > tolerance  # a sign may turn where its argument is zero within rounding
            assert not near.any()
        else:
            np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda f: f.__name__)
def test_kernel_equals_formula_on_what_is_not_finite(formula, monkeypatch):
    arrays = vectors(formula, 6, "float32")
    # The kernel's v - mean^2, one instruction, does not overflow where the formula's mean^2 does.
    huge = 1e15 if "centered" in formula.__name__ else 1e30
    arrays[1][:] = [np.nan, np.inf, -np.inf, 0.0, huge, 1.0]
    arrays[0][5] = np.inf
    with np.errstate(all="ignore"):
        expected = apply_by(formula, arrays, FORMULAS[formula], 0.0, False, monkeypatch)
    actual = apply_by(formula, arrays, FORMULAS[formula], 0.0, True, monkeypatch)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=12 * 10 * np.finfo("float32").eps)


# Against Keras.


def drive(case, dtype="float32"):
    pool = cases.inputs("pool")
    gradients = (pool[: 20 * 16].reshape(20, 16) * 0.5).astype("float32")
    optimizer = cases.build(_Package, case["object"])
    starts = cases.initial_weights(SHAPES)
    variables = [Variable(w, dtype=dtype, name=n) for w, n in zip(starts, ("kernel", "bias"), strict=True)]
    if "constraint" in case:
        variables[0].constraint = cases.build(_Package, case["constraint"])
    parameters = Parameters(variables)
    optimizer.bind(parameters)
    if "exclude" in case:
        optimizer.exclude_from_weight_decay(var_names=case["exclude"])
    weights = []
    for gradient in gradients:
        parameters.gradient[:] = gradient
        optimizer.step()
        weights.append(parameters.theta.copy())
    return optimizer, np.array(weights)


class _Package:
    optimizers, constraints = optimizers, constraints


@pytest.mark.parametrize("case", cases.load("optimizers_direct"), ids=lambda case: case.id)
def test_equals_keras(case):
    optimizer, weights = drive(case)
    assert [v.name for v in optimizer.variables] == case["names"]
    assert cases.gap(weights, case.array("weights")) < 1e-5
    assert cases.gap(cases.optimizer_values(optimizer), case.array("state")) < 1e-5


@pytest.mark.parametrize("case", cases.load("optimizers_direct")[:40:3], ids=lambda case: case.id)
def test_without_a_compiler_the_formulas_run(case, monkeypatch):
    _, compiled = drive(case)
    monkeypatch.setitem(sys.modules, "chainrule.kernels.optimizers", None)
    _, plain = drive(case)
    # 20 steps of a dozen roundings; a step divides by roots, which halves relative errors
    np.testing.assert_allclose(plain, compiled, rtol=0, atol=20 * 12 * np.finfo("float32").eps)


@pytest.mark.parametrize("case", cases.load("optimizers"), ids=lambda case: case.id)
def test_training_equals_keras(case):
    ran = cases.train_on_batches(chainrule, case)
    assert cases.gap(ran["weights"], case.array("steps.weights")) < 1e-5
    assert cases.gap(ran["optimizer"], case.array("steps.optimizer")) < 1e-5
    for key, values in case["steps"].items():
        assert cases.gap(ran["logs"][key], values) < 1e-5


@pytest.fixture(autouse=True)
def _fresh_names():
    forget_names()


def test_weight_names_and_paths_are_keras_s():
    kernel, bias = Variable(np.ones((2, 3))), Variable(np.ones(3))
    kernel.path, bias.path = "sequential/dense/kernel", "sequential/dense/bias"
    optimizer = optimizers.Adam()
    optimizer.build([kernel, bias])
    assert [v.path for v in optimizer.variables] == [
        "adam/iteration", "adam/learning_rate",
        "adam/sequential_dense_kernel_momentum", "adam/sequential_dense_kernel_velocity",
        "adam/sequential_dense_bias_momentum", "adam/sequential_dense_bias_velocity",
    ]  # fmt: skip
    assert [v.dtype for v in optimizer.variables][:3] == ["int64", "float32", "float32"]


# By hand.


def test_adam_by_hand():
    """Two steps of Kingma and Ba's recursion, worked out with fractions in float64."""
    w = Variable(np.array([1.0]), dtype="float64")
    config.set_floatx("float64")
    try:
        optimizer = optimizers.Adam(learning_rate=0.5, beta_1=0.5, beta_2=0.75, epsilon=0.0)
    finally:
        config.set_floatx("float32")
    optimizer.apply([[2.0]], [w])  # m = 1, v = 1; corrected 2 and 4: a step of 0.5
    np.testing.assert_allclose(w.numpy(), [0.5], rtol=1e-15)
    optimizer.apply([[4.0]], [w])  # m = 2.5, v = 4.75; corrected 2.5 / 0.75 and 4.75 / 0.4375
    np.testing.assert_allclose(w.numpy(), [0.5 - 0.5 * (2.5 / 0.75) / np.sqrt(4.75 / 0.4375)], atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_descends_a_quadratic(name):
    """The loss sum w^2 falls by half at least; Adadelta, which starts at steps of sqrt(epsilon), falls."""
    optimizer = optimizers.get(name)
    optimizer.learning_rate = {"adadelta": 10.0, "adagrad": 0.5, "ftrl": 0.5}.get(name, 0.02)
    w = Variable(np.array([1.0, -2.0, 0.5]))
    first = float((w.value**2).sum())
    for _ in range(100):
        optimizer.apply([2 * w.numpy()], [w])
    assert float((w.value**2).sum()) < first * (0.5 if name != "adadelta" else 1)


# Promises of the base class.


def bound(optimizer, sizes=((50, 20), (20,), (7,)), dtype="float32"):
    rng = np.random.default_rng(3)
    variables = [Variable(rng.normal(size=s), dtype=dtype, name=f"w{k}") for k, s in enumerate(sizes)]
    parameters = Parameters(variables)
    optimizer.bind(parameters)
    parameters.gradient[:] = rng.normal(size=parameters.size)
    return parameters, variables


@pytest.mark.parametrize(
    "options",
    [{}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"clipvalue": 0.1}, {"use_ema": True},
     {"gradient_accumulation_steps": 2, "weight_decay": 0.1}],
    ids=str,
)  # fmt: skip
def test_steps_keep_no_memory(options):
    optimizer = optimizers.Adam(**options)
    parameters, _ = bound(optimizer, ((400, 300), (300,)))
    for _ in range(3):
        optimizer.step()
    tracemalloc.start()
    try:
        start, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            optimizer.step()
        end, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert end - start < 2000  # Python's numbers, not arrays
    assert peak - start < parameters.theta.nbytes / 10


@pytest.mark.parametrize(
    "options", [{}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"use_ema": True}], ids=str
)
def test_the_bits_do_not_depend_on_threads(options):
    import numba

    found = []
    before = numba.get_num_threads()
    for threads in (1, before):
        numba.set_num_threads(threads)
        try:
            optimizer = optimizers.AdamW(**options)
            parameters, _ = bound(optimizer, ((400, 300), (300,)))
            for _ in range(3):
                optimizer.step()
        finally:
            numba.set_num_threads(before)
        found.append(parameters.theta.tobytes())
    assert found[0] == found[1]


def test_norms_are_float64_sums():
    optimizer = optimizers.SGD(learning_rate=1.0, global_clipnorm=1.0)
    parameters, _ = bound(optimizer, ((300, 200), (5,)))
    gradient = parameters.gradient.copy()
    norms = optimizer._norms
    exact = np.sqrt((gradient.astype("float64") ** 2).sum())
    # The squares are exact in float64, so only the order of the 60,005 additions rounds.
    assert abs(norms.whole() - exact) <= 60_005 * np.finfo("float64").eps * exact
    np.testing.assert_allclose(norms.each()[1], np.linalg.norm(gradient[-5:].astype("float64")), rtol=1e-14)


def test_clipnorm_shortens_only_long_gradients():
    a, b = Variable(np.zeros(2)), Variable(np.zeros(2))
    optimizers.SGD(1.0, clipnorm=1.0).apply([[3.0, 4.0], [0.3, 0.4]], [a, b])
    np.testing.assert_allclose(a.numpy(), [-0.6, -0.8], rtol=1e-6)
    np.testing.assert_allclose(b.numpy(), [-0.3, -0.4], rtol=1e-6)


@pytest.mark.parametrize("option", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_hides_no_nan(option):
    w = Variable(np.zeros(2))
    optimizers.SGD(1.0, **{option: 1.0}).apply([[np.nan, 1.0]], [w])
    assert np.isnan(w.value[0])


def test_excluded_variables_do_not_decay():
    kernel, bias, more = (Variable(np.ones(2), name=n) for n in ("kernel", "bias", "more"))
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[more], var_names=["bi.s"])
    optimizer.apply([np.zeros(2)] * 3, [kernel, bias, more])
    assert [v.value[0] for v in (kernel, bias, more)] == [0.5, 1.0, 1.0]
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    optimizer.apply([np.zeros(2)] * 3, [kernel, bias, more])
    assert kernel.value[0] == 0.5


def test_variables_without_a_gradient_stay_as_they_are():
    a, b = Variable(np.ones(1), name="a"), Variable(np.ones(1), name="b")
    optimizer = optimizers.SGD(1.0, momentum=0.5)
    optimizer.apply([[1.0], [1.0]], [a, b])
    with pytest.warns(UserWarning, match="no gradient for a"):
        optimizer.apply([None, [1.0]], [a, b])
    assert (a.value[0], b.value[0]) == (0.0, -1.5)
    assert optimizer.variables[2].value[0] == -1.0
    optimizer.apply([[1.0]], [b])
    assert (a.value[0], b.value[0]) == (0.0, -3.25)


def test_apply_leaves_variables_where_they_lie():
    """A second optimizer must not take weights out of the vector that a plan reads."""
    w = Variable(np.ones(3))
    parameters = Parameters([w])
    optimizers.SGD(0.5).apply([np.ones(3)], [w])
    assert w.value.base is parameters.theta or np.shares_memory(w.value, parameters.theta)
    assert parameters.theta.tolist() == [0.5] * 3


def test_apply_gradients_and_iterations():
    w = Variable(np.ones(1))
    optimizer = optimizers.SGD(0.25, gradient_accumulation_steps=2)
    assert [int(optimizer.apply_gradients([([1.0], w)])) for _ in range(4)] == [0, 1, 1, 2]
    assert w.value[0] == 0.5
    assert int(optimizers.SGD().iterations) == 0


def test_the_mean_of_weights_replaces_them_at_the_end():
    a, b = Variable(np.zeros(1)), Variable(np.zeros(1))
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([[1.0], [1.0]], [a, b])
    optimizer.finalize_variable_values([a])
    assert (a.value[0], b.value[0]) == (-1.5, -2.0)
    optimizers.SGD().finalize_variable_values([a])


def test_learning_rate_can_be_read_and_set():
    optimizer = optimizers.SGD(0.5)
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate.numpy()) == 0.25
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.8, 1, 0.5)
    w = Variable(np.zeros(1))
    for _ in range(2):
        optimizer.apply([[1.0]], [w])
    assert w.value[0] == pytest.approx(-1.2)
    assert [v.name for v in optimizer.variables] == ["iteration"]
    with pytest.raises(ArgumentError, match="follows a schedule"):
        optimizer.learning_rate = 0.1
    assert float(optimizers.SGD(lambda: 0.125).learning_rate) == 0.125


def test_loss_scale():
    optimizer = optimizers.SGD(1.0, loss_scale_factor=8.0)
    w = Variable(np.zeros(1))
    assert optimizer.scale_loss(2.0) == 16.0
    optimizer.apply([[16.0]], [w])
    assert w.value[0] == -2.0
    assert optimizers.SGD().scale_loss(2.0) == 2.0


@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on_from_saved_state(name):
    """Half the steps, state into a store and out of it, the other half: the same bits as all at once."""

    def run(interrupted):
        optimizer = optimizers.get(name)
        parameters, _ = bound(optimizer)
        gradient = parameters.gradient.copy()
        for step in range(6):
            if interrupted and step == 3:
                store = {}
                optimizer.save_own_variables(store)
                theta = parameters.theta.copy()
                optimizer = optimizers.get(name)
                parameters, _ = bound(optimizer)
                optimizer.load_own_variables(store)
                parameters.theta[:] = theta
            parameters.gradient[:] = gradient * (step + 1)
            optimizer.step()
        return parameters.theta.tobytes()

    assert run(True) == run(False)


def test_foreign_state_is_refused():
    optimizer = optimizers.Adam()
    bound(optimizer)
    before = cases.optimizer_values(optimizer)
    with pytest.raises(FileFormatError):
        optimizer.load_own_variables({"0": np.zeros(())})
    weights = [v.numpy() for v in optimizer.variables]
    weights[-1] = np.zeros(99)
    with pytest.raises(ShapeError):
        optimizer.set_weights(weights)
    with pytest.raises(ArgumentError):
        optimizer.set_weights(weights[1:])
    np.testing.assert_array_equal(cases.optimizer_values(optimizer), before)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), "clipping"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), "several steps"),
        (lambda: optimizers.SGD(use_ema=True, ema_momentum=1.5), "ema_momentum"),
        (lambda: optimizers.SGD(momentum=1.5), "momentum"),
        (lambda: optimizers.RMSprop(momentum=-1), "momentum"),
        (lambda: optimizers.Adagrad(initial_accumulator_value=-1), "initial_accumulator_value"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), "l1_regularization_strength"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight decay"),
        (lambda: optimizers.SGD("fast"), "learning rate"),
        (lambda: optimizers.SGD(-0.1), "positive size"),
        (lambda: optimizers.SGD(float("nan")), "positive size"),
        (lambda: optimizers.Adam(beta_1=1.5), "beta_1"),
        (lambda: optimizers.Nadam(beta_2=1.0), "beta_2"),
        (lambda: optimizers.Adamax(beta_1=-0.1), "beta_1"),
        (lambda: optimizers.RMSprop(rho=1.5), "rho"),
        (lambda: optimizers.Adadelta(rho=-1), "rho"),
        (lambda: optimizers.get(3), "not an optimizer"),
    ],
)
def test_wrong_arguments(wrong, field):
    with pytest.raises(ArgumentError, match=field):
        wrong()


def test_wrong_calls():
    w, v = Variable(np.ones(2), name="w"), Variable(np.ones(2), name="v")
    optimizer = optimizers.SGD()
    with pytest.raises(NotBuiltError):
        optimizer.step()
    optimizer.apply([np.ones(2)], [w])
    with pytest.raises(ArgumentError, match="not built for"):
        optimizer.apply([np.ones(2)], [v])
    with pytest.raises(ArgumentError, match="other variables"):
        optimizer.build([v])
    with pytest.raises(ArgumentError, match="no variable has a gradient"):
        optimizer.apply([None], [w])
    with pytest.raises(ArgumentError, match="needs its gradient"):
        optimizer.apply([np.ones(2)] * 2)
    with pytest.raises(ShapeError):
        optimizer.apply([np.ones(3)], [w])
    with pytest.raises(DTypeError):
        optimizers.SGD().build([w, Variable(np.ones(2), dtype="float64")])


# Names and configs.


@pytest.mark.parametrize(
    "case", [c for c in cases.load("configs") if c["kind"] == "optimizers"], ids=lambda case: case.id
)
def test_configs_are_keras_s(case):
    optimizer = cases.build(_Package, case["object"])
    serialized = optimizers.serialize(optimizer)
    assert optimizer.name == case["name"]
    assert serialized == case["serialized"]
    again = optimizers.deserialize(json.loads(json.dumps(serialized)))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    "case", [c for c in cases.load("names") if c["kind"] == "optimizers"], ids=lambda c: c.id
)
def test_string_names(case):
    optimizer = optimizers.get(case["name"])
    assert type(optimizer).__name__ == case["class_name"]
    assert optimizer.get_config() == case["get_config"]


def test_default_names_are_numbered_and_reach_paths_as_in_keras():
    first, second = optimizers.Adam(), optimizers.get("adam")
    assert [o.name for o in (first, second, optimizers.Adam(name="mine"))] == ["adam", "adam_1", "mine"]
    assert second.iterations.path == "adam_1/iteration"
    assert optimizers.deserialize(optimizers.serialize(second)).name == "adam_1"


def test_arguments_of_older_keras():
    with pytest.warns(UserWarning, match="`decay` is left out"):
        assert float(optimizers.SGD(0.5, decay=1e-3).learning_rate) == 0.5
    for wrong, near in (("lr", "learning_rate"), ("beta1", "beta_1"), ("clip_norm", "clipnorm")):
        with pytest.raises(UnknownNameError, match=f"did you mean '{near}'") as error:
            optimizers.Adam(**{wrong: 0.1})
        assert error.value.got == repr(wrong)
    with pytest.raises(UnknownNameError, match="'speed'"):
        optimizers.SGD.from_config({"speed": 3})


def test_unknown_names_tell_the_nearest():
    with pytest.raises(UnknownNameError) as error:
        optimizers.get("adm")
    assert error.value.hint == "did you mean 'adam'?"
    assert optimizers.get(None) is None
    assert type(optimizers.get(optimizers.Lion)) is optimizers.Lion
    assert optimizers.get({"class_name": "adam", "config": {"beta_1": 0.5}}).beta_1 == 0.5
