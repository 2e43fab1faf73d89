"""The operations again, fast.  One module for each module of `ops`, imported when first planned.

A kernel is bound once and run many times.  Binding takes the buffers a step will
write, then those it will read, then the attributes, and gives a `Call`: a function
and its arguments, with everything decided (flattening, sizes, which variant).
Running a call allocates nothing, returns nothing, and writes every element of what
it writes.  A buffer that nobody wants written is given as None.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from chainrule.spec import TensorSpec


class Call(NamedTuple):
    """A function and its arguments; `call.run()` is the whole of a step."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]

    def run(self) -> None:
        """Do it."""
        self.function(*self.arguments)


def no_workspace(*specs: TensorSpec | None, **attrs: Any) -> tuple[TensorSpec, ...]:
    """A kernel that needs no memory of its own."""
    return ()


class Kernels(NamedTuple):
    """Fast twins of a primitive's `forward` and `vjp`.

    Args:
        forward: (*outputs, *inputs, **attrs) -> Call.
        vjp: (*cotangents of the inputs, dy, *saved, **shapes, **attrs) -> Call.
        forward_workspace: specs of the inputs -> specs of scratch buffers, given to `forward` as `workspace=`.
        vjp_workspace: specs of the inputs -> specs of scratch buffers, given to `vjp` as `workspace=`.
    """

    forward: Callable[..., Call]
    vjp: Callable[..., Call] | None = None
    forward_workspace: Callable[..., tuple[TensorSpec, ...]] = no_workspace
    vjp_workspace: Callable[..., tuple[TensorSpec, ...]] = no_workspace


NEEDED = ("numba", "scipy.linalg.cython_blas", "threadpoolctl")


@cache
def available() -> bool:
    """Whether the compiler and the BLAS that kernels call can be imported; without them the formulas run.

    Asked when a plan is made, which imports them anyway: an installation that is there may still be broken.
    """
    try:
        for name in NEEDED:
            importlib.import_module(name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name in [name.split(".")[0] for name in NEEDED]
        if not missing:
            warnings.warn(
                f"Numba and SciPy are installed but cannot be imported, so that training is slower ({error}); "
                "reinstall them: pip install --force-reinstall numba scipy", stacklevel=2,
            )  # fmt: skip
        return False
    return True
