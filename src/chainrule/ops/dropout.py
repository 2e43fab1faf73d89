"""Dropout: numbers set aside at random while training.

Each of them reads `state`, two words (seed, step) that belong to the layer; the trainer adds 1
to the step after each batch.  Which element is dropped depends on seed, step and the
element's number alone, so the mask is the same on any number of threads and after a resume.

An element is dropped if its word of 32 bits is below rate 2^32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.philox import dropped_words, words
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import Shape, TensorSpec

NoiseShape = tuple[int | None, ...] | None
SELU_FLOOR = -1.7580993408473766  # what selu tends to for x -> -infinity: -scale alpha


def mask_shape(shape: Shape, noise_shape: NoiseShape) -> Shape:
    """Shape of the mask: that of x, or `noise_shape` with x's sizes where it has None."""
    if noise_shape is None:
        return shape
    if len(noise_shape) != len(shape) or any(
        n not in (None, 1) and n != size for n, size in zip(noise_shape, shape, strict=True)
    ):
        raise ShapeError(
            "the noise shape does not fit", where="dropout",
            expected=f"one size for each axis of {shape}: the same, 1 or None", got=noise_shape,
        )  # fmt: skip
    return tuple(size if n is None else n for n, size in zip(noise_shape, shape, strict=True))


def infer_dropout(x: TensorSpec, state: TensorSpec, *, rate: float, noise_shape: NoiseShape = None) -> Specs:
    """(...), (2,) -> (...), mask"""
    if not 0 <= rate <= 1:
        raise ArgumentError("the rate is out of range", where="dropout", expected="0 to 1", got=rate)
    return x, TensorSpec(mask_shape(x.shape, noise_shape), np.dtype(bool))


def keep_mask(state: np.ndarray, shape: tuple[int, ...], rate: float) -> np.ndarray:
    """True with probability 1 - rate."""
    stream = words(math.prod(shape), int(state[0]), int(state[1]))
    return (stream >= np.uint32(dropped_words(rate))).reshape(shape)


def kept_scale(rate: float) -> float:
    """What keeps the mean: 1 / (1 - rate); nothing is kept at rate 1."""
    return 1 / (1 - rate) if rate < 1 else 0.0


def dropout_forward(
    x: np.ndarray, state: np.ndarray, *, rate: float, noise_shape: NoiseShape = None
) -> Arrays:
    """y = x / (1 - rate) where kept, else 0"""
    mask = keep_mask(state, mask_shape(x.shape, noise_shape), rate)  # type: ignore[arg-type]
    return np.where(mask, x * kept_scale(rate), 0), mask


def dropout_vjp(
    dy: np.ndarray, *, mask: np.ndarray, rate: float, noise_shape: NoiseShape = None
) -> tuple[np.ndarray | None, ...]:
    """dx = dy / (1 - rate) where kept, else 0"""
    return np.where(mask, dy * kept_scale(rate), 0), None


def alpha_line(rate: float) -> tuple[float, float]:
    """a and b for which y = a (x or floor) + b keeps mean 0 and variance 1 of the kept and the dropped."""
    a = ((1 - rate) * (1 + rate * SELU_FLOOR**2)) ** -0.5 if rate < 1 else 0.0
    return a, -a * rate * SELU_FLOOR


def alpha_dropout_forward(
    x: np.ndarray, state: np.ndarray, *, rate: float, noise_shape: NoiseShape = None
) -> Arrays:
    """y = a x + b where kept, else a floor + b,  floor = selu(-infinity)"""
    mask = keep_mask(state, mask_shape(x.shape, noise_shape), rate)  # type: ignore[arg-type]
    a, b = alpha_line(rate)
    return np.where(mask, a * x + b, a * SELU_FLOOR + b), mask


def alpha_dropout_vjp(
    dy: np.ndarray, *, mask: np.ndarray, rate: float, noise_shape: NoiseShape = None
) -> tuple[np.ndarray | None, ...]:
    """dx = a dy where kept, else 0"""
    return np.where(mask, alpha_line(rate)[0] * dy, 0), None


def _example(rate: float, *shape: int, **attrs: Any) -> Example:
    noise_shape = attrs.get("noise_shape")
    return Example(
        lambda rng: {"x": rng.standard_normal(shape), "state": np.array([7, 3], np.uint32)},
        attrs={"rate": rate, **attrs},
        id=f"{'x'.join(map(str, shape))}-rate={rate}" + (f"-noise={noise_shape}" if noise_shape else ""),
    )


def _dropping(
    name: str, forward: Callable[..., Arrays], vjp: Callable[..., tuple[np.ndarray | None, ...]], source: str
) -> Primitive:
    return Primitive(
        name=name,
        inputs=("x", "state"),
        outputs=("y", "mask"),
        infer=infer_dropout,
        forward=forward,
        vjp=vjp,
        saves=("mask",),
        kernels_at=f"chainrule.kernels.dropout:{name}",
        examples=(
            _example(0.5, 3, 4),
            _example(0.2, 1),
            _example(0.0, 2, 3),
            _example(1.0, 2, 3),
            _example(0.3, 2, 5, 3, noise_shape=(None, 1, 3)),
            _example(0.4, 130, 257),  # large enough to be shared out, with a last group that is not full
        ),
        source=source,
    )


dropout = _dropping(
    "dropout", dropout_forward, dropout_vjp, "Srivastava et al. (2014), JMLR 15, sections 4 and 10"
)
alpha_dropout = _dropping(
    "alpha_dropout", alpha_dropout_forward, alpha_dropout_vjp,
    "Klambauer et al. (2017), Self-normalizing neural networks, section 2",
)  # fmt: skip
