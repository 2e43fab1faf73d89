"""Wrapper: a layer around a layer."""

from __future__ import annotations

from typing import Any

from chainrule.errors import ArgumentError
from chainrule.layers.base import Layer


class Wrapper(Layer):
    """Base class of layers that change how another one works.

    Args:
        layer: the layer inside.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ArgumentError("there is a layer to wrap", where=type(self).__name__, expected="a Layer", got=layer)
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
