"""Sequential: layers one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.graph.tensor import Tensor, tracing
from chainrule.layers.base import Layer, putting_together
from chainrule.layers.input import Input, InputLayer
from chainrule.models.model import Model


class Sequential(Model):
    """Layers one after another.

    Without an `Input` at the front the weights are made when the model first sees data.

    Args:
        layers: the layers, or None to `add` them.
        trainable: whether training may change the weights.
        name: name in summaries and files.

    Example:
        >>> from chainrule.layers import Dense, Input
        >>> model = Sequential([Input((4,)), Dense(3, activation="relu"), Dense(2)])
        >>> model.count_params()
        23
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._input: Tensor | None = None
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise ArgumentError(
                "the layers come as a list", where=self.name, got=type(layers).__name__, hint="Sequential([…, …])"
            )
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._build_if_known()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Args:
            layer: a layer, a model, or the tensor that `Input` gave.
            rebuild: make weights at once where the input shape is known.

        Raises:
            ArgumentError: not a layer, a name that is taken, or an Input that is not the first.
        """
        if isinstance(layer, Tensor) and layer.origin is not None:
            layer = layer.origin.layer
        if not isinstance(layer, Layer):
            raise ArgumentError(
                "only layers can be added", where=self.name, expected="a layer", got=repr(layer)[:60],
                hint=f"{layer.__name__}(…) with its arguments" if isinstance(layer, type) else
                "Activation(…) makes a layer of a function" if callable(layer) else "Dense(10), for one",
            )  # fmt: skip
        if any(layer.name == other.name for other in self._sublayers):
            raise ArgumentError(
                "a layer of this name is there already", where=self.name, got=repr(layer.name),
                hint="one layer cannot stand in two places of a Sequential; make a second"
                if any(layer is other for other in self._sublayers) else "give each layer a name of its own, or none",
            )  # fmt: skip
        if isinstance(layer, InputLayer):
            if self._sublayers or self._input is not None:
                raise ArgumentError("an Input comes first", where=self.name, hint="put it before all other layers")
            self._input = layer.tensor
        else:
            if not self._sublayers and self._input is None and layer.input_shape_argument is not None:
                self._input = Input(shape=layer.input_shape_argument)
            self._track_layer(layer)
        self._forget_traces()
        if rebuild:
            self.built = False
            self._build_if_known()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off and return it."""
        if not self._sublayers:
            raise ArgumentError("there is no layer to take off", where=self.name)
        layer = self._sublayers.pop()
        self._forget_traces()
        if rebuild:
            self.built = False
            self._build_if_known()
        return layer

    def _build_if_known(self) -> None:
        first = self._sublayers[0] if self._sublayers else None
        if self._input is None and getattr(first, "inputs", None):
            self._input = Input(batch_shape=first.inputs[0].shape)  # type: ignore[union-attr]
        if self._input is not None and self._sublayers:
            self._make(self._input.shape)

    def _make(self, shape: tuple[int | None, ...]) -> None:
        """Call the layers on an input, which makes their weights and the shapes between them."""
        if self._input is None:
            self._input = Input(batch_shape=(None, *shape[1:]))
        x: Any = self._input
        self.inputs = [x]
        with self.named(), tracing(), putting_together():
            for layer in self._sublayers:
                layer._calls.clear()
                x = layer(x)
        self.outputs = [x]
        self._build_shape = tuple(shape)
        self.built = True

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape, batch axis included."""
        if input_shape is not None:
            self._make(tuple(input_shape))

    def _build(self, inputs: Any) -> None:
        if isinstance(inputs, (list, tuple, dict)):
            raise ArgumentError("a Sequential model has one input", where=self.name, hint="use Model(inputs, outputs)")
        self._make((None, *inputs.shape[1:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers one after another."""
        for layer in self._sublayers:
            inputs = layer(inputs, training=training)
        return inputs

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer."""
        return [self._sublayers[-1].name] if self._sublayers else []

    @property
    def input_names(self) -> list[str]:
        """The name of the input."""
        return [self._input.name] if self._input is not None else []

    def get_config(self) -> dict[str, Any]:
        """The configs of the layers."""
        from chainrule.saving.registry import serialize_keras_object

        front = [self._input.origin.layer] if self._input is not None else []
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": Layer.get_config(self)["dtype"],
            "layers": [serialize_keras_object(layer) for layer in (*front, *self._sublayers)],
        }
        if self.built:
            config["build_input_shape"] = self._build_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The model that `get_config` described."""
        from chainrule.saving.registry import deserialize_keras_object

        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for item in config["layers"]:
            model.add(deserialize_keras_object(item, custom_objects=custom_objects), rebuild=False)
        model._build_if_known()
        shape = config.get("build_input_shape")
        if not model.built and shape:
            model.build(tuple(shape))
        return model
