"""`.h5`: the older format, one HDF5 file with the configs as attributes.

attributes          model_config and training_config (JSON), keras_version, backend
model_weights/      a group for each layer, by its name; in it the weights, by their paths
optimizer_weights/  the optimizer's state, by its paths
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.config import backend
from chainrule.errors import FileFormatError, UnknownNameError
from chainrule.graph.variable import Variable
from chainrule.layers.base import Layer
from chainrule.models.model import Model
from chainrule.saving import hdf5, strict_json
from chainrule.saving.registry import Config, find_class, serialize_keras_object
from chainrule.saving.weights import Assignments, array_for
from chainrule.version import KERAS_VERSION, __version__

ATTRIBUTE_BYTES = 64_000  # HDF5 keeps attributes below 64 KB; a longer list is cut up
TOP_LEVEL = "top_level_model_weights"


# Writing.


def write(path: Path, model: Model, include_optimizer: bool) -> None:
    """Write a model into a new file."""
    hdf5.write_sealed(path, lambda file: _write(file, model, include_optimizer))


def _write(file: Any, model: Model, include_optimizer: bool) -> None:
    versions = {"keras_version": KERAS_VERSION, "backend": backend()}
    file.attrs.update({**versions, "chainrule_version": __version__})
    file.attrs["model_config"] = json.dumps(_without_modules(serialize_keras_object(model)))
    weights = file.create_group("model_weights")
    weights.attrs.update(versions)
    _write_list(weights, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        _write_variables(weights.create_group(layer.name), ordered_weights(layer))
    _write_variables(weights.create_group(TOP_LEVEL), _own_weights(model))
    training = model.get_compile_config()
    if training and include_optimizer:
        file.attrs["training_config"] = json.dumps(_training_config(training))
        if model.optimizer.built:
            _write_variables(file.create_group("optimizer_weights"), model.optimizer.variables)


def ordered_weights(layer: Layer) -> list[Variable]:
    """The weights in this format's order: all that are trained first."""
    return layer.trainable_weights + layer.non_trainable_weights


def _own_weights(model: Model) -> list[Variable]:
    return model._trainable_variables + model._non_trainable_variables


def _write_variables(group: Any, variables: Sequence[Variable]) -> None:
    _write_list(group, "weight_names", [v.path for v in variables])
    for v in variables:
        group.create_dataset(v.path, data=v.value)


