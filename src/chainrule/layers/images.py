"""What layers that change images share: what they take, and which axis is which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from chainrule import ops
from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.layers.data_format import as_given, channels_last, data_format_of
from chainrule.layers.preprocessing import _OfNumbers
from chainrule.ops.primitive import is_symbolic
from chainrule.random import SeedGenerator


def whole_size(value: Any, name: str, where: str) -> int:
    """A height or width."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ArgumentError(f"{name} is a number of pixels", where=where, expected="1 or more", got=repr(value))
    return value


class ImageLayer(_OfNumbers):
    """A layer on images (N, H, W, C), or on arrays (H, W, C) of one image.

    Args:
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        bounding_box_format: boxes are not changed along with images here; must be None.
    """

    _fits_any_shape = True
    _config_skips: ClassVar[tuple[str, ...]] = ("bounding_box_format",)

    def __init__(self, data_format: str | None = None, bounding_box_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        if bounding_box_format is not None:
            raise ArgumentError("boxes are not changed here", where=where, expected=None, got=bounding_box_format)
        self.data_format = data_format_of(data_format, where)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}

    def on_images(self, inputs: Any, function: Callable[[Any], Any]) -> Any:
        """`function`, which takes and gives floats (N, H, W, C), of images as they were given."""
        if isinstance(inputs, (dict, list, tuple)):
            raise ArgumentError(
                "the images go in alone", where=f"{type(self).__name__} {self.name!r}", expected="one array",
                got=f"a {type(inputs).__name__}", hint="labels need no change: pass x, not (x, y)",
            )  # fmt: skip
        rank = len(inputs.shape)
        if rank not in ((4,) if isinstance(inputs, Tensor) else (3, 4)):
            last = self.data_format == "channels_last"
            raise ShapeError(
                "the input is not a batch of images", where=f"{type(self).__name__} {self.name!r}",
                expected="(N, H, W, C)" if last else "(N, C, H, W)", got=tuple(inputs.shape),
                hint="images without channels take a channel axis: x[..., None]" if rank in (2, 3) and last else "",
            )  # fmt: skip
        batch = self._as_floats(inputs if rank == 4 else ops.expand_dims(inputs, 0))
        outputs = as_given(function(channels_last(batch, self.data_format)), self.data_format)
        return outputs if rank == 4 else ops.squeeze(outputs, 0)


class RandomImageLayer(ImageLayer):
    """A layer that draws random numbers for images: while training, and also when it is called on its own.

    Its state counts the steps, so a resumed training goes on as an uninterrupted one.

    Args:
        seed: seed of what is drawn.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def state(self, images: Any) -> Any:
        """The generator's state as a leaf of the graph; advanced at once where nothing is recorded."""
        return self.generator.state if is_symbolic(images) else self.generator.next()

    def call(self, inputs: Any, training: bool = True) -> Any:
        return self.on_images(inputs, self.changed if training else self.unchanged)

    def changed(self, images: Any) -> Any:
        """What training sees."""
        raise NotImplementedError

    def unchanged(self, images: Any) -> Any:
        """What predicting sees."""
        return images
