"""The graph: tensors point to the node that makes them, nodes to the tensors they read.

    Tensor                  the promise of an array: an input, or what a node will make
    ├── Constant            an array that never changes
    └── Variable            an array that training changes (graph/variable.py)
    Node                    one application of a primitive

A tensor carries Python's operators, so `(x - y)[:, 0] ** 2` records what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ChainruleError, ShapeError
from chainrule.spec import Shape, TensorSpec

if TYPE_CHECKING:
    from chainrule.ops.primitive import Primitive

OPERATORS: dict[str, Callable[..., Any]] = {}  # what `+`, `[]`, … mean; filled in by `ops/operators.py`


class Tensor:
    """The promise of an array.

    Args:
        spec: its shape and dtype.
        name: its name in listings and errors.
        node: what will make it; None for an input.
    """

    __array_priority__ = 100.0  # NumPy arrays on the left of an operator leave it to us
    __array_ufunc__ = None

    def __init__(self, spec: TensorSpec, name: str, node: Node | None = None) -> None:
        self.spec, self.name, self.node = spec, name, node
        self.origin: Any = None  # the layer call that made it, while a model is put together
        self.draft: bool = node is not None and any(x.draft for x in node.inputs)  # whether it comes from an `Input`

    @property
    def shape(self) -> Shape:
        """Shape; `None` for the axis of the batch."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """Name of the dtype, as Keras gives it."""
        return self.spec.dtype.name

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.spec.shape)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} shape={self.shape} dtype={self.dtype}>"

    def __bool__(self) -> bool:
        raise ChainruleError(
            "a tensor has no truth value before the model runs", where=self.name,
            hint="use ops.where(condition, a, b) instead of `if`",
        )  # fmt: skip

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape or self.shape[0] is None:
            raise ShapeError("cannot loop over an axis of unknown size", where=self.name, got=self.shape)
        return (self[i] for i in range(self.shape[0]))

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise ShapeError("the length is not known before the model runs", where=self.name, got=self.shape)
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise ChainruleError(
            "a NumPy function was given a tensor, which has no values before the model runs", where=self.name,
            hint="use the function of the same name in chainrule.ops, which is recorded and has a derivative",
        )  # fmt: skip

    # The operators.  Equality stays identity: tensors are keys of dictionaries.
    def __add__(self, other: Any) -> Tensor:
        return _apply("add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _apply("add", other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _apply("subtract", other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _apply("divide", other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return _apply("floor_divide", self, other)

    def __mod__(self, other: Any) -> Tensor:
        return _apply("mod", self, other)

    def __pow__(self, other: Any) -> Tensor:
        return _apply("power", self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return _apply("power", other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return _apply("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return _apply("matmul", other, self)

    def __neg__(self) -> Tensor:
        return _apply("negative", self)

    def __abs__(self) -> Tensor:
        return _apply("abs", self)

    def __lt__(self, other: Any) -> Tensor:
        return _apply("less", self, other)

    def __le__(self, other: Any) -> Tensor:
        return _apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _apply("greater", self, other)

    def __ge__(self, other: Any) -> Tensor:
        return _apply("greater_equal", self, other)

    def __invert__(self) -> Tensor:
        return _apply("logical_not", self)

    def __and__(self, other: Any) -> Tensor:
        return _apply("logical_and", self, other)

    def __or__(self, other: Any) -> Tensor:
        return _apply("logical_or", self, other)

    def __getitem__(self, index: Any) -> Tensor:
        return _apply("get_item", self, index)


def _apply(name: str, *operands: Any) -> Tensor:
    result: Tensor = OPERATORS[name](*operands)
    return result


class Constant(Tensor):
    """An array that never changes."""

    def __init__(self, value: np.ndarray) -> None:
        super().__init__(TensorSpec.of(value), "constant")
        self.value = value


@dataclass(eq=False)
class Node:
    """One application of a primitive."""

    primitive: Primitive
    inputs: tuple[Tensor, ...]
    attrs: dict[str, Any]
    layer: str
    outputs: tuple[Tensor, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        """Where and what, for listings and errors."""
        return f"{self.layer}/{self.primitive.name}" if self.layer else self.primitive.name


    def saved(self) -> dict[str, Tensor]:
        """The tensors that the VJP reads, by name."""
        names = self.primitive.inputs
        if self.primitive.variadic:
            names = tuple(f"{names[0]}{k}" for k in range(len(self.inputs)))
        named = dict(zip(names + self.primitive.outputs, self.inputs + self.outputs, strict=True))
        return {name: named[name] for name in self.primitive.saves}

    def shapes(self, shape_of: Callable[[Tensor], tuple[int, ...]]) -> dict[str, Any]:
        """The shapes that the VJP asks for, as `<name>_shape`; of all inputs where there is any number of them."""
        if self.primitive.variadic:
            return {f"{name}_shape": tuple(map(shape_of, self.inputs)) for name in self.primitive.shapes}
        named = dict(zip(self.primitive.inputs + self.primitive.outputs, self.inputs + self.outputs, strict=True))
        return {f"{name}_shape": shape_of(named[name]) for name in self.primitive.shapes}


def record(primitive: Primitive, inputs: tuple[Tensor, ...], attrs: dict[str, Any]) -> Tensor:
    """Infer the shapes now, so that a mistake is reported on the line that makes it."""
    specs = primitive.infer(*(x.spec for x in inputs), **attrs)
    node = Node(primitive, inputs, attrs, current_layer())
    node.outputs = tuple(
        Tensor(spec, f"{node.label}.{name}", node) for name, spec in zip(primitive.outputs, specs, strict=True)
    )
    return node.outputs[0]


_layers: ContextVar[tuple[str, ...]] = ContextVar("layers", default=())
_tracing: ContextVar[bool] = ContextVar("tracing", default=False)


def current_layer() -> str:
    """The path of the layer whose `call` is running."""
    return "/".join(_layers.get())


@contextmanager
def scope(layer: str) -> Iterator[None]:
    """Nodes recorded and errors raised inside belong to `layer`."""
    token = _layers.set((*_layers.get(), layer))
    try:
        yield
    except ChainruleError as error:
        if not getattr(error, "__notes__", None):  # the innermost layer knows best
            error.add_note(f"  in layer  {current_layer()}")
        raise
    finally:
        _layers.reset(token)


@contextmanager
def tracing(on: bool = True) -> Iterator[None]:
    """While tracing, operations on variables alone are recorded too (a weight's penalty, for one)."""
    token = _tracing.set(on)
    try:
        yield
    finally:
        _tracing.reset(token)


def is_tracing() -> bool:
    """Whether operations on variables are being recorded."""
    return _tracing.get()
