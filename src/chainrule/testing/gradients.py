"""Are gradients the derivatives?  Ask finite differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ChainruleError, DTypeError
from chainrule.graph.interpreter import evaluate, interpret
from chainrule.graph.order import leaves_of
from chainrule.graph.tensor import Tensor, tracing
from chainrule.graph.variable import Variable
from chainrule.ops import cast, multiply
from chainrule.ops import sum as sum_of
from chainrule.spec import TensorSpec, known

STEP = 1e-5  # near the cube root of the float64 epsilon, where the central difference is most accurate
TOLERANCE = 1e-6  # relative to the size of the gradient, never absolute: a small gradient must be right too


def slope(f: Callable[[np.ndarray], Any], x: np.ndarray, direction: np.ndarray) -> float:
    """How fast f grows along the direction at x: central differences, of fourth order in the step.

    (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h.

    Source: Abramowitz and Stegun (1964), formula 25.3.6.
    """
    h = STEP * direction
    near, far = f(x + h) - f(x - h), f(x + 2 * h) - f(x - 2 * h)
    return float(8 * near - far) / (12 * STEP)


def directional_error(
    f: Callable[[np.ndarray], Any], x: np.ndarray, gradient: np.ndarray, rng: np.random.Generator
) -> float:
    """Relative disagreement, along a random direction, between `gradient` and the slope of f at x.

    A random direction sees an error in any component, for a few evaluations instead of a few for each.
    """
    direction = np.asarray(rng.standard_normal(x.shape))
    direction /= np.linalg.norm(direction) or 1.0
    numeric, analytic = slope(f, x, direction), float(np.vdot(gradient, direction))
    scale = max(abs(numeric), abs(analytic), float(np.linalg.norm(gradient)) / max(x.size, 1) ** 0.5)
    return abs(numeric - analytic) / scale if scale else 0.0


def slopes(f: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """The slope along each element of x."""
    result = np.zeros(x.shape)
    for k in range(x.size):
        direction = np.zeros(x.shape)
        direction.flat[k] = 1.0
        result.flat[k] = slope(f, x, direction)
    return result


def elementwise_error(f: Callable[[np.ndarray], Any], x: np.ndarray, gradient: np.ndarray) -> float:
    """The largest disagreement of an element with its slope, relative to the size of the gradient."""
    numeric = slopes(f, x)
    scale = max(np.abs(numeric).max(initial=0.0), np.abs(gradient).max(initial=0.0))
    return float(np.abs(numeric - gradient).max(initial=0.0) / scale) if scale else 0.0


def check_gradients(
    function: Callable[..., Any], *inputs: Any, tolerance: float = TOLERANCE, seed: int = 0, **kwargs: Any
) -> float:
    """Compare the gradients of a layer, a model, an operation or a function with finite differences.

    The function is recorded once; what was recorded is computed in float64, and each floating input and
    trainable weight is moved along a random direction, and element by element where it has at most 32.
    Give inputs away from kinks (of `relu` at 0, of `max` at ties): there, differences tell nothing.

    Args:
        function: called with tensors in the place of `inputs`; returns a tensor, or several.
        *inputs: arrays; whole numbers are passed on as they are, without a gradient.
        tolerance: the largest disagreement, relative to the size of the gradient.
        seed: of the directions and of the weights given to the results.
        **kwargs: passed on to `function`.

    Returns:
        The largest disagreement found.

    Raises:
        ChainruleError: a gradient is wrong; names the input or weight, the difference and the gradient.
        DTypeError: no result has a derivative.
        ArgumentError: there is nothing to differentiate by.

    Example:
        >>> from chainrule import ops
        >>> x = np.array([0.5, 2.0])
        >>> check_gradients(lambda x: ops.log(x) * x, x) < 1e-6
        True
        >>> check_gradients(lambda x: x * ops.stop_gradient(x), x)  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        chainrule.errors.ChainruleError: input 0: the gradient is not the derivative
    """
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(x) for x in inputs]
    tensors = [Tensor(_spec(x), f"input {k}") for k, x in enumerate(arrays)]
    with tracing():
        loss = _weighted_sum(function(*tensors, **kwargs), rng)
    weights = [x for x in leaves_of([loss]) if isinstance(x, Variable)]
    given: dict[Tensor, np.ndarray] = {
        **{t: _in_float64(x) for t, x in zip(tensors, arrays, strict=True)},
        **{w: _in_float64(w.value) for w in weights},
    }
    moved = [x for x in given if given[x].dtype.kind == "f" and getattr(x, "trainable", True)]
    if not moved:
        raise ArgumentError("no floating input and no trainable weight", where="check_gradients")
    with np.errstate(all="ignore"):
        gradients = interpret(loss, given)[1]
        errors = [_check(x, loss, given, gradients.get(x), tolerance, rng) for x in moved]
    return max(errors)


def _spec(x: np.ndarray) -> TensorSpec:
    """Floats are recorded as float32, as layers expect them; computed in float64 all the same."""
    return TensorSpec(x.shape, np.dtype("float32") if x.dtype.kind == "f" else x.dtype)


def _in_float64(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def _weighted_sum(results: Any, rng: np.random.Generator) -> Tensor:
    """One number that depends on every element of the results, each with a weight of its own."""
    parts = [y for y in _tensors(results) if y.spec.dtype.kind == "f"]
    if not parts:
        raise DTypeError("no result is a floating tensor", where="check_gradients", got=results)
    total: Any = 0.0
    for y in parts:
        total = sum_of(multiply(cast(y, "float64"), rng.uniform(0.5, 1.5, known(y.shape)))) + total
    return total  # type: ignore[no-any-return]


def _tensors(results: Any) -> Iterator[Tensor]:
    if isinstance(results, Tensor):
        yield results
    elif isinstance(results, (list, tuple)):
        for y in results:
            yield from _tensors(y)
    elif isinstance(results, dict):
        yield from _tensors(list(results.values()))


def _check(
    x: Tensor, loss: Tensor, given: dict[Tensor, np.ndarray], gradient: np.ndarray | None, tolerance: float,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """The disagreement for one input or weight; an error if it is too large."""
    value = given[x]
    gradient = np.zeros(value.shape) if gradient is None else np.asarray(gradient)

    def f(changed: np.ndarray) -> float:
        return float(evaluate([loss], {**given, x: changed})[loss])

    error = max(directional_error(f, value, gradient, rng) for _ in range(2))
    if value.size <= 32:
        error = max(error, elementwise_error(f, value, gradient))
    if not error <= tolerance:  # NaN too
        differences = slopes(f, value) if value.size <= 10_000 else np.full(value.shape, np.nan)
        distance = np.abs(differences - gradient)
        worst = int(np.nanargmax(distance)) if np.isfinite(distance).any() else 0
        place = ", ".join(str(int(k)) for k in np.unravel_index(worst, value.shape))
        raise ChainruleError(
            "the gradient is not the derivative", where=x.path if isinstance(x, Variable) else x.name,
            expected=f"{differences.flat[worst]:.8g} at [{place}], by finite differences",
            got=f"{gradient.flat[worst]:.8g}, a relative error of {error:.2g}",
            hint="at a kink or a tie differences tell nothing: try other inputs",
        )  # fmt: skip
    return error
