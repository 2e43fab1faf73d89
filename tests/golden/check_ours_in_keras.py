"""Load the models of write_ours.py in Keras, and note what it makes of them in ours/evidence.json.

keras-env/bin/python -m golden.check_ours_in_keras
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from golden import cases
from golden.cases import gap
from golden.maker import keras, tf

OURS = cases.DATA.parent / "ours"


def train(model: Any, x: Any, labels: Any) -> None:
    case = cases.Case(x=x, y=labels, batch_size=13, epochs=1)
    for batch, target, _ in cases.batches(case):
        model.train_on_batch(batch, target)


def check(name: str, arrays: Any) -> dict[str, Any]:
    x, labels = cases.inputs("x"), cases.inputs("labels")
    inputs = [x, x[::-1]] if name == "every-layer" else x
    found: dict[str, Any] = {}
    for ending in (".keras", ".h5", ".weights.h5"):
        path = OURS / (name + ending)
        keras.backend.clear_session()
        if ending == ".weights.h5":
            model = keras.models.load_model(OURS / f"{name}.keras")
            model.set_weights([weight * 0 for weight in model.get_weights()])
            model.load_weights(path)
        else:
            model = keras.models.load_model(path)
        found[path.name] = {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "predictions": gap(model.predict(inputs, verbose=0), arrays[f"{name}/predictions"]),
            "weights": gap(cases.flat(model.get_weights()), arrays[f"{name}/saved"]),
        }
        if f"{name}/resumed" in arrays and ending != ".h5":  # Keras cannot resume from its own `.h5` either
            train(model, inputs, labels)
            resumed = cases.flat(model.get_weights()), cases.optimizer_values(model.optimizer)
            found[path.name]["resumed"] = gap(resumed[0], arrays[f"{name}/resumed"])
            found[path.name]["resumed.optimizer"] = gap(resumed[1], arrays[f"{name}/resumed.optimizer"])
        elif getattr(model, "optimizer", None) is not None and ending != ".h5":
            train(model, inputs, labels)
    return found


if __name__ == "__main__":
    import numpy as np

    with np.load(OURS / "ours.npz") as stored:
        arrays = dict(stored)
    evidence: dict[str, Any] = {"keras": keras.__version__, "tensorflow": tf.__version__, "files": {}}
    for name in dict.fromkeys(key.split("/")[0] for key in arrays):
        evidence["files"] |= check(name, arrays)
    (OURS / "evidence.json").write_text(json.dumps(evidence, indent=1) + "\n")
    for file, values in evidence["files"].items():
        print(file, {key: value for key, value in values.items() if key != "sha256"})
