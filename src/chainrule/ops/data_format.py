"""Where the channels are: the last axis inside, the user's choice at the edge.

Everything here computes on (N, *sizes, C).  Whoever asks for "channels_first", (N, C, *sizes),
gets one transposition before and one after.
"""

from __future__ import annotations

from typing import Any

from chainrule import config
from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.shape import shape_of, transpose
from chainrule.spec import Shape

FORMATS = ("channels_last", "channels_first")
BATCHES = {1: ("signals", "(N, L, C)"), 2: ("images", "(N, H, W, C)"), 3: ("volumes", "(N, D, H, W, C)")}
BATCHES_FIRST = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


def data_format_of(data_format: str | None, where: str) -> str:
    """The format asked for; `config.image_data_format()` where none is.

    Raises:
        ArgumentError: there is no such format.
    """
    if data_format is None:
        return config.image_data_format()
    if data_format not in FORMATS:
        choices = '"channels_last" or "channels_first"'
        raise ArgumentError("there is no such data format", where=where, expected=choices, got=repr(data_format))
    return data_format


def channels_last(x: Any, data_format: str) -> Any:
    """`x` as (N, *sizes, C).

    Example:
        >>> import numpy as np
        >>> channels_last(np.zeros((5, 3, 28, 20)), "channels_first").shape
        (5, 28, 20, 3)
    """
    if data_format == "channels_last":
        return x
    return transpose(x, (0, *range(2, len(shape_of(x))), 1))


def as_given(y: Any, data_format: str) -> Any:
    """`y` (N, *sizes, C) in the user's format.

    Example:
        >>> import numpy as np
        >>> as_given(np.zeros((5, 28, 20, 3)), "channels_first").shape
        (5, 3, 28, 20)
    """
    if data_format == "channels_last":
        return y
    rank = len(shape_of(y))
    return transpose(y, (0, rank - 1, *range(1, rank - 1)))


def check_batch(shape: Shape, rank: int, data_format: str, where: str) -> None:
    """Raise a ShapeError unless `shape` is that of a batch of signals (rank 1), images (2) or volumes (3)."""
    if len(shape) == rank + 2:
        return
    things, expected = BATCHES[rank]
    last = data_format == "channels_last"
    hint = ""
    if len(shape) == rank + 1:
        one, axis = things.removesuffix("s"), "x[..., None]" if last else "x[:, None]"
        hint = f"{things} without channels take a channel axis: {axis}; one {one} alone the batch's: x[None]"
    raise ShapeError(
        f"the input is not a batch of {things}", where=where, expected=expected if last else BATCHES_FIRST[rank],
        got=shape, hint=hint,
    )  # fmt: skip
