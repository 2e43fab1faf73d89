"""Matrix products inside kernels: SciPy's BLAS, called by symbol.

A kernel that holds the address of a function cannot be cached on disk; one that names a
symbol can, and the symbol is given its address when this module is imported.  BLAS
takes its arguments by reference and in column-major order, so the product of row-major
matrices C = A B is asked for as C' = B' A'.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

for _name in ("sgemm", "dgemm"):
    llvm.add_symbol(f"chainrule_{_name}", get_cython_function_address("scipy.linalg.cython_blas", _name))


@intrinsic
def gemm(context, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc):  # type: ignore[no-untyped-def]
    """c[:m, :n] = op(a)[:m, :k] op(b)[:k, :n] + beta c, on row-major blocks with leading dimensions.

    Args:
        context: given by the compiler.
        transpose_a: op(a) is a' where true.
        transpose_b: op(b) is b' where true.
        m: rows of c.
        n: columns of c.
        k: length of the sums.
        a: array whose first element begins the block; of its strides only `lda` is looked at.
        lda: elements from one row of `a` to the next.
        b: like `a`.
        ldb: like `lda`.
        beta: 0 to overwrite c, 1 to add to it.
        c: like `a`.
        ldc: like `lda`.
    """
    real = a.dtype
    size = types.intp
    signature = types.void(
        types.boolean, types.boolean, size, size, size, a, size, b, size, real, c, size
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc = arguments
        byte, integer = ir.IntType(8), ir.IntType(32)
        number = ir.FloatType() if real == types.float32 else ir.DoubleType()
        pointer = ir.PointerType(byte)

        def reference(value: Any, kind: Any) -> Any:
            slot = cgutils.alloca_once(builder, kind)
            builder.store(value, slot)
            return builder.bitcast(slot, pointer)

        def length(value: Any) -> Any:
            return reference(builder.trunc(value, integer), integer)

        def letter(transposed: Any) -> Any:
            return reference(builder.select(transposed, byte(ord("T")), byte(ord("N"))), byte)

        def first(value: Any, kind: Any) -> Any:
            return builder.bitcast(cgutils.create_struct_proxy(kind)(context, builder, value).data, pointer)

        name = "chainrule_sgemm" if real == types.float32 else "chainrule_dgemm"
        blas = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [pointer] * 13), name
        )
        builder.call(
            blas,
            [
                letter(transpose_b), letter(transpose_a), length(n), length(m), length(k),
                reference(number(1.0), number),
                first(b, signature.args[7]), length(ldb), first(a, signature.args[5]), length(lda),
                reference(beta, number),
                first(c, signature.args[10]), length(ldc),
            ],
        )  # fmt: skip
        return context.get_dummy_value()

    return signature, generate
