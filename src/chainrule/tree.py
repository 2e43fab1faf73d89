"""Structures: an array or a tensor, or lists, tuples and dicts of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def flatten(structure: Any) -> list[Any]:
    """The leaves of a structure, dicts in the order of their keys as written."""
    if isinstance(structure, dict):
        return [leaf for item in structure.values() for leaf in flatten(item)]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with `function` applied to each leaf."""
    if isinstance(structure, dict):
        return {k: map_structure(function, item) for k, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_structure(function, item) for item in structure)
    return function(structure)


def map_shapes(function: Callable[[tuple[int | None, ...]], Any], shapes: Any) -> Any:
    """`map_structure` for shapes, which are tuples of numbers themselves."""
    if isinstance(shapes, dict):
        return {k: map_shapes(function, item) for k, item in shapes.items()}
    if isinstance(shapes, (list, tuple)) and all(n is None or isinstance(n, int) for n in shapes):
        return function(tuple(shapes))
    return [map_shapes(function, item) for item in shapes]


def shape_of(structure: Any) -> Any:
    """The shapes of a structure of arrays or tensors."""
    return map_structure(lambda x: None if x is None else tuple(np.shape(x) if np.isscalar(x) else x.shape), structure)
