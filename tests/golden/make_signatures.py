"""Make signatures.json: the arguments and defaults of Keras's public classes, functions and methods."""

from __future__ import annotations

import inspect
import json
from typing import Any

from golden.cases import DATA
from golden.maker import keras

MODULES = [
    *("activations", "backend", "callbacks", "config", "constraints", "initializers", "layers", "losses"),
    *("metrics", "models", "ops", "optimizers", "optimizers.schedules", "random", "regularizers", "saving"),
    *("datasets.mnist", "datasets.fashion_mnist", "utils"),
]
TOP = [
    *("Initializer", "Input", "InputSpec", "Layer", "Loss", "Metric", "Model", "Optimizer", "Regularizer"),
    *("Sequential", "Variable"),
]
BASES = [
    *("Layer", "Loss", "Metric", "Model", "Optimizer", "Sequential", "Variable"),
    *("callbacks.Callback", "layers.Normalization"),
]


def signature(thing: Any) -> str | None:
    try:
        return str(inspect.signature(thing))
    except (TypeError, ValueError):
        return None


def resolve(dotted: str) -> Any:
    thing = keras
    for part in dotted.split("."):
        thing = getattr(thing, part)
    return thing


def signatures() -> dict[str, str]:
    things = {name: getattr(keras, name) for name in TOP}
    for module in MODULES:
        names = (name for name in dir(resolve(module)) if not name.startswith("_"))
        things |= {f"{module}.{name}": getattr(resolve(module), name) for name in names}
    for base in BASES:
        for name, method in inspect.getmembers(resolve(base), callable):
            if not name.startswith("_") and name != "call":  # a layer's `call` is the layer's own affair
                things[f"{base}#{name}"] = method
    found = {name: signature(thing) for name, thing in things.items() if callable(thing)}
    return {name: text for name, text in sorted(found.items()) if text is not None and "<" not in text}


if __name__ == "__main__":
    (DATA / "signatures.json").write_text(json.dumps(signatures(), indent=0) + "\n")
