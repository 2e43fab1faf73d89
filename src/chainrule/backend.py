"""`keras.backend`: settings and names, as code written for Keras asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.config import backend as backend
from chainrule.config import epsilon as epsilon
from chainrule.config import floatx as floatx
from chainrule.config import image_data_format as image_data_format
from chainrule.config import set_epsilon as set_epsilon
from chainrule.config import set_floatx as set_floatx
from chainrule.config import set_image_data_format as set_image_data_format
from chainrule.errors import DTypeError
from chainrule.graph.tensor import Tensor
from chainrule.graph.variable import Variable
from chainrule.naming import forget_names
from chainrule.naming import get_uid as get_uid
from chainrule.ops.primitive import common_dtype


def clear_session(free_memory: bool = True) -> None:
    """Begin default names anew, at those without a number.

    Args:
        free_memory: accepted for Keras's sake; memory goes with the models.
    """
    forget_names()


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is a tensor of a graph, without a value."""
    return isinstance(x, Tensor) and not isinstance(x, Variable)


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype.

    Raises:
        DTypeError: nothing that names a dtype.

    Example:
        >>> standardize_dtype(None), standardize_dtype(int)
        ('float32', 'int64')
    """
    if dtype is None:
        return floatx()
    try:
        return str(np.dtype(getattr(dtype, "name", dtype)).name)
    except TypeError:
        raise DTypeError("no such dtype", where="dtype", got=repr(dtype), hint='"float32", for one') from None


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is of floats."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is of integers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """The dtype that arrays of these dtypes have in common.

    Example:
        >>> result_type("float32", "int32")
        'float32'
    """
    return common_dtype([np.dtype(standardize_dtype(d)) for d in dtypes]).name
