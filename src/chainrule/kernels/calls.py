"""Calls of compiled work: bound once, then run one after the other without Python in between.

    piece      a function of (t, *arguments): the t-th part of some work
    binding    compiles it for the kinds of its arguments and writes down, as words, what it is to be given
    table      for each call: where its code lies, into how many pieces the work is cut, where its words lie
    `run`      goes through a table, and shares out the pieces of each call among threads

So a plan is one table, and the loop that threads share is compiled once for all kernels, not for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import int64, prange, typeof, types
from numba.extending import intrinsic

from chainrule.kernels import Call
from chainrule.kernels.compile import compiled, native
from chainrule.kernels.words import packed, unpacked


class Piece:
    """Work that is cut into pieces, each done by a call of `function`; calling it binds arguments.

    Piece t of two works that are cut into as many pieces runs on the same thread, so what one of them leaves
    in a core's cache the other finds there (docs/decisions/0010).

    Args:
        function: a compiled function of (t, *arguments); see `takes`.
        name: of its own, in the cache and among symbols.
        takes: 1: t; 2: t and the number of the thread that runs it, for scratch memory; 0: neither.
        blas: whether it calls BLAS.
        stamp: a digest of its source, where that stands in no file.
    """

    def __init__(
        self, function: Any, name: str = "", *, takes: int = 1, blas: bool = False, stamp: str = ""
    ) -> None:
        self.function, self.takes, self.blas = function, takes, blas
        self.name, self._stamp = name or function.py_func.__name__, stamp
        self._compiled: dict[Any, Any] = {}  # compiled code lives as long as its owner

    def __call__(self, cuts: int, *arguments: Any, shared: bool = True) -> Call:
        """The call that does all pieces, shared out among threads or one after the other."""
        code = self._code(types.Tuple([typeof(a) for a in arguments]))
        words = packed(arguments)
        shared = shared and cuts > 1
        table = np.array([[code.address, cuts, shared, words.ctypes.data]], np.int64)
        return Call(run, (table,), (code, words, arguments), threads=shared or self.blas)

    def _code(self, kinds: types.Tuple) -> Any:
        code = self._compiled.get(kinds)
        if code is None:
            numba.get_num_threads()  # starts the threads; before that, code from the cache finds no `get_thread_id`
            adapted = _of_words(self.function, kinds, self.takes)
            code = native(adapted, f"{self.name}-{kinds}", (int64, int64, int64), self._stamp)
            self._compiled[kinds] = code
        return code


def once(function: Any) -> Callable[..., Call]:
    """Work in one piece: (*arguments) -> Call."""
    work = Piece(function, takes=0)
    return lambda *arguments: work(1, *arguments)


def _of_words(function: Any, kinds: types.Tuple, takes: int) -> Callable[..., None]:
    """`function`, for (t, thread, the address of its other arguments' words)."""
    unpack = unpacked(kinds)

    def none(t: int, thread: int, words: int) -> None:
        function(*unpack(words))

    def first(t: int, thread: int, words: int) -> None:
        function(t, *unpack(words))

    def both(t: int, thread: int, words: int) -> None:
        function(t, thread, *unpack(words))

    return (none, first, both)[takes]


@intrinsic
def _call_at(context, address, t, thread, words):  # type: ignore[no-untyped-def]
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [word] * 3).as_pointer()
        builder.call(builder.inttoptr(arguments[0], kind), arguments[1:])
        return context.get_dummy_value()

    return types.void(int64, int64, int64, int64), generate


@compiled(parallel=True)
def run(table):  # type: ignore[no-untyped-def]
    """Do every call of a table."""
    for k in range(table.shape[0]):
        address, cuts, shared, words = table[k, 0], table[k, 1], table[k, 2], table[k, 3]
        if shared:
            for t in prange(cuts):
                _call_at(address, np.int64(t), np.int64(numba.get_thread_id()), words)
        else:
            for t in range(cuts):
                _call_at(address, t, 0, words)
