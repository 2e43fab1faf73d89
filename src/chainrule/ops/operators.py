"""What Python's operators mean on tensors."""

from __future__ import annotations

from chainrule.graph.tensor import OPERATORS
from chainrule.ops import arithmetic, comparison, indexing, linear_algebra

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