def _write_list(group: Any, name: str, texts: list[str]) -> None:
    import h5py

    if not texts:
        group.attrs[name] = np.zeros(0)  # as Keras writes a list of nothing
        return
    most = max(1, ATTRIBUTE_BYTES // max(16, *(len(text.encode()) for text in texts)))
    parts = [texts[k : k + most] for k in range(0, len(texts), most)]
    for number, part in enumerate(parts):
        group.attrs.create(name if len(parts) == 1 else f"{name}{number}", part, dtype=h5py.string_dtype())


def _training_config(config: Config) -> Config:
    rest = {key: _plain(value) for key, value in config.items() if key != "optimizer"}
    return {**rest, "optimizer_config": _plain(config["optimizer"])}


def _plain(value: Any) -> Any:
    """An object of a training config without its module."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and "class_name" in value:
        return {"class_name": _class_name(value), "config": value["config"]}
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _without_modules(entry: Config) -> Config:
    """The description of a model or layer as this format has it: a class name and a config."""
    config = dict(entry["config"])
    if isinstance(config.get("layers"), list):
        config["layers"] = [_without_modules(layer) for layer in config["layers"]]
    place: Config = {key: entry[key] for key in ("name", "inbound_nodes") if key in entry}
    return {"class_name": _class_name(entry), "config": config, **place}


def _class_name(entry: Config) -> str:
    """The class's name; of a user's own class, with the package that it was registered in."""
    return str(entry["class_name"] if entry["module"] else entry["registered_name"])


# Reading.


def _with_modules(entry: Any) -> Any:
    """The description as other formats have it: "Identity" is a layer here, and an initializer elsewhere."""
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict) or not isinstance(layers := config.get("layers"), list):
        return entry
    completed = [_as_layer(_with_modules(layer)) for layer in layers]
    return {**entry, "config": {**config, "layers": completed}}


def _as_layer(entry: Any) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        return entry
    layer = {"module": "keras.layers", **entry}
    try:
        find_class(layer)
    except UnknownNameError:  # a model inside the model, or nothing that we know
        return entry
    return layer


def read_config(root: hdf5.Group) -> Config:
    """The description of the model.

    Raises:
        FileFormatError: a file of weights alone, or a damaged description.
    """
    text = root.text("model_config", strict_json.MAX_BYTES)
    if text is None:
        raise FileFormatError(
            "the file holds weights without a model", where=root.where,
            hint="build the model as it was and use model.load_weights(…)",
        )  # fmt: skip
    config: Config = _with_modules(strict_json.loads(text.encode(), f"{root.where}, model_config"))
    return config


def compile_as_written(root: hdf5.Group, model: Model) -> bool:
    """Compile a model as the file says; whether it says so."""
    from chainrule import losses, metrics, optimizers

    text = root.text("training_config", strict_json.MAX_BYTES)
    if text is None:
        return False
    config = strict_json.loads(text.encode(), f"{root.where}, training_config")
    model.compile(
        optimizers.deserialize(config["optimizer_config"]),
        loss=_objects(config.get("loss"), losses.deserialize),
        loss_weights=config.get("loss_weights"),
        metrics=_objects(config.get("metrics"), metrics.deserialize),
        weighted_metrics=_objects(config.get("weighted_metrics"), metrics.deserialize),
    )
    return True


def _objects(value: Any, deserialize: Callable[[Any], Any]) -> Any:
    """A structure of names, which stay, and of configs, whose objects take their place."""
    if isinstance(value, list):
        return [_objects(item, deserialize) for item in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _objects(item, deserialize) for key, item in value.items()}
    return deserialize(value) if isinstance(value, dict) else value


def weights_of(root: hdf5.Group, model: Model, max_bytes: int, check_finite: bool) -> Assignments:
    """What the file says of the weights: by the layers' names, or, where these differ, in their order.

    Raises:
        FileFormatError: weights of another model.
    """
    stored = root.find("model_weights") or root  # files of weights alone have the layers at the top
    layers = [layer for layer in model.layers if layer.weights]
    names = [layer.name for layer in layers]
    if any(name not in stored for name in names):
        names = _names_in_order(stored, len(model.layers), max_bytes)
    if len(names) != len(layers):
        raise FileFormatError(
            "the file's weights are another model's", where=stored.where,
            expected=f"{len(layers)} layers with weights", got=len(names),
        )  # fmt: skip
    taken: Assignments = []
    for name, layer in zip(names, layers, strict=True):
        taken += _variables(stored.group(name), ordered_weights(layer), max_bytes, check_finite)
    if TOP_LEVEL in stored:
        taken += _variables(stored.group(TOP_LEVEL), _own_weights(model), max_bytes, check_finite)
    return taken


def _names_in_order(stored: hdf5.Group, count: int, max_bytes: int) -> list[str]:
    names = stored.texts("layer_names", count, max_bytes)
    return [name for name in names if stored.group(name).names()]


def optimizer_state_of(root: hdf5.Group, model: Model, max_bytes: int, check_finite: bool) -> Assignments:
    """What the file says of the optimizer's state; nothing where it had not begun to train."""
    stored = root.find("optimizer_weights")
    if stored is None:
        return []
    model.optimizer.build(model.trainable_variables)
    return _variables(stored, model.optimizer.variables, max_bytes, check_finite)


def _variables(group: hdf5.Group, variables: Sequence[Variable], max_bytes: int, check_finite: bool) -> Assignments:
    names = group.texts("weight_names", len(variables), max_bytes)
    return [(v, array_for(group, name, v, check_finite)) for name, v in zip(names, variables, strict=True)]
