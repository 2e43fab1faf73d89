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

import numpy as np

from chainrule.spec import TensorSpec


class Call(NamedTuple):
    """A function and its arguments; `call.run()` is the whole of a step.

    Args:
        function: what is called.
        arguments: what it is given.
        keeps: what must live as long as the call, since compiled code has its address.  Such a call takes a
            table, and neighbours become one call (kernels/calls.py).
        threads: whether it may use several, and so needs `one_pool` around it (kernels/threads.py).
    """

    function: Callable[..., None]
    arguments: tuple[Any, ...]
    keeps: tuple[Any, ...] = ()
    threads: bool = True

    def run(self) -> None:
        """Do it."""
        self.function(*self.arguments)


def _nothing() -> None:
    """A step whose results nobody wants."""


NO_CALL = Call(_nothing, (), threads=False)


def in_turn(*calls: Call) -> Call:
    """One call that does several."""
    single: list[Call] = []
    for call in calls:
        single += call.arguments[0] if call.function is _in_turn else [] if call is NO_CALL else [call]
    joined: list[Call] = []
    for call in single:
        if joined and joined[-1].keeps and call.keeps:
            before = joined.pop()
            table = np.concatenate([before.arguments[0], call.arguments[0]])
            threads = before.threads or call.threads
            joined.append(Call(call.function, (table,), (*before.keeps, *call.keeps), threads))
        else:
            joined.append(call)
    return Call(_in_turn, (joined,)) if len(joined) > 1 else joined[0] if joined else NO_CALL


def _in_turn(calls: list[Call]) -> None:
    for call in calls:
        call.function(*call.arguments)


def no_workspace(*specs: TensorSpec | None, **attrs: Any) -> tuple[TensorSpec, ...]:
    """A kernel that needs no memory of its own."""
    return ()


def no_choice(*specs: TensorSpec, **attrs: Any) -> str:
    """A kernel that works in one way."""
    return ""


class Kernels(NamedTuple):
    """Fast twins of a primitive's `forward` and `vjp`.

    Args:
        forward: (*outputs, *inputs, **attrs) -> Call.
        vjp: (*cotangents of the inputs, dy, *saved, **shapes, **attrs) -> Call.
        forward_workspace: specs of the inputs -> specs of scratch buffers, given to `forward` as `workspace=`.
        vjp_workspace: specs of the inputs -> specs of scratch buffers, given to `vjp` as `workspace=`.
        choice: specs of the inputs -> which way was chosen for them and why, for `plan.explain()`.
    """

    forward: Callable[..., Call]
    vjp: Callable[..., Call] | None = None
    forward_workspace: Callable[..., tuple[TensorSpec, ...]] = no_workspace
    vjp_workspace: Callable[..., tuple[TensorSpec, ...]] = no_workspace
    choice: Callable[..., str] = no_choice


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
