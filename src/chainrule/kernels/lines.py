"""Small constant matrices applied to lines of vectors: what Winograd's transforms consist of.

    out[i] = sum_j matrix[i, j] in[j]        for lines of `count` numbers each

The compiler cannot know that a dozen lines do not overlap, and so would not use vector
registers.  Here the code is written for it: a block of each line is loaded, combined, and
stored, and the matrix is part of the code, so that zeros cost nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 64  # bytes of the widest vector register
WORD = ir.IntType(64)


def lines(matrix: np.ndarray, add: bool = False) -> Any:
    """The compiled map for `matrix`, for kernels to call; it adds to what is there, or overwrites it.

    The map takes (out, to, out_step, source, at, step, count): the arrays, the element at which
    the first line begins in each, the elements from one line to the next, and their length.
    Lines must not overlap.
    """
    digest = hashlib.sha256(np.ascontiguousarray(matrix, np.float64).tobytes()).hexdigest()[:16]

    @intrinsic
    def apply(context, out, to, out_step, source, at, step, count):  # type: ignore[no-untyped-def]
        size = types.intp
        signature = types.void(out, size, size, source, size, size, size)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, to, out_step, source, at, step, count = arguments

            def first(value: Any, kind: Any) -> Any:
                return cgutils.create_struct_proxy(kind)(context, builder, value).data

            target, origin = first(out, signature.args[0]), first(source, signature.args[3])
            number = ir.FloatType() if signature.args[0].dtype == types.float32 else ir.DoubleType()
            kinds = [ir.PointerType(number), WORD, ir.PointerType(number), WORD, WORD]
            name = f"chainrule_lines_{digest}_{'add' if add else 'set'}_{signature.args[0].dtype}"
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), name)
            if function.is_declaration:
                _define(function, matrix, number, add)
            begin, start = builder.gep(target, [to]), builder.gep(origin, [at])
            builder.call(function, [begin, out_step, start, step, count])
            return context.get_dummy_value()

        return signature, generate

    return apply


def _define(function: Any, matrix: np.ndarray, number: Any, add: bool) -> None:
    """Write the map's code: a function of (out, out_step, source, step, count)."""
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")  # it is called from several places, and compiled once
    builder = ir.IRBuilder(function.append_basic_block())
    out, out_step, source, step, count = function.args
    size = 4 if isinstance(number, ir.FloatType) else 8
    lanes = WIDTH // size
    vector, mask_type = ir.VectorType(number, lanes), ir.VectorType(ir.IntType(1), lanes)
    words, pointer, align = ir.VectorType(WORD, lanes), ir.PointerType(vector), ir.Constant(ir.IntType(32), size)
    name = f"v{lanes}{'f32' if size == 4 else 'f64'}.p0"
    load = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vector, [pointer, align.type, mask_type, vector]), f"llvm.masked.load.{name}"
    )
    store = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [vector, pointer, align.type, mask_type]),
        f"llvm.masked.store.{name}",
    )  # fmt: skip

    def constant(value: float) -> Any:
        return ir.Constant(vector, [value] * lanes)

    def place(base: Any, position: Any, stride: Any, k: int) -> Any:
        index = builder.add(position, builder.mul(stride, ir.Constant(WORD, k)))
        return builder.bitcast(builder.gep(base, [index]), pointer)

    def block(position: Any, mask: Any) -> None:
        """Combine what stands at `position` of each line; of the last block only what the mask says."""

        def read(at: Any) -> Any:
            if mask is None:
                return builder.load(at, align=size)
            return builder.call(load, [at, align, mask, constant(0.0)])

        values = [read(place(source, position, step, j)) for j in range(matrix.shape[1])]
        for i, row in enumerate(matrix):
            target = place(out, position, out_step, i)
            total = read(target) if add else None
            for value, x in zip(row, values, strict=True):
                if value != 0:
                    term = x if value == 1 else builder.fmul(constant(float(value)), x, flags=("contract",))
                    total = term if total is None else builder.fadd(total, term, flags=("contract",))
            total = constant(0.0) if total is None else total
            if mask is None:
                builder.store(total, target, align=size)
            else:
                builder.call(store, [total, target, align, mask])

    wide = ir.Constant(WORD, lanes)
    whole = builder.mul(builder.udiv(count, wide), wide)
    with cgutils.for_range_slice(builder, ir.Constant(WORD, 0), whole, wide, WORD) as (position, _):
        block(position, None)
    with builder.if_then(builder.icmp_unsigned("<", whole, count)):
        rest = builder.insert_element(
            ir.Constant(words, ir.Undefined), builder.sub(count, whole), ir.Constant(ir.IntType(32), 0)
        )
        rest = builder.shuffle_vector(rest, ir.Constant(words, ir.Undefined), ir.Constant(
            ir.VectorType(ir.IntType(32), lanes), [0] * lanes
        ))  # fmt: skip
        block(whole, builder.icmp_unsigned("<", ir.Constant(words, list(range(lanes))), rest))
    builder.ret_void()
