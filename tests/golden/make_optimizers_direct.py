"""Make optimizers_direct.json: every optimizer driven by given gradients, without a model.

Two variables, 20 steps of fixed gradients; array "weights" has all weights after each step, "state" the
optimizer's variables after the last.  A case may exclude a variable from the decay, or constrain one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from golden import cases
from golden.cases import Array
from golden.make_optimizers import COMMON, SCHEDULES, VARIANTS
from golden.maker import Spec, keras, new, save

SHAPES = {"kernel": (3, 4), "bias": (4,)}
STEPS = 20


def specs() -> list[Spec]:
    made = []
    for kind, variants in VARIANTS.items():
        variants = [*variants, ("fast", {"learning_rate": 0.05}), *COMMON]
        made += [{"id": f"{kind}-{name}", "object": new(f"optimizers.{kind}", **kw)} for name, kw in variants]
    for name, schedule in SCHEDULES:
        schedule = new(f"optimizers.schedules.{schedule['class_name']}", **schedule["config"])
        for kind, more in (("SGD", {"momentum": 0.9}), ("Adam", {"gradient_accumulation_steps": 3})):
            config = {"learning_rate": schedule, **more}
            made.append({"id": f"{kind}-schedule-{name}", "object": new(f"optimizers.{kind}", **config)})
    decaying = new("optimizers.AdamW", learning_rate=0.05, weight_decay=0.3)
    made.append({"id": "exclude-by-name", "object": decaying, "exclude": ["bias"]})
    for name, more in (
        ("constrained", {}),
        ("constrained-ema", {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2}),
        ("constrained-accumulation", {"gradient_accumulation_steps": 4}),
    ):
        constraint = new("constraints.MinMaxNorm", min_value=0.5, max_value=0.8, rate=0.5)
        made.append(
            {"id": name, "object": new("optimizers.SGD", learning_rate=0.2, **more), "constraint": constraint}
        )
    return made


def gradients() -> Array:
    pool = cases.inputs("pool")
    size = sum(int(np.prod(shape)) for shape in SHAPES.values())
    return (pool[: STEPS * size].reshape(STEPS, size) * 0.5).astype("float32")


def run(spec: Spec) -> dict[str, Array]:
    optimizer = cases.build(keras, spec["object"])
    starts = cases.initial_weights(list(SHAPES.values()))
    variables = [keras.Variable(start, name=name) for name, start in zip(SHAPES, starts, strict=True)]
    if "constraint" in spec:
        variables[0].constraint = cases.build(keras, spec["constraint"])
    optimizer.build(variables)
    if "exclude" in spec:
        optimizer.exclude_from_weight_decay(var_names=spec["exclude"])
    weights = []
    for flat in gradients():
        cut = SHAPES["kernel"][0] * SHAPES["kernel"][1]
        optimizer.apply([flat[:cut].reshape(SHAPES["kernel"]), flat[cut:]], variables)
        weights.append(cases.flat([v.numpy() for v in variables]))
    return {
        "weights": np.array(weights, "float32"),
        "state": cases.optimizer_values(optimizer),
        "names": [v.name for v in optimizer.variables],
    }


def make() -> tuple[list[Spec], dict[str, Any]]:
    made, arrays = [], {}
    for spec in specs():
        keras.backend.clear_session()
        ran = run(spec)
        arrays |= {
            f"{spec['id']}/weights": ran["weights"],
            f"{spec['id']}/state": ran["state"].astype("float32"),
        }
        made.append({**spec, "names": ran["names"]})
    return made, arrays


if __name__ == "__main__":
    save("optimizers_direct", *make())
