"""Are pictures on the scale that the network takes?  Bytes go from 0 to 255, and weights want about 0 to 1."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

SEEN = 256  # samples that are looked at
BRIGHT, BRIGHTEST = 128, 255  # pictures of bytes have pixels from here to there
DARKENING = 1 / 64  # factors as small as this are meant for bytes


def warn_of_brightness(model: Any, x: Sequence[np.ndarray], where: str) -> None:
    """Warn, once for each model, where bytes go unscaled into weights, or numbers up to 1 are scaled as bytes are.

    Only what is sure is said: one input of pictures, and layers of this package before the first weights.

    Args:
        model: what is to be trained.
        x: its inputs.
        where: what they are called.
    """
    if len(x) != 1 or x[0].ndim < 3 or not x[0].size or model._warned_of_brightness:
        return
    scaling, taker = _way_in(model)
    values = x[0][:SEEN]
    if taker is None:
        return
    if scaling is None and _are_bytes(values):
        problem = f"the values go up to {values.max():g} and no layer rescales them before {taker.name!r}"
        hint = f"divide by 255 ({where} / 255.0), or put layers.Rescaling(1 / 255) first"
    elif scaling is not None and abs(np.max(np.abs(scaling.scale))) <= DARKENING and 0 < values.max() <= 1:
        problem = f"the values go up to {values.max():g} and {scaling.name!r} scales them down as if they were bytes"
        hint = f"leave the layer out, or give bytes ({where} * 255)"
    else:
        return
    model._warned_of_brightness = True
    warnings.warn(f"{where}: {problem}\n  hint      {hint}", stacklevel=3)


def _are_bytes(values: np.ndarray) -> bool:
    """Whether they are whole numbers of 0..255, and not all of them small."""
    if values.dtype.kind not in "uif" or not BRIGHT <= values.max() <= BRIGHTEST or values.min() < 0:
        return False
    return values.dtype.kind != "f" or bool((values == np.floor(values)).all())


def _way_in(model: Any) -> tuple[Any, Any]:
    """The Rescaling before the first weights, if there is one, and the layer with these weights.

    The latter is None where something lies on the way whose effect on the scale is not known: another
    normalization, or a layer of the user's own.
    """
    from chainrule.layers import Dense, Rescaling
    from chainrule.layers.convolution import Convolution

    scaling = None
    for layer in _in_order(model):
        if isinstance(layer, (Convolution, Dense)):
            return scaling, layer
        if isinstance(layer, Rescaling) and scaling is None:
            scaling = layer
        elif not type(layer).__module__.startswith("chainrule.layers.") or "Normalization" in type(layer).__name__:
            break
    return scaling, None


def _in_order(model: Any) -> Iterator[Any]:
    """The layers, those of models inside in their place."""
    for layer in getattr(model, "layers", ()):
        if hasattr(layer, "layers"):
            yield from _in_order(layer)
        else:
            yield layer
