"""Parts of kernels that are compiled once and called by their symbol.

A compiled function that calls another one takes its code in, and optimizes it again.  For a small part
that is what makes it fast; for a large one that many kernels call it is what makes a first run slow.  Such
a part becomes a function of its own here.  Kernels that call it can be cached, since they only name it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import carray, float32, float64, int64, types, void
from numba.core import cgutils
from numba.extending import intrinsic

from chainrule.kernels.compile import compiled, native

UNBOUNDED = 1 << 48  # numbers in an array whose size the part does not ask for
REAL = {"float32": float32, "float64": float64}


class Part:
    """A part of kernels.

    Args:
        name: its symbol.
        function: from flat arrays, as many as `kinds` has letters, and whole numbers.
        kinds: for each array "r" (real numbers) or "i" (64-bit whole numbers).
        numbers: how many whole numbers follow.
    """

    def __init__(self, name: str, function: Callable[..., None], kinds: str, numbers: int) -> None:
        self.name, self.kinds, self.numbers = name, kinds, numbers
        self._function = compiled(function, name=f"{name}_part", cached=False)
        self._kept: dict[str, Any] = {}  # compiled code lives as long as its owner
        self.call = _calling(name, kinds, numbers)  # for kernels: ((arrays), (numbers))

    def provide(self, real: str) -> int:
        """Compile it, or load it from the cache; before a kernel that calls it is compiled or loaded.

        Returns:
            The address of the code.
        """
        if real in self._kept:
            return int(self._kept[real].address)
        pointers = [types.CPointer(REAL[real] if kind == "r" else int64) for kind in self.kinds]
        adapted = _of_pointers(self._function, len(self.kinds), self.numbers)
        code = native(adapted, f"{self.name}-{real}", (*pointers, *[int64] * self.numbers))
        self._kept[real] = code
        llvm.add_symbol(_symbol(self.name, real), code.address)
        return int(code.address)


def _symbol(name: str, real: str) -> str:
    return f"chainrule_{name}_{real}"


@cache
def _adapter(arrays: int, numbers: int) -> str:
    pointers, whole = [f"p{k}" for k in range(arrays)], [f"n{k}" for k in range(numbers)]
    given = [*(f"carray({p}, (UNBOUNDED,))" for p in pointers), *whole]
    return f"def of_pointers({', '.join((*pointers, *whole))}):\n    function({', '.join(given)})\n"


def _of_pointers(function: Any, arrays: int, numbers: int) -> Callable[..., None]:
    """`function`, for pointers to the arrays' numbers."""
    namespace: dict[str, Any] = {
        "__name__": __name__, "carray": carray, "UNBOUNDED": UNBOUNDED, "function": function,
    }  # fmt: skip
    exec(_adapter(arrays, numbers), namespace)
    adapted: Callable[..., None] = namespace["of_pointers"]
    return adapted


def _calling(name: str, kinds: str, numbers: int) -> Any:
    @intrinsic
    def call(context, arrays, whole):  # type: ignore[no-untyped-def]
        signature = void(arrays, types.UniTuple(int64, numbers))

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pairs = zip(signature.args[0], kinds, strict=True)
            real = next(str(kind.dtype) for kind, letter in pairs if letter == "r")
            given = _flat(context, builder, signature.args, arguments)
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in given])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, _symbol(name, real)), given)
            return context.get_dummy_value()

        return signature, generate

    return call


@intrinsic
def call_at(context, address, arrays, whole):  # type: ignore[no-untyped-def]
    """Call the part whose code is at an address: (address, (arrays), (numbers))."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = _flat(context, builder, signature.args[1:], arguments[1:])
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), given)
        return context.get_dummy_value()

    return void(int64, arrays, types.UniTuple(int64, len(whole))), generate


def _flat(context: Any, builder: Any, kinds: Any, arguments: Any) -> list[Any]:
    """Where the numbers of some arrays begin, then whole numbers."""
    arrays = zip(kinds[0], cgutils.unpack_tuple(builder, arguments[0]), strict=True)
    pointers = [cgutils.create_struct_proxy(kind)(context, builder, value).data for kind, value in arrays]
    return [*pointers, *cgutils.unpack_tuple(builder, arguments[1])]
