"""Run training cases in Keras and keep what tests compare: logs, final weights, optimizer state."""

from __future__ import annotations

from typing import Any

from golden import cases
from golden.cases import Array, Case
from golden.maker import Spec


def in_float64(keras: Any, case: Case) -> Array | None:
    """The weights that the same steps end with in float64; None where Keras cannot run them in float64."""
    keras.config.set_floatx("float64")
    try:
        return cases.train_on_batches(keras, case)["weights"]
    except TypeError:
        return None
    finally:
        keras.config.set_floatx("float32")


def train(keras: Any, wanted: list[Case], by_fit: bool = True) -> tuple[list[Spec], dict[str, Array]]:
    """Each case with its outcome: by train_on_batch (arrays "steps.*"), and by fit (arrays "fit.*").

    float64_gap tells how far Keras's own float32 result is from its float64 result: a case where that is near
    the tolerance would test rounding, so such a case is refused.
    """
    made, arrays = [], {}
    for case in wanted:
        keras.backend.clear_session()
        model = cases.ready(keras, case)
        ran = cases.train_on_batches(keras, case, model)
        outcome = dict(case)
        outcome["steps"] = ran["logs"]
        outcome["weights"] = [[weight.path, list(weight.shape)] for weight in model.weights]
        outcome["optimizer_variables"] = [
            [variable.path, list(variable.shape), variable.dtype] for variable in model.optimizer.variables
        ]
        arrays[f"{case.id}/steps.weights"] = ran["weights"].astype("float32")
        arrays[f"{case.id}/steps.optimizer"] = ran["optimizer"].astype("float32")
        exact = in_float64(keras, case)
        outcome["float64_gap"] = None if exact is None else cases.gap(ran["weights"], exact)
        assert (outcome["float64_gap"] or 0) < 3e-6, (
            f"{case.id} is ill-conditioned: {outcome['float64_gap']:.1e}"
        )
        if by_fit:
            ran = cases.fit(keras, case)
            outcome["history"] = ran["history"]
            arrays[f"{case.id}/fit.weights"] = ran["weights"].astype("float32")
            arrays[f"{case.id}/fit.optimizer"] = ran["optimizer"].astype("float32")
        made.append(outcome)
    return made, arrays
