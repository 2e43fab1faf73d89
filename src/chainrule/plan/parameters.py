"""Parameters: all weights that training changes, as one vector.

    theta       the weights, one after the other
    gradient    the same for the derivative of the loss

Each variable's value is a slice of `theta`, so one kernel call updates them all, one
copy saves them, and one sum over the vector joins the gradients of several machines.
There are no gaps between the slices: the vector is the weights and nothing else, and
processors that have vector registers read unaligned numbers as fast as aligned ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, DTypeError
from chainrule.graph.variable import Variable
from chainrule.plan.memory import aligned_zeros


class Slice(NamedTuple):
    """Where one variable lies in the flat vector."""

    path: str
    start: int
    stop: int
    shape: tuple[int, ...]


class Parameters:
    """The flat vectors of some variables.

    Args:
        variables: the trainable variables, in the order in which they lie.
        move: the variables' values become slices of `theta`.  If not, `theta` is a copy,
            for `pull` to fetch values into and `push` to write them back.

    Shapes:
        theta, gradient: (number of weights,)

    Raises:
        DTypeError: variables of different dtypes.
        ArgumentError: a variable given twice.

    Example:
        >>> w, b = Variable(np.ones((2, 2), "float32")), Variable(np.zeros(2, "float32"))
        >>> parameters = Parameters([w, b])
        >>> parameters.theta[:] = range(6)
        >>> w.numpy().tolist(), b.numpy().tolist()
        ([[0.0, 1.0], [2.0, 3.0]], [4.0, 5.0])
    """

    def __init__(self, variables: Sequence[Variable], move: bool = True) -> None:
        self.variables = tuple(variables)
        if len(set(self.variables)) < len(self.variables):
            raise ArgumentError(
                "a variable is given twice", where="Parameters", got=[v.path for v in variables]
            )
        dtypes = {v.spec.dtype for v in self.variables} or {np.dtype(floatx())}
        if len(dtypes) > 1:
            raise DTypeError(
                "variables that are trained together must have one dtype", where="Parameters",
                got=", ".join(sorted(f"{v.path}: {v.dtype}" for v in self.variables)),
                hint='build the whole model under one chainrule.config.set_floatx("float32" or "float64")',
            )  # fmt: skip
        (self.dtype,) = dtypes
        slices, stop = [], 0
        for variable in self.variables:
            start, stop = stop, stop + variable.value.size
            slices.append(Slice(variable.path, start, stop, variable.value.shape))
        self.slices = tuple(slices)
        self.theta, self.gradient = aligned_zeros(stop, self.dtype), aligned_zeros(stop, self.dtype)
        self._weights = self.views(self.theta)
        for variable, view in zip(self.variables, self._weights, strict=True):
            if move:
                variable.move_to(view)
            else:
                view[...] = variable.value

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.theta.size

    @property
    def are_home(self) -> bool:
        """Whether the variables' values are still the slices of `theta`."""
        return all(v.value is view for v, view in zip(self.variables, self._weights, strict=True))

    def views(self, flat: np.ndarray) -> tuple[np.ndarray, ...]:
        """The slices of a flat vector, each in its variable's shape."""
        return tuple(flat[s.start : s.stop].reshape(s.shape) for s in self.slices)

    def pull(self) -> None:
        """Fetch the variables' values into `theta`."""
        for variable, view in zip(self.variables, self._weights, strict=True):
            np.copyto(view, variable.value)

    def push(self) -> None:
        """Write `theta` back into the variables."""
        for variable, view in zip(self.variables, self._weights, strict=True):
            np.copyto(variable.value, view)
