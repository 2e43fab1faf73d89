"""What the make_*.py scripts share: Keras on TensorFlow, made deterministic, and the writing of cases."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from typing import Any

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
os.environ.update(TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")

import keras
import numpy as np
import tensorflow as tf

from golden.cases import DATA, Array

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.config.experimental.enable_op_determinism()
keras.utils.set_random_seed(0)

Spec = dict[str, Any]


def new(class_name: str, **config: Any) -> Spec:
    """The JSON of an object to build: new("layers.Dense", units=3)."""
    return {"class_name": class_name, "config": config}


def dense(units: int, activation: Any = None, **config: Any) -> Spec:
    return new("layers.Dense", units=units, activation=activation, **config)


def entry(*shape: int, **config: Any) -> Spec:
    return new("Input", shape=list(shape), **config)


def gradient(function: Callable[[Any], Any], x: Array, upstream: Array | None = None) -> tuple[Array, Array]:
    """function(x), and the gradient with respect to x of its sum, weighted by upstream where given."""
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = function(tensor)
    weights = None if upstream is None else tf.constant(upstream)
    slope = tape.gradient(value, tensor, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return np.asarray(value), np.asarray(tf.convert_to_tensor(slope))


def plain(value: Any) -> Any:
    """A JSON form of whatever a config holds."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if hasattr(value, "get_config"):
        return keras.saving.serialize_keras_object(value)
    raise TypeError(f"no JSON for {type(value)}")


def save(topic: str, cases: list[Spec], arrays: dict[str, Array] | None = None) -> None:
    """Write data/<topic>.json, one case a line, and data/<topic>.npz."""
    ids = [case["id"] for case in cases]
    assert len(set(ids)) == len(ids), f"two cases of one name in {topic}"
    DATA.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case, default=plain) for case in cases)
    (DATA / f"{topic}.json").write_text(f"[\n{lines}\n]\n")
    if arrays:
        np.savez_compressed(DATA / f"{topic}.npz", **arrays)
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__, "numpy": np.__version__}
    versions |= {"python": platform.python_version(), "machine": platform.machine()}
    (DATA / "versions.json").write_text(json.dumps(versions, indent=1) + "\n")
    print(f"{topic}: {len(cases)} cases, {len(arrays or {})} arrays")
