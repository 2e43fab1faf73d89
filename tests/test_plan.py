"""The plan does what the interpreter says, in memory that nothing else uses, without allocating."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule import ops
from chainrule.graph.interpreter import interpret
from chainrule.graph.rewrite import simplify
from chainrule.graph.tensor import Tensor, tracing
from chainrule.graph.variable import Variable
from chainrule.ops.losses import sparse_categorical_cross_entropy
from chainrule.plan.parameters import Parameters
from chainrule.plan.plan import Plan
from chainrule.spec import TensorSpec

UNARY: list[Callable[[Any], Any]] = [
    ops.relu, ops.tanh, ops.sigmoid, ops.exp, ops.negative, ops.square, ops.softplus, ops.elu,
    lambda x: ops.softmax(x, axis=-1),
    lambda x: ops.mean(x, axis=-1, keepdims=True),
    lambda x: ops.sum(x, axis=-1, keepdims=True) * 0.1,
    lambda x: ops.reshape(x, (-1, *reversed(x.shape[1:]))),
    lambda x: ops.concatenate([x, x * 0.5], axis=-1)[:, : x.shape[-1]],
    lambda x: ops.transpose(x, (0, 1)),
    lambda x: ops.clip(x, -0.7, 0.9),
    lambda x: x[:, ::-1],
    lambda x: x + ops.reshape(Variable(np.arange(4.0) / 4, dtype=x.dtype, trainable=False), (1, 4)),
]  # fmt: skip
BINARY: list[Callable[[Any, Any], Any]] = [
    ops.add, ops.subtract, ops.multiply, ops.maximum,
    lambda a, b: a / (1.5 + ops.square(b)),
    lambda a, b: ops.where(a > b, a, b * 0.3),
]  # fmt: skip


def random_graph(seed: int, dtype: str = "float64") -> tuple[Tensor, Tensor, list[Variable]]:
    """A loss of an input and some weights, through operations drawn at random; tensors are used more than once."""
    rng = np.random.default_rng(seed)
    x = Tensor(TensorSpec((None, 5), np.dtype(dtype)), "x")
    variables: list[Variable] = []

    def weight(*shape: int) -> Variable:
        value = (rng.standard_normal(shape) * 0.4).astype(dtype)
        variables.append(Variable(value, dtype=dtype, name=f"w{len(variables)}"))
        return variables[-1]

    with tracing():
        made: list[Any] = [ops.dense(x, weight(5, 4), weight(4)), ops.matmul(x, weight(5, 4))]
        for _ in range(int(rng.integers(3, 12))):
            kind = rng.integers(5)
            a = made[rng.integers(len(made))]
            if kind == 4:  # a weight under another shape
                y = a * ops.reshape(weight(2, 2), (1, 4))
            elif kind == 0:
                b = made[rng.integers(len(made))]
                y = BINARY[rng.integers(len(BINARY))](a, b)
            elif kind == 1:
                y = ops.dense(a, weight(a.shape[-1], 4), weight(4))
            else:
                y = UNARY[rng.integers(len(UNARY))](a)
            made.append(y)
        total: Any = 0.0
        for y in made[-3:]:
            total = total + ops.mean(ops.square(y))
    return total, x, variables


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_equals_the_interpreter(seed: int) -> None:
    loss, x, variables = random_graph(seed)
    rng = np.random.default_rng(seed)
    (fused,) = simplify([loss])
    parameters = Parameters(variables)
    plan = Plan([fused], [x], fused, parameters)
    for batch in (7, 3, 9, 7):  # shorter, longer, and back: one arena serves all
        data = rng.standard_normal((batch, 5))
        value, gradient = interpret(loss, {x: data})
        bound = plan.at(((batch, 5),))
        plan._arena.view(np.float64)[:] = np.nan  # poison: reading before writing shows
        bound.feeds[0][...] = data
        parameters.gradient[:] = np.nan
        bound.run()
        np.testing.assert_allclose(bound.values[0], value[loss], rtol=1e-10)
        scale = max(np.abs(g).max() for g in gradient.values())
        for variable, view in zip(variables, parameters.views(parameters.gradient), strict=True):
            if variable in plan.unreached:
                assert variable not in gradient
            else:
                np.testing.assert_allclose(view, gradient[variable], rtol=1e-8, atol=1e-10 * scale)


@pytest.mark.parametrize("seed", range(40))
def test_storages_that_live_together_do_not_overlap(seed: int) -> None:
    loss, x, variables = random_graph(seed)
    plan = Plan([loss], [x], loss, Parameters(variables))
    plan.at(((6, 5),))
    placed = list(zip(plan.storages, plan._offsets, plan._sizes, strict=False))
    for i, (a, start, size) in enumerate(placed):
        for b, other, length in placed[i + 1 :]:
            if a.first <= b.last and b.first <= a.last and size and length:
                assert start + size <= other or other + length <= start, (a, b)


def network(width: int = 64) -> tuple[Plan, Parameters]:
    rng = np.random.default_rng(0)

    def weight(*shape: int) -> Variable:
        return Variable((rng.standard_normal(shape) * 0.1).astype("float32"), name="w")

    x = Tensor(TensorSpec((None, 20), np.dtype("float32")), "x")
    y = Tensor(TensorSpec((None,), np.dtype("int64")), "y")
    weights = [weight(20, width), weight(width), weight(width, 5), weight(5)]
    with tracing():
        hidden = ops.relu(ops.dense(x, weights[0], weights[1]))
        outputs = ops.softmax(ops.dense(hidden, weights[2], weights[3]))
        loss = ops.mean(sparse_categorical_cross_entropy(outputs, y))
    wanted = simplify([loss, outputs])
    parameters = Parameters(weights)
    return Plan(wanted, [x, y], wanted[0], parameters), parameters


def test_the_rewrites_fuse_what_they_say() -> None:
    plan, _ = network()
    operations = [node.primitive.name for node in plan.nodes]
    assert operations == ["dense_activation", "dense", "sparse_softmax_cross_entropy", "mean"]


def test_nothing_is_allocated_after_the_first_run() -> None:
    plan, _ = network()
    for batch in (32, 7):
        bound = plan.at(((batch, 20), (batch,)))
        bound.feeds[0][...] = 0.1
        bound.feeds[1][...] = 1
        bound.run()
    both = [plan.at(((batch, 20), (batch,))) for batch in (32, 7)]
    tracemalloc.start()
    try:
        for bound in both:
            bound.run()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            for bound in both:
                bound.run()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    smallest_buffer = 7 * 5 * 4
    assert after - before < smallest_buffer * 20  # Python's own numbers come and go, arrays do not
    assert peak - before < 32 * 20 * 4


def test_a_shorter_batch_costs_no_memory() -> None:
    plan, _ = network()
    plan.at(((32, 20), (32,)))
    before = plan.arena_bytes
    plan.at(((5, 20), (5,)))
    assert plan.arena_bytes == before


def test_explain_shows_each_decision() -> None:
    plan, _ = network()
    text = str(plan.explain((32, 20), (32,)))
    assert "dense_activation" in text
    assert "arena" in text
    assert f"{2 * 32 * 20 * 64 / 1e6:.3f}" in text  # the work of the first product


BITS = """
import hashlib, sys
import numpy as np
import chainrule as keras
keras.config.set_threads(int(sys.argv[1]))
keras.utils.set_random_seed(5)
rng = np.random.default_rng(0)
x, y = rng.random((700, 256), dtype="float32"), rng.integers(0, 10, 700)
layers = keras.layers
model = keras.Sequential([keras.Input((256,)), layers.Dense(300, "relu"), layers.Dropout(0.3),
                          layers.Dense(200, "tanh"), layers.Dense(10, "softmax")])
