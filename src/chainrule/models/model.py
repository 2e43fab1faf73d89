"""Model: a layer that can be trained, saved and asked for predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, NotBuiltError, UnknownNameError
from chainrule.graph.tensor import Tensor, tracing
from chainrule.layers.base import Layer, is_calling
from chainrule.spec import TensorSpec
from chainrule.training.trainer import Trainer
from chainrule.tree import flatten, map_shapes


class Model(Trainer):
    """A network of layers.

    `Model(inputs, outputs)` makes one of layers that were called on `Input`s; a subclass
    that writes `call` makes one of whatever it computes.

    Args:
        inputs: the tensors that `Input` gave, as one, a list or a dict.
        outputs: the tensors to compute, as one, a list or a dict.
        name: name in summaries and files.

    Example:
        >>> from chainrule.layers import Dense, Input
        >>> inputs = Input((4,))
        >>> model = Model(inputs, Dense(2)(inputs))
        >>> model.output_shape
        (None, 2)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and (args or "inputs" in kwargs):
            from chainrule.models.functional import Functional

            return Functional.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the weights of all layers, by calling the model on an input of this shape.

        Args:
            input_shape: the shape, batch axis included; a list or a dict of shapes for several inputs.
        """
        if input_shape is None or self.built or is_calling():
            return
        self.built = True  # for the call below, which would build
        self._build_shape = input_shape
        with tracing():
            self(map_shapes(lambda s: Tensor(TensorSpec(s, np.dtype(self.dtype_name)), "input"), input_shape))

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside the model."""
        return list(self._sublayers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises:
            UnknownNameError: no layer has this name.
        """
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ArgumentError(
                    "there is no such layer", where=self.name, expected=f"0 to {len(self.layers) - 1}", got=index
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnknownNameError.of("layer", name, [layer.name for layer in self.layers], where=self.name)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print the layers, their output shapes and their numbers of weights.

        Args:
            line_length: width of the table, in characters.
            positions: accepted for Keras's sake.
            print_fn: called with the text instead of `print`.
            expand_nested: show the layers of models inside the model.
            show_trainable: show which layers training may change.
            layer_range: names, or regular expressions, of the first and the last layer to show.
        """
        from chainrule.models.summary import summary

        text = summary(self, line_length, expand_nested, show_trainable, layer_range)
        (print_fn or print)(text)

    def save(self, filepath: Any, overwrite: bool = True, zipped: Any = None, **kwargs: Any) -> None:
        """Write architecture, weights and training state to a `.keras` or `.h5` file.

        Args:
            filepath: where to; the ending says which format.
            overwrite: replace a file that is there.
            zipped: accepted for Keras's sake; a `.keras` file is always one file.
            **kwargs: `include_optimizer`, for `.h5`.
        """
        from chainrule.saving.models import save_model

        save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None) -> None:
        """Write the weights to a `.weights.h5` file."""
        from chainrule.saving.models import save_weights

        save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read the weights from a `.weights.h5`, `.keras` or `.h5` file."""
        from chainrule.saving.models import load_weights

        load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON."""
        import json

        from chainrule.saving.registry import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The model that `get_config` described."""
        from chainrule.saving.registry import custom_object_scope

        if cls is Model and "input_layers" in config:
            from chainrule.models.functional import Functional

            return Functional.from_config(config, custom_objects)
        with custom_object_scope(custom_objects or {}):
            return super().from_config(config)

    def export(
        self, filepath: Any, format: str = "tf_saved_model", verbose: Any = None, input_signature: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Not there: use `save`."""
        raise ArgumentError("models are not exported here yet", where=self.name, hint='model.save("model.keras")')

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or a list of shapes."""
        return _one_or_all([x.shape for x in self._symbolic("inputs")])

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or a list of shapes."""
        return _one_or_all([x.shape for x in self._symbolic("outputs")])

    @property
    def input(self) -> Any:
        """The input tensor, or a list of them."""
        return _one_or_all(self._symbolic("inputs"))

    @property
    def output(self) -> Any:
        """The output tensor, or a list of them."""
        return _one_or_all(self._symbolic("outputs"))

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: the layers that give them."""
        return [x.origin.layer.name if x.origin is not None else x.name for x in self._symbolic("outputs")]

    def _symbolic(self, which: str) -> list[Tensor]:
        tensors = getattr(self, which, None)
        if tensors is None:
            raise NotBuiltError(
                "the model has no shapes yet", where=self.name,
                hint="begin with an Input, call model.build((None, features)), or fit it first",
            )  # fmt: skip
        return flatten(tensors)


def _one_or_all(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items
