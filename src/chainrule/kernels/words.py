"""Arguments as words: what a piece of work takes, written into memory once, when it is bound.

A compiled function that is called from Python looks at each argument anew: what it is, where its numbers
lie, how many there are.  In a training step all of that is known beforehand.  Here an array becomes the
64-bit words of its place, its sizes and its strides, a number one word, a tuple the words of its items, None
no word at all; `unpacked` is the same backwards, inside compiled code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

WORD = ir.IntType(64)


def words_of(value: Any) -> list[int]:
    """The words of one argument."""
    if value is None:
        return []
    if isinstance(value, np.ndarray):
        return [value.ctypes.data, *value.shape, *value.strides]
    if isinstance(value, tuple):
        return [word for item in value for word in words_of(item)]
    if isinstance(value, (float, np.floating)):
        return [int(np.atleast_1d(value).view(f"u{np.dtype(type(value)).itemsize}")[0])]
    return [int(value)]


def packed(arguments: tuple[Any, ...]) -> np.ndarray:
    """The words of all arguments, one after the other."""
    words = [word for argument in arguments for word in words_of(argument)]
    return np.array([word & (1 << 64) - 1 for word in words], np.uint64)


def unpacked(kinds: types.Tuple) -> Any:
    """For compiled code: the address of the words -> the arguments, of these kinds."""

    @intrinsic
    def unpack(context, address):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base = builder.inttoptr(arguments[0], ir.PointerType(WORD))
            taken = 0

            def word() -> Any:
                nonlocal taken
                taken += 1
                return builder.load(builder.gep(base, [ir.Constant(WORD, taken - 1)]))

            return _value(context, builder, kinds, word)

        return kinds(address), generate

    return unpack


def _value(context: Any, builder: Any, kind: Any, word: Callable[[], Any]) -> Any:
    """A value of this kind, from the words that follow."""
    if isinstance(kind, types.BaseTuple):
        return context.make_tuple(builder, kind, [_value(context, builder, k, word) for k in kind])
    if isinstance(kind, types.Array):
        array = make_array(kind)(context, builder)
        pointer, number = context.get_data_type(kind.dtype).as_pointer(), context.get_constant
        data = builder.inttoptr(word(), pointer)
        shape, strides = ([word() for _ in range(kind.ndim)] for _ in range(2))
        size = number(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
        return array._getvalue()
    if isinstance(kind, types.NoneType):
        return context.get_dummy_value()
    if isinstance(kind, types.Boolean):
        return builder.icmp_unsigned("!=", word(), ir.Constant(WORD, 0))
    if isinstance(kind, types.Float):
        bits = builder.trunc(word(), ir.IntType(32)) if kind.bitwidth == 32 else word()
        return builder.bitcast(bits, context.get_value_type(kind))
    assert isinstance(kind, types.Integer), f"no words for {kind}"
    return word() if kind.bitwidth == 64 else builder.trunc(word(), ir.IntType(kind.bitwidth))

