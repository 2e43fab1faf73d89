"""What layers on signals, images and volumes have: a number of axes, and a place for the channels."""

from __future__ import annotations

from typing import Any, ClassVar

from chainrule.layers.base import InputSpec, Layer
from chainrule.layers.data_format import check_batch, data_format_of
from chainrule.tree import flatten


class Spatial(Layer):
    """A layer on signals (rank 1), images (2) or volumes (3).

    Args:
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
    """

    rank: ClassVar[int]

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format, type(self).__name__)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _check(self, inputs: Any) -> None:
        for x in flatten(inputs):
            check_batch(tuple(x.shape), self.rank, self.data_format, f"{type(self).__name__} {self.name!r}")

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes between samples and channels."""
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))
