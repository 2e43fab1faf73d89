"""Read the golden cases, build what they describe, and run it.

A case is plain JSON; `keras` below is whichever package is to build it: the scripts that make the golden
values pass Keras itself, the tests pass chainrule, so both run exactly the same calls.

    from golden import cases
    for case in cases.load("optimizers"):
        ran = cases.train_on_batches(chainrule, case)
        assert cases.gap(ran["weights"], case.array("steps.weights")) < 1e-5
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"
FILES = DATA / "files"

Array = np.ndarray[Any, Any]


class Case(dict[str, Any]):
    """One golden case: the JSON dictionary, and the arrays stored beside it."""

    topic: str = ""

    @property
    def id(self) -> str:
        """The case's name, unique in its topic: the parameter id of a test."""
        return str(self["id"])

    def array(self, name: str) -> Array:
        """A golden array of this case, such as "value", "gradient" or "steps.weights"."""
        return arrays(self.topic)[f"{self.id}/{name}"]

    def has(self, name: str) -> bool:
        """Whether this case has a golden array of that name."""
        return f"{self.id}/{name}" in arrays(self.topic)


@functools.cache
def arrays(topic: str) -> Mapping[str, Array]:
    """All arrays of a topic, read once; empty for a topic of JSON only."""
    path = DATA / f"{topic}.npz"
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def load(topic: str) -> list[Case]:
    """The cases of a topic, in the order in which they were made."""
    cases = [Case(case) for case in json.loads((DATA / f"{topic}.json").read_text())]
    for case in cases:
        case.topic = topic
    return cases


def inputs(name: str) -> Array:
    """An input array shared by many cases, such as "classes.x" or "pool"."""
    return arrays("inputs")[name]


def named(value: Any) -> Any:
    """Replace names of input arrays by the arrays, inside lists too, as fit's x, y and sample_weight need."""
    if isinstance(value, str):
        return inputs(value)
    if isinstance(value, list):
        return [named(item) for item in value]
    if isinstance(value, dict):
        return {key: named(item) for key, item in value.items()}
    return value


def resolve(keras: Any, dotted: str) -> Any:
    """The class or function that a dotted name means: resolve(keras, "layers.Dense")."""
    return functools.reduce(getattr, dotted.split("."), keras)


def build(keras: Any, spec: Any) -> Any:
    """Build what a case describes.

    {"class_name": "layers.Dense", "config": {"units": 3}} becomes keras.layers.Dense(units=3),
    {"function": "losses.huber"} the function itself, {"array": name} an input array; lists and other
    dictionaries are walked through, everything else stays as it is.
    """
    if isinstance(spec, list):
        return [build(keras, item) for item in spec]
    if not isinstance(spec, dict):
        return spec
    if set(spec) == {"class_name", "config"}:
        return resolve(keras, spec["class_name"])(**build(keras, spec["config"]))
    if set(spec) == {"function"}:
        return resolve(keras, spec["function"])
    if set(spec) == {"array"}:
        return inputs(spec["array"])
    return {key: build(keras, item) for key, item in spec.items()}


def build_model(keras: Any, spec: Any) -> Any:
    """A list of layers is a Sequential, a dictionary a graph: inputs, nodes [name, layer, from], outputs."""
    if isinstance(spec, list):
        return keras.Sequential(build(keras, spec))
    tensors = {name: build(keras, layer) for name, layer in spec["inputs"].items()}
    for name, layer, sources in spec["nodes"]:
        values = [tensors[source] for source in sources]
        tensors[name] = build(keras, layer)(values if len(values) > 1 else values[0])
    chosen = [[tensors[name] for name in spec[side]] for side in ("inputs", "outputs")]
    return keras.Model(*(side if len(side) > 1 else side[0] for side in chosen))


def initial_weights(shapes: list[tuple[int, ...]]) -> list[Array]:
    """Cut the stored pool of normal numbers into weights: matrices over sqrt(rows), vectors times 0.1."""
    pool, start, weights = inputs("pool"), 0, []
    for shape in shapes:
        size = int(np.prod(shape))
        scale = 1 / np.sqrt(shape[0]) if len(shape) > 1 else 0.1
        weights.append((pool[start : start + size].reshape(shape) * scale).astype("float32"))
        start += size
    return weights


def draws(shapes: list[tuple[int, ...]]) -> list[Array]:
    """Normal numbers of the pool in float64, each array from another place on, again from the front at its end."""
    return [
        np.resize(np.roll(inputs("pool"), -100 * k), shape).astype("float64") for k, shape in enumerate(shapes)
    ]


def ready(keras: Any, case: Case) -> Any:
    """The case's model, compiled and with the case's initial weights."""
    model = build_model(keras, case["model"])
    model.compile(**build(keras, case["compile"]))
    model.set_weights(initial_weights([tuple(weight.shape) for weight in model.get_weights()]))
    return model


