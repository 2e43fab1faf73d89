"""A tile of a matrix product with operands at any strides, held in registers.

    c[r, j] = (d[r, j] +) sum_{i0, i1, i2} a[at(r) + i0 a_0 + i1 a_1 + i2 a_2] b[i0 b_0 + i1 b_1 + i2 b_2 + j]
    at(r) = r // line a_line + r % line a_row        rows lie in lines of equal length

BLAS takes neither rows that overlap nor sums over several axes, and copies its operands before it
multiplies.  A convolution is a product whose left operand is the image itself, read at overlapping
windows: here it is multiplied as it lies there.

Where each channel has its own filter, the left operand has columns too:

    c[r, j] = (d[r, j] +) sum_{i0, i1, i2} a[at(r) + i0 a_0 + i1 a_1 + i2 a_2 + j] b[i0 b_0 + i1 b_1 + i2 b_2 + j]
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import int64, types, void
from numba.core import cgutils
from numba.extending import intrinsic

from chainrule.kernels.compile import compiled
from chainrule.kernels.part import Part

_wide = llvm.get_host_cpu_features().get("avx512f", False)
REGISTER = 64 if _wide else 32  # bytes
HALF = REGISTER // 2  # for few columns: of these, processors that have the wide ones multiply two at a time
ROWS = (12, 4, 1) if _wide else (6, 2, 1)  # heights of tiles: with two registers a row the first fills the file


@cache
def _tile(rows: int, vectors: int, register: int, by_column: bool) -> Any:
    """The product of `rows` rows and `vectors` registers of columns, the last of which may be partly used.

    Args:
        rows: height.
        vectors: width.
        register: bytes in a register.
        by_column: the left operand has columns.
    """

    @intrinsic
    def tile(context, c, d, a, b, columns, add, at):  # type: ignore[no-untyped-def]
        # `at` is a tuple: c_at, c_row, d_at, d_row, a_at, place, line, a_line, a_row, a_0, a_1, a_2,
        # b_at, b_0, b_1, b_2, n_0, n_1, n_2, where the first row has this place in its line.
        signature = void(c, d, a, b, int64, int64, at)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            c, d, a, b, columns, add, at = arguments
            single = signature.args[0].dtype == types.float32
            number = ir.FloatType() if single else ir.DoubleType()
            size = 4 if single else 8
            lanes = register // size
            vector, mask_type = ir.VectorType(number, lanes), ir.VectorType(ir.IntType(1), lanes)
            word = columns.type
            (
                c_at, c_row, d_at, d_row, a_at, place_in, length, a_line, a_row, a_0, a_1, a_2, b_at, b_0, b_1, b_2,
                n_0, n_1, n_2,
            ) = cgutils.unpack_tuple(builder, at)  # fmt: skip

            target, former, left, right = (
                cgutils.create_struct_proxy(kind)(context, builder, value).data
                for kind, value in zip(signature.args[:4], (c, d, a, b), strict=True)
            )
            splat = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

            def repeated(value: Any, kind: Any) -> Any:
                empty = ir.Constant(kind, ir.Undefined)
                once = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
                return builder.shuffle_vector(once, empty, splat)

            # Which lanes of the last register are columns.
            words = ir.VectorType(word, lanes)
            used = builder.sub(columns, ir.Constant(word, (vectors - 1) * lanes))
            mask = builder.icmp_signed("<", ir.Constant(words, list(range(lanes))), repeated(used, words))
            pointer = ir.PointerType(vector)
            align, zeros = ir.Constant(ir.IntType(32), size), ir.Constant(vector, [0.0] * lanes)
            name = f"v{lanes}{'f32' if single else 'f64'}"
            masked_load = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(vector, [pointer, align.type, mask_type, vector]),
                f"llvm.masked.load.{name}.p0",
            )  # fmt: skip
            masked_store = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), [vector, pointer, align.type, mask_type]),
                f"llvm.masked.store.{name}.p0",
            )  # fmt: skip

            def place(base: Any, index: Any, v: int) -> Any:
                moved = builder.add(index, ir.Constant(word, v * lanes))
                return builder.bitcast(builder.gep(base, [moved]), pointer)

            def load(base: Any, index: Any, v: int) -> Any:
                if v < vectors - 1:
                    return builder.load(place(base, index, v), align=size)
                return builder.call(masked_load, [place(base, index, v), align, mask, zeros])

            def opaque(start: Any) -> Any:
                """The pointer, from which the compiler derives no others: there are too few registers for them."""
                return builder.asm(ir.FunctionType(start.type, [start.type]), "", "=r,0", [start], True)

            sums = [[cgutils.alloca_once_value(builder, zeros) for _ in range(vectors)] for _ in range(rows)]
            for line in sums:
                for one in line:
                    builder.store(zeros, one)
            row_at = [builder.add(c_at, builder.mul(c_row, ir.Constant(word, r))) for r in range(rows)]
            former_at = [builder.add(d_at, builder.mul(d_row, ir.Constant(word, r))) for r in range(rows)]
            step, zero = ir.Constant(word, 1), ir.Constant(word, 0)
            to_line = builder.sub(a_line, builder.mul(a_row, builder.sub(length, step)))  # from the end of a line
            left_at = [a_at]
            for _ in range(1, rows):
                place_in = builder.add(place_in, step)
                ended = builder.icmp_signed("==", place_in, length)
                left_at += [builder.add(left_at[-1], builder.select(ended, to_line, a_row))]
                place_in = builder.select(ended, zero, place_in)
            starts = [builder.gep(left, [index]) for index in left_at]
            with cgutils.for_range(builder, n_0) as outer, cgutils.for_range(builder, n_1) as middle:
                a_skip = builder.add(builder.mul(outer.index, a_0), builder.mul(middle.index, a_1))
                b_skip = builder.add(builder.mul(outer.index, b_0), builder.mul(middle.index, b_1))
                b_start = builder.add(b_at, b_skip)
                with cgutils.for_range(builder, n_2) as inner:
                    b_index = builder.add(b_start, builder.mul(inner.index, b_2))
                    across = [load(right, b_index, v) for v in range(vectors)]
                    index = builder.add(a_skip, builder.mul(inner.index, a_2))
                    for start, line in zip(starts, sums, strict=True):
                        row = opaque(start) if vectors == 1 else start
                        if by_column:
                            factors = [load(row, index, v) for v in range(vectors)]
                        else:
                            value = builder.load(builder.gep(row, [index]), align=size)
                            factors = [repeated(value, vector)] * vectors
                        for factor, x, one in zip(factors, across, line, strict=True):
                            term = builder.fmul(factor, x, flags=("contract",))
                            builder.store(builder.fadd(builder.load(one), term, flags=("contract",)), one)
            with builder.if_then(builder.icmp_signed("!=", add, ir.Constant(word, 0))):
                for index, line in zip(former_at, sums, strict=True):
                    for v, one in enumerate(line):
                        builder.store(builder.fadd(load(former, index, v), builder.load(one)), one)
            for index, line in zip(row_at, sums, strict=True):
                for v, one in enumerate(line):
                    if v < vectors - 1:
                        builder.store(builder.load(one), place(target, index, v), align=size)
                    else:
                        builder.call(masked_store, [builder.load(one), place(target, index, v), align, mask])
            return context.get_dummy_value()

        return signature, generate

    return tile


def _product_of(heights: tuple[int, ...], by_column: bool) -> Any:
    """The product of any number of rows and columns, cut into tiles of some heights, from tall to low."""
    tall, *rest = heights
    double, single, half = (_tile(tall, *width, by_column) for width in ((2, REGISTER), (1, REGISTER), (1, HALF)))
    lower = _product_of(tuple(rest), by_column) if rest else None

    kind = "by_column" if by_column else "plain"

    @compiled(name=f"tile_{kind}_{tall}", cached=False)
    def product(c, d, a, b, start, rows, columns, add, at):  # type: ignore[no-untyped-def]
        c_at, c_row, d_at, d_row, a_at, line, a_line, a_row, a_0, a_1, a_2, b_at, b_0, b_1, b_2, n_0, n_1, n_2 = at
        lanes, few = REGISTER // c.itemsize, HALF // c.itemsize
        a_column = 1 if by_column else 0
        last = start + (rows - start) // tall * tall
        for r in range(start, last, tall):
            place = r % line
            row_at = a_at + r // line * a_line + place * a_row
            for j in range(0, columns, 2 * lanes):
                here = (
                    c_at + r * c_row + j, c_row, d_at + r * d_row + j, d_row,
                    row_at + j * a_column, place, line, a_line, a_row, a_0, a_1, a_2,
                    b_at + j, b_0, b_1, b_2, n_0, n_1, n_2,
                )  # fmt: skip
                if columns - j > lanes:
                    double(c, d, a, b, min(columns - j, 2 * lanes), add, here)
                elif columns - j > few:
                    single(c, d, a, b, columns - j, add, here)
                else:
                    half(c, d, a, b, columns - j, add, here)
        if lower is not None and last < rows:
            lower(c, d, a, b, last, rows, columns, add, at)

    return product


def _part(name: str, heights: tuple[int, ...], by_column: bool) -> Part:
    """The product as a part: ((c, d, a, b), (rows, columns, whether d is added, c_at, c_row, d_at, d_row, …, n_2))."""
    whole = _product_of(heights, by_column)

    def of_numbers(  # type: ignore[no-untyped-def]
        c, d, a, b, rows, columns, add, c_at, c_row, d_at, d_row, a_at, line, a_line, a_row, a_0, a_1, a_2,
        b_at, b_0, b_1, b_2, n_0, n_1, n_2,
    ):  # fmt: skip
        at = (c_at, c_row, d_at, d_row, a_at, line, a_line, a_row, a_0, a_1, a_2, b_at, b_0, b_1, b_2, n_0, n_1, n_2)
        whole(c, d, a, b, 0, rows, columns, add, at)

    return Part(name, of_numbers, "rrrr", 21)


product = _part("product", ROWS, False)
product_by_column = _part("product_by_column", (4, 1), True)