model.compile(keras.optimizers.Adam(global_clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=128, epochs=3, verbose=0)
digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights()))
digest.update(np.asarray(history.history["loss"]).tobytes())
digest.update(model.predict(x, verbose=0).tobytes())
print(digest.hexdigest())
"""


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    digests = set()
    for threads in ("1", "2", "2"):
        environment = {**os.environ, "CHAINRULE_THREADS": "2"}
        command = [sys.executable, "-c", BITS, threads]
        run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=240)
        assert run.returncode == 0, run.stderr
        digests.add(run.stdout.strip())
    assert len(digests) == 1


STEADY = """
import resource
import numpy as np
import chainrule as keras

rng = np.random.default_rng(0)
x, y = rng.random((3200, 64), dtype="float32"), rng.integers(0, 10, 3200)
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(128, "relu"), keras.layers.Dropout(0.2),
                          keras.layers.Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=1, verbose=0)  # 100 steps: everything is planned, compiled and in place
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.fit(x, y, batch_size=32, epochs=10, verbose=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of a process's memory is asked for the POSIX way")
def test_the_peak_of_memory_is_flat_over_a_thousand_steps() -> None:
    run = subprocess.run([sys.executable, "-c", STEADY], capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0, run.stderr
    kilobytes = int(run.stdout) if sys.platform == "linux" else int(run.stdout) // 1024
    one_batch_in_each_step = 32 * 64 * 4 * 1000 // 1024  # what a leak of one batch would come to
    assert kilobytes < one_batch_in_each_step / 8