def flat(values: list[Any]) -> Array:
    """All numbers of a list of weights as one vector, in order; float64 holds every integer counter too."""
    return np.concatenate([np.zeros(0), *(np.asarray(value, "float64").ravel() for value in values)])


def optimizer_values(optimizer: Any) -> Array:
    """The optimizer's variables as one vector, in their order."""
    return flat([variable.numpy() for variable in optimizer.variables])


def state(model: Any) -> dict[str, Array]:
    """The model's weights and its optimizer's variables, each as one vector."""
    return {"weights": flat(model.get_weights()), "optimizer": optimizer_values(model.optimizer)}


def batches(case: Case) -> Iterator[tuple[Any, Any, Any]]:
    """The fixed batches: epochs times over x and y, in order, the last one short if it must be."""
    x, y, weight = (named(case.get(key)) for key in ("x", "y", "sample_weight"))
    size = case["batch_size"]

    def cut(value: Any, start: int) -> Any:
        if value is None:
            return None
        return [cut(v, start) for v in value] if isinstance(value, list) else value[start : start + size]

    length = len(x[0] if isinstance(x, list) else x)
    for _ in range(case["epochs"]):
        for start in range(0, length, size):
            yield cut(x, start), cut(y, start), cut(weight, start)


def train_on_batches(keras: Any, case: Case, model: Any = None) -> dict[str, Any]:
    """Train batch by batch: "logs" {key: value after each step}, "weights", "optimizer"."""
    model = model or ready(keras, case)
    logs: dict[str, list[float]] = {}
    for x, y, sample_weight in batches(case):
        for key, value in model.train_on_batch(x, y, sample_weight=sample_weight, return_dict=True).items():
            logs.setdefault(key, []).append(float(value))
    return {"logs": logs, **state(model)}


def fit(keras: Any, case: Case, callbacks: list[Any] | None = None, model: Any = None) -> dict[str, Any]:
    """Train by fit without shuffling: "history", "weights", "optimizer"."""
    model = model or ready(keras, case)
    arguments = {
        key: named(case[key]) for key in ("x", "y", "sample_weight", "validation_data") if key in case
    }
    if "class_weight" in case:  # JSON has no integer keys
        arguments["class_weight"] = {int(key): weight for key, weight in case["class_weight"].items()}
    arguments |= {"batch_size": case["batch_size"], "epochs": case["epochs"], **case.get("fit", {})}
    history = model.fit(**arguments, shuffle=False, verbose=0, callbacks=callbacks)
    logs = {key: [np.asarray(value).tolist() for value in values] for key, values in history.history.items()}
    return {"history": logs, **state(model)}


def gap(actual: Any, expected: Any) -> float:
    """Largest difference relative to the largest expected magnitude; infinite where shapes or NaN differ."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    if actual.shape != expected.shape:
        return float("inf")
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    if same.all():
        return 0.0
    if not (np.isfinite(actual) & np.isfinite(expected))[~same].all():
        return float("inf")
    finite = np.abs(expected[np.isfinite(expected)])
    return float(np.abs(actual[~same] - expected[~same]).max() / max(finite.max(initial=0.0), 1e-30))


RATES = {"epoch": lambda epoch: 0.1 / (1 + epoch), "rate": lambda epoch, rate: 0.5 * rate if epoch else rate}


def build_callback(keras: Any, spec: Any, folder: Path) -> Any:
    """A callback that writes its files into folder; {"schedule": name} stands for one of RATES."""
    config = dict(spec["config"])
    for key in ("filename", "filepath"):
        if key in config:
            config[key] = str(folder / config[key])
    if "schedule" in config:
        config["schedule"] = RATES[config["schedule"]["schedule"]]
    return resolve(keras, spec["class_name"])(**config)


def recorder(keras: Any) -> tuple[list[Any], Any]:
    """A list, and a callback that appends its calls to it: [hook, index or None, sorted keys of logs]."""
    seen: list[Any] = []

    def hook(name: str) -> Any:
        if name.endswith(("batch_begin", "batch_end", "epoch_begin", "epoch_end")):
            return lambda self, index, logs=None: seen.append([name, int(index), sorted(logs or {})])
        return lambda self, logs=None: seen.append([name, None, sorted(logs or {})])

    parts = [f"{part}_{end}" for part in ("train", "test", "epoch") for end in ("begin", "end")]
    parts += [f"{part}_batch_{end}" for part in ("train", "test") for end in ("begin", "end")]
    hooks = {f"on_{part}": hook(f"on_{part}") for part in parts}
    return seen, type("Recorder", (keras.callbacks.Callback,), hooks)()
