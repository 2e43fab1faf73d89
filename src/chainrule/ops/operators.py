"""What Python's operators mean on tensors."""

from __future__ import annotations

from typing import Any

from chainrule.graph.tensor import OPERATORS, Tensor
from chainrule.graph.variable import Variable, as_tensor
from chainrule.ops import arithmetic, casting, comparison, indexing, linear_algebra


def assign(variable: Variable, value: Any) -> tuple[Tensor, Tensor]:
    """What the variable is to become, and what reads it from then on.

    Assigning is no function of the variable, and has no derivative: a trained variable that is read afterwards
    is another number, whose gradient is still the variable's.
    """
    new = as_tensor(casting.cast(as_tensor(value, variable.spec.dtype), variable.dtype), variable.spec.dtype)
    read = casting.stop_gradient(new - variable) + variable if variable.trainable else casting.stop_gradient(new)
    return new, as_tensor(read, variable.spec.dtype)


OPERATORS.update(
    {
        "add": arithmetic.add,
        "subtract": arithmetic.subtract,
        "multiply": arithmetic.multiply,
        "divide": arithmetic.divide,
        "floor_divide": arithmetic.floor_divide,
        "mod": arithmetic.mod,
        "power": arithmetic.power,
        "matmul": linear_algebra.matmul,
        "negative": arithmetic.negative,
        "abs": arithmetic.abs,
        "assign": assign,
        "less": comparison.less,
        "less_equal": comparison.less_equal,
        "greater": comparison.greater,
        "greater_equal": comparison.greater_equal,
        "logical_not": comparison.logical_not,
        "logical_and": comparison.logical_and,
        "logical_or": comparison.logical_or,
        "get_item": indexing.get_item,
    }
)
