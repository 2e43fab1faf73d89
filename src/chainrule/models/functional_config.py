"""The graph of a functional model as JSON, and back, as Keras writes it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

from chainrule.errors import FileFormatError
from chainrule.graph.tensor import Node, Tensor
from chainrule.layers.base import LayerCall
from chainrule.models.functional import Functional, layer_calls
from chainrule.saving.registry import deserialize_keras_object, serialize_keras_object
from chainrule.tree import flatten, map_structure


def config_of(model: Functional) -> dict[str, Any]:
    """Layers, their calls by place, and which outputs are the model's."""
    loose = [o for o in model.operations if isinstance(o, Node)]
    if loose:
        raise FileFormatError(
            "a model with operations between its layers cannot be written down", where=model.name, got=loose[0].label,
            hint="put the operation into a layer of its own, with `call` and register_keras_serializable",
        )  # fmt: skip
    calls: dict[str, list[LayerCall]] = {}
    for layer, call in layer_calls(model):
        calls.setdefault(layer.name, []).append(call)
    place = {
        id(y): [name, k, j]
        for name, made in calls.items()
        for k, call in enumerate(made)
        for j, y in enumerate(call.outputs)
    }

    def tensor(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return serialize_keras_object(x)
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": list(x.shape), "dtype": x.dtype, "keras_history": place[id(x)]},
        }

    layers = []
    for layer in model.layers:
        entry = dict(serialize_keras_object(layer))
        entry["name"] = layer.name
        nodes = [
            {"args": [map_structure(tensor, a) for a in call.args], "kwargs": map_structure(tensor, call.kwargs)}
            for call in calls[layer.name]
        ]
        entry["inbound_nodes"] = [] if not nodes[0]["args"] else nodes
        layers.append(entry)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _places(model._input_structure, place),
        "output_layers": _places(model._output_structure, place),
    }


def _places(structure: Any, place: dict[int, list[Any]]) -> Any:
    if isinstance(structure, Tensor):
        return place[id(structure)]
    return map_structure(lambda x: place[id(x)], structure)


def model_of(cls: type, config: dict[str, Any], custom_objects: Any = None) -> Functional:
    """Make the layers, call them in the order in which their inputs become known, and take the model."""
    layers = {e["name"]: deserialize_keras_object(e, custom_objects=custom_objects) for e in config["layers"]}
    made: dict[tuple[str, int], list[Tensor]] = {}
    for name, layer in layers.items():
        if layer._calls:
            made[name, 0] = list(layer._calls[0].outputs)
    nodes = {(e["name"], k): node for e in config["layers"] for k, node in enumerate(e.get("inbound_nodes") or [])}

    def history(x: Any) -> tuple[str, int, int] | None:
        if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
            name, k, j = x["config"]["keras_history"]
            return name, k, j
        return None

    def resolve(x: Any) -> Any:
        found = history(x)
        if found is not None:
            return made[found[0], found[1]][found[2]]
        if isinstance(x, list):
            return [resolve(item) for item in x]
        if isinstance(x, dict) and "class_name" not in x:
            return {k: resolve(item) for k, item in x.items()}
        return deserialize_keras_object(x, custom_objects=custom_objects) if isinstance(x, dict) else x

    def needs(x: Any) -> list[tuple[str, int]]:
        found = history(x)
        if found is not None:
            return [found[:2]]
        children = x if isinstance(x, list) else list(x.values()) if isinstance(x, dict) else []
        return [need for child in children for need in needs(child)]

    before = {
        (name, k): needs([node["args"], node["kwargs"]]) + ([(name, k - 1)] if k else [])
        for (name, k), node in nodes.items()
    }
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise FileFormatError(
            "the calls of the layers depend on each other in a circle", where=config.get("name", "model"),
            got=", ".join(sorted({name for name, _ in error.args[1]})),
        ) from error  # fmt: skip
    for name, k in order:
        if (name, k) in nodes:
            node = nodes[name, k]
            kwargs = {key: resolve(v) for key, v in node["kwargs"].items() if v is not None}
            made[name, k] = flatten(layers[name](*(resolve(a) for a in node["args"]), **kwargs))

    def tensors(places: Any) -> Any:
        if isinstance(places, list) and len(places) == 3 and isinstance(places[0], str):
            return made[places[0], places[1]][places[2]]
        if isinstance(places, dict):
            return {k: tensors(v) for k, v in places.items()}
        return [tensors(item) for item in places]

    model = cls(tensors(config["input_layers"]), tensors(config["output_layers"]), name=config.get("name"))
    model.trainable = config.get("trainable", True)
    return model  # type: ignore[no-any-return]
