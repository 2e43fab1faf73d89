"""Functional: a model made of layers that were called on `Input`s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.errors import ArgumentError, DataError, UnknownNameError
from chainrule.graph.tensor import Node, Tensor
from chainrule.layers.base import Layer, LayerCall
from chainrule.layers.input import InputLayer
from chainrule.models.model import Model
from chainrule.tree import flatten, map_structure

Operation = LayerCall | Node  # what makes a tensor of a model: a layer, or an operation between layers


class Functional(Model):
    """A model of an acyclic graph of layer calls.

    Args:
        inputs: tensors that `Input` gave, as one, a list or a dict.
        outputs: tensors to compute, as one, a list or a dict.
        name: name in summaries and files.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        inputs, outputs = _in_keras_order(inputs), _in_keras_order(outputs)
        for x in flatten(inputs):
            if not isinstance(x, Tensor) or not isinstance(getattr(x.origin, "layer", None), InputLayer):
                raise ArgumentError(
                    "the inputs of a model are what `Input` gave", where=self.name, got=type(x).__name__,
                    hint="inputs = Input(shape=(784,))",
                )  # fmt: skip
        for y in flatten(outputs):
            if not isinstance(y, Tensor):
                raise ArgumentError(
                    "the outputs of a model are tensors", where=self.name, got=type(y).__name__,
                    hint="call the layers on the inputs: outputs = Dense(10)(inputs)",
                )  # fmt: skip
        self._input_structure, self._output_structure = inputs, outputs
        self.inputs: list[Tensor] = flatten(inputs)
        self.outputs: list[Tensor] = flatten(outputs)
        self.operations: list[Operation] = operations_of(self.inputs, self.outputs, self.name)
        for layer in layers_by_depth(self.operations, self.outputs):
            self._track_layer(layer)
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ArgumentError(
                "two layers have the same name", where=self.name, got=", ".join(twice),
                hint="give each layer a name of its own, or none",
            )  # fmt: skip
        self.built = True

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, as the keys in dicts of arrays."""
        return [x.origin.layer.name for x in self.inputs]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers in order on other tensors or arrays."""
        given = dict(zip(self.inputs, self.in_order(inputs), strict=True))
        return replay(self.operations, given, self._output_structure, training)

    def in_order(self, inputs: Any) -> list[Any]:
        """Inputs given as one, a list, or a dict by name, in the order of the model.

        Raises:
            DataError: too many or too few.
        """
        if isinstance(inputs, dict):
            missing = [name for name in self.input_names if name not in inputs]
            if missing and isinstance(self._input_structure, dict):
                missing = [key for key in self._input_structure if key not in inputs]
                if not missing:
                    return [inputs[key] for key in self._input_structure]
            strangers = [key for key in inputs if key not in self.input_names]
            if missing and strangers:
                raise UnknownNameError.of("input", strangers[0], self.input_names, where=self.name)
            if missing:
                raise DataError(
                    "an input is missing", where=self.name, expected=", ".join(self.input_names),
                    got=", ".join(map(str, inputs)),
                )  # fmt: skip
            return [inputs[name] for name in self.input_names]
        given = flatten(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if len(given) != len(self.inputs):
            raise DataError(
                "the model has another number of inputs", where=self.name,
                expected=f"{len(self.inputs)} ({', '.join(self.input_names)})", got=len(given),
            )  # fmt: skip
        return given

    def get_config(self) -> dict[str, Any]:
        """The graph of layer calls, as Keras writes it."""
        from chainrule.models.functional_config import config_of

        return config_of(self)

    def get_build_config(self) -> dict[str, Any]:
        """The inputs say all shapes already."""
        return {"input_shape": None}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The model that `get_config` described."""
        from chainrule.models.functional_config import model_of

        return model_of(cls, config, custom_objects)


def operations_of(inputs: list[Tensor], outputs: list[Tensor], where: str) -> list[Operation]:
    """The layer calls and operations between `inputs` and `outputs`, each after those it needs."""
    order: list[Operation] = []
    seen: set[int] = set()
    given = {id(x) for x in inputs}
    stack: list[tuple[Operation, bool]] = []

    def push(x: Tensor) -> None:
        maker = _maker(x)
        if maker is not None and id(maker) not in seen:
            if isinstance(maker, LayerCall) and isinstance(maker.layer, InputLayer) and id(x) not in given:
                raise ArgumentError(
                    "an output depends on an Input that is not among the inputs", where=where,
                    got=x.name, hint=f"add {x.name!r} to the inputs of the model",
                )  # fmt: skip
            stack.append((maker, False))

    for x in reversed([*inputs, *outputs]):
        push(x)
    while stack:
        maker, done = stack.pop()
        if done:
            order.append(maker)
        elif id(maker) not in seen:
            seen.add(id(maker))
            stack.append((maker, True))
            for x in reversed(maker.inputs):
                push(x)
    return order


def layers_by_depth(operations: list[Operation], outputs: list[Tensor]) -> list[Layer]:
    """The layers, those farthest from the outputs first, as Keras orders them, and the weights with them.

    Layers as far from the outputs as each other come in the order in which a walk from the outputs
    back to the inputs meets them.
    """
    depth: dict[int, int] = {}  # of operations; of a layer, that of its call farthest from the outputs
    layers: dict[Layer, int] = {}
    for operation in reversed(operations):
        far = depth.get(id(operation), 0)
        if isinstance(operation, LayerCall):
            far = layers[operation.layer] = max(far, layers.get(operation.layer, 0))
        for x in operation.inputs:
            maker = _maker(x)
            depth[id(maker)] = max(far + 1, depth.get(id(maker), 0))
    met: dict[Layer, int] = {}
    seen: set[int] = set()
    stack = [_maker(x) for x in reversed(outputs)]
    while stack:
        maker = stack.pop()
        if maker is not None and id(maker) not in seen:
            seen.add(id(maker))
            if isinstance(maker, LayerCall):
                met.setdefault(maker.layer, len(met))
            stack += [_maker(x) for x in reversed(maker.inputs)]
    return sorted(layers, key=lambda layer: (-layers[layer], met.get(layer, -1)))


def _in_keras_order(tensors: Any) -> Any:
    """Dicts by their keys, since the lists that `evaluate` and `output_names` give follow them."""
    return dict(sorted(tensors.items())) if isinstance(tensors, dict) else tensors


def _maker(x: Tensor) -> Operation | None:
    """What made a tensor."""
    return x.origin if x.origin is not None else x.node


def replay(operations: list[Operation], given: dict[Tensor, Any], outputs: Any, training: bool | None) -> Any:
    """Do the same calls on other tensors or arrays."""
    value = dict(given)

    def now(x: Any) -> Any:
        return value.get(x, x) if isinstance(x, Tensor) else x

    lookup: Callable[[Any], Any] = now
    for operation in operations:
        if isinstance(operation, Node):
            value[operation.outputs[0]] = operation.primitive(*map(now, operation.inputs), **operation.attrs)
        elif not isinstance(operation.layer, InputLayer):
            args = map_structure(lookup, operation.args)
            kwargs = map_structure(lookup, {k: v for k, v in operation.kwargs.items() if k != "training"})
            said = operation.kwargs.get("training")
            results = flatten(operation.layer(*args, **kwargs, training=said if training is None else training))
            value.update(zip(operation.outputs, results, strict=True))
    return map_structure(lookup, outputs)


def layer_calls(model: Functional) -> list[tuple[Layer, LayerCall]]:
    """The calls of layers in the model, in order."""
    return [(o.layer, o) for o in model.operations if isinstance(o, LayerCall)]
