"""How large a model a file may ask for.

A few bytes can ask for a terabyte: `Dense(10**9)`, or a model that calls a model ten times, which
calls a model ten times, and so on.  So a description is measured before anything is made of it,
and while it is being made the weights are counted before they are allocated.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import FileFormatError
from chainrule.graph.variable import beginning_as

DEFAULT_BYTES = 2 << 30
MAX_LAYERS = 4096
MAX_CALLS = 100_000
MAX_NAME = 256
UNPRINTABLE = re.compile(r"[/\\<>&\"'`]")  # what paths, HTML and terminals would understand as more than a name


def check_config(config: Any, where: str) -> None:
    """Measure a model's description.

    Args:
        config: the description, as JSON gave it.
        where: the file it is from, in errors.

    Raises:
        FileFormatError: too many layers or calls of layers, or names that no layer can have.

    Example:
        >>> check_config({"class_name": "Sequential", "config": {"name": "a/b", "layers": []}}, "model.keras")
        Traceback (most recent call last):
        ...
        chainrule.errors.FileFormatError: model.keras: not a name
          expected  up to 256 printable characters, none of / \\ < > & " ' `
          got       'a/b'
    """
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise FileFormatError("this is no model", where=where, expected='{"class_name": …, "config": {…}}')
    layers = _check_names(config, where)
    if layers > MAX_LAYERS:
        raise FileFormatError(
            "the model has too many layers", where=where, expected=f"at most {MAX_LAYERS}", got=layers
        )
    calls = _calls(config)
    if calls > MAX_CALLS:
        raise FileFormatError(
            "the layers are called too often", where=where, expected=f"at most {MAX_CALLS} calls", got=calls
        )


def _check_names(value: Any, where: str) -> int:
    """Check all names below `value`, and count the layers."""
    if isinstance(value, list):
        return sum(_check_names(item, where) for item in value)
    if not isinstance(value, dict):
        return 0
    name = value.get("name")
    if isinstance(name, str) and (len(name) > MAX_NAME or not name.isprintable() or UNPRINTABLE.search(name)):
        raise FileFormatError(
            "not a name", where=where, got=ascii(name)[:120],
            expected=f"up to {MAX_NAME} printable characters, none of / \\ < > & \" ' `",
        )  # fmt: skip
    layers = value.get("layers")
    own = len(layers) if isinstance(layers, list) else 0
    return own + sum(_check_names(item, where) for item in value.values())


def _calls(entry: Any) -> int:
    """How many calls of layers one call of this layer or model is."""
    config = entry.get("config") if isinstance(entry, dict) else None
    layers = config.get("layers") if isinstance(config, dict) else None
    if not isinstance(layers, list):
        return 1
    return sum(_calls(layer) * max(1, _nodes(layer)) for layer in layers)


def _nodes(layer: Any) -> int:
    nodes = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    return len(nodes) if isinstance(nodes, list) else 1


@contextlib.contextmanager
def within(max_bytes: int, where: str) -> Iterator[None]:
    """Inside, weights begin as zeros, and only while all of them together have at most `max_bytes`.

    The system gives memory for zeros when they are first written to, so that nothing is used up by
    a model whose weights are not in the file.
    """
    used = 0

    def zeros(shape: tuple[int, ...], dtype: str) -> np.ndarray:
        nonlocal used
        used += math.prod(shape) * np.dtype(dtype).itemsize
        if used > max_bytes:
            raise FileFormatError(
                "the model needs more memory than a file may ask for", where=where,
                expected=f"at most {max_bytes:,} bytes of weights", got=f"{used:,} bytes or more",
                hint="if you trust the file, raise the limit: load_model(…, max_bytes=…)",
            )  # fmt: skip
        return np.zeros(shape, dtype)

    with beginning_as(zeros):
        yield
