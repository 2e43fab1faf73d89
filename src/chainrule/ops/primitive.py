"""Primitive: one differentiable operation, stated once.

A primitive is five facts about an operation:

    infer     the shapes and dtypes of what it writes, from those it reads
    forward   the textbook formula, in NumPy
    vjp       the textbook derivative, in NumPy
    saves     the names of the arrays that `vjp` reads (`shapes`: those of which it needs only the shape)
    kernels   the same two functions, fast, writing into given buffers

and its cost.  Everything else (the eager call, the graph, the plan, the tests) is
derived from these, so to add an operation is to state them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError
from chainrule.graph.tensor import Constant, Tensor, is_tracing, record
from chainrule.graph.variable import Variable, as_tensor
from chainrule.kernels import Kernels, available
from chainrule.spec import TensorSpec

Specs = tuple[TensorSpec, ...]
Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Example:
    """Inputs on which the tests check a primitive."""

    inputs: Callable[[np.random.Generator], dict[str, np.ndarray]]
    attrs: dict[str, Any] = field(default_factory=dict)
    id: str = "default"


def one_per_element(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """The default cost: one floating-point operation for each element written."""
    return outputs[0].size


@dataclass(frozen=True)
class Primitive:
    """One differentiable operation.

    Args:
        name: its name in graphs, plans and errors.
        inputs: names of the arrays it reads; one name that stands for all where `variadic`.
        outputs: names of the arrays it writes; the first is the result, the others are kept for `vjp`.
        infer: specs of the inputs -> specs of the outputs; axes of size None stay None.
        forward: arrays -> arrays, pure, in NumPy.
        vjp: dy, and by keyword what `saves` and `shapes` name -> one cotangent for each input, or None
            for an input without a derivative.  None where the operation has no derivative at all.
        source: where the formula comes from.
        examples: inputs for the generated tests.
        saves: names of the arrays that `vjp` reads.
        shapes: names of the arrays of which `vjp` reads only the shape, as `<name>_shape`.
        kernels_at: "module:name" of the kernels, imported when first planned, so that importing
            the operations does not pay for a compiler.  None: derived from an elementwise formula,
            else the formula itself runs.
        flops: floating-point operations of the forward pass.
        elementwise: each element of the output depends on the same element of each input; the
            output may then overwrite an input that nobody reads later.
        elementwise_vjp: the derivative of one element, from which a kernel is derived: `vjp` before
            cotangents are summed over repeated axes.
        view: the output is the input's memory under another shape.
        variadic: reads any number of arrays.
        promotes: inputs of different dtypes are brought to their common one.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    infer: Callable[..., Specs]
    forward: Callable[..., Arrays]
    vjp: Callable[..., tuple[np.ndarray | None, ...]] | None
    source: str
    examples: tuple[Example, ...]
    saves: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    kernels_at: str | None = None
    flops: Callable[..., int] = one_per_element
    elementwise: bool = False
    elementwise_vjp: Callable[..., Arrays] | None = None
    view: bool = False
    variadic: bool = False
    promotes: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.saves + self.shapes) - set(self.inputs) - set(self.outputs)
        if unknown:
            raise ArgumentError(
                f"primitive {self.name!r} saves {sorted(unknown)}, which it neither reads nor writes"
            )
        if self.name in PRIMITIVES:
            raise ArgumentError(f"primitive {self.name!r} is already registered")
        PRIMITIVES[self.name] = self

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        """Compute now on arrays; record for later on tensors.  Inputs may also be given by name."""
        inputs = self.positional(inputs, attrs)
        if any(is_symbolic(x) for x in inputs):
            like = next((x.spec.dtype for x in inputs if isinstance(x, Tensor) and x.spec.dtype.kind == "f"), None)
            like = like or next(x.spec.dtype for x in inputs if isinstance(x, Tensor))
            tensors = tuple(as_tensor(x, like) for x in inputs)
            return record(self, promote(tensors) if self.promotes else tensors, attrs)
        arrays = [as_array(x) for x in inputs]
        if self.promotes:
            arrays = promote_arrays(arrays)
        self.infer(*(TensorSpec.of(np.asarray(x)) for x in arrays), **attrs)  # for its errors
        return self.forward(*arrays, **attrs)[0]

    def positional(self, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, ...]:
        """The inputs in order, those given by name taken out of `attrs`."""
        if self.variadic or len(inputs) == len(self.inputs):
            return inputs
        given = (*inputs, *(attrs.pop(name) for name in self.inputs[len(inputs) :] if name in attrs))
        if len(given) != len(self.inputs):
            names = ", ".join(self.inputs)
            raise ArgumentError("another number of inputs", where=self.name, expected=names, got=len(given))
        return given

    @cached_property
    def kernels(self) -> Kernels | None:
        """The fast twins, or None where the formula itself runs."""
        if not available():
            return None
        if self.kernels_at is not None:
            module, name = self.kernels_at.split(":")
            kernels: Kernels = getattr(importlib.import_module(module), name)
            return kernels
        if self.elementwise:
            return importlib.import_module("chainrule.kernels.elementwise").derive(self)  # type: ignore[no-any-return]
        return None


def is_symbolic(x: Any) -> bool:
    """Whether `x` has no value yet, so that an operation on it is recorded."""
    return isinstance(x, Tensor) and (is_tracing() or not isinstance(x, (Variable, Constant)))


def as_array(x: Any) -> Any:
    """The array behind `x`; Python numbers stay as they are, so that they take their company's dtype."""
    if isinstance(x, (Variable, Constant)):
        return x.value
    if isinstance(x, (np.ndarray, np.generic)):
        return x
    array = np.asarray(x)
    if array.ndim == 0 and isinstance(x, (int, float)):
        return array.astype(floatx()) if isinstance(x, float) else array
    return array.astype(floatx()) if array.dtype == np.float64 else array


def promote_arrays(arrays: list[Any]) -> list[Any]:
    """Bring arrays to the dtype that `common_dtype` says."""
    dtype = common_dtype([np.asarray(x).dtype for x in arrays])
    return [np.asarray(x).astype(dtype, copy=False) for x in arrays]


def promote(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Bring tensors to the dtype that `common_dtype` says, by recording casts."""
    dtype = common_dtype([x.spec.dtype for x in tensors])
    return tuple(x if x.spec.dtype == dtype else PRIMITIVES["cast"](x, dtype=dtype.name) for x in tensors)


def common_dtype(dtypes: list[np.dtype[Any]]) -> np.dtype[Any]:
    """The widest of the floats if there is one (an integer never widens a float), else NumPy's rule."""
    floats = [d for d in dtypes if d.kind in "fc"]
    return np.result_type(*(floats or dtypes))


PRIMITIVES: dict[str, Primitive] = {}
