"""The channels of a place in vector registers, a block of them at a time, of which the last may be partly used.

Images have channels last, and often few of them.  A loop over a handful is too short for a compiler to use
vector registers.  Here the code is written for them: lanes that are no channels are neither read nor written.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import int64, types, void
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 32  # bytes of a block of channels


class _Block:
    """Code for a block of channels.

    Args:
        context: of the compiler.
        builder: where the code goes.
        real: Numba's type of the numbers.
        count: channels from the first one in the block on.
        place: Numba's type of places in windows, where there are any.
    """

    def __init__(self, context: Any, builder: Any, real: Any, count: Any, place: Any = types.uint8) -> None:
        self._builder = builder
        self._size, self._place = real.bitwidth // 8, ir.IntType(place.bitwidth)
        self.lanes = WIDTH // self._size
        self.numbers = ir.VectorType(context.get_value_type(real), self.lanes)
        self.places = ir.VectorType(ir.IntType(32), self.lanes)
        words = ir.VectorType(count.type, self.lanes)
        self._mask = builder.icmp_signed("<", ir.Constant(words, list(range(self.lanes))), self.spread(count, words))

    def spread(self, value: Any, kind: Any) -> Any:
        """The same value in all lanes."""
        empty = ir.Constant(kind, ir.Undefined)
        once = self._builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
        return self._builder.shuffle_vector(once, empty, ir.Constant(self.places, [0] * self.lanes))

    def place(self, value: Any) -> Any:
        """A place, in all lanes."""
        return self.spread(self._builder.trunc(value, self.places.element), self.places)

    def places_of(self, place: int) -> Any:
        """A constant one."""
        return ir.Constant(self.places, [place] * self.lanes)

    def load(self, base: Any, index: Any) -> Any:
        """Numbers."""
        return self._load(base, index, self.numbers, self._size)

    def load_places(self, base: Any, index: Any) -> Any:
        """Places, as wide as numbers."""
        kind = ir.VectorType(self._place, self.lanes)
        narrow = self._load(base, index, kind, self._place.width // 8)
        return narrow if kind == self.places else self._builder.zext(narrow, self.places)

    def store(self, value: Any, base: Any, index: Any) -> None:
        """Write numbers, or places."""
        size = self._size
        if value.type == self.places:
            kind, size = ir.VectorType(self._place, self.lanes), self._place.width // 8
            value = value if kind == self.places else self._builder.trunc(value, kind)
        pointer = self._pointer(base, index, value.type)
        align = ir.Constant(ir.IntType(32), size)
        given = [value.type, pointer.type, align.type, self._mask.type]
        store = self._function("store", value.type, ir.VoidType(), given)
        self._builder.call(store, [value, pointer, align, self._mask])

    def _load(self, base: Any, index: Any, kind: Any, size: int) -> Any:
        pointer, align = self._pointer(base, index, kind), ir.Constant(ir.IntType(32), size)
        load = self._function("load", kind, kind, [pointer.type, align.type, self._mask.type, kind])
        return self._builder.call(load, [pointer, align, self._mask, ir.Constant(kind, [0] * self.lanes)])

    def _pointer(self, base: Any, index: Any, kind: Any) -> Any:
        return self._builder.bitcast(self._builder.gep(base, [index]), ir.PointerType(kind))

    def _function(self, name: str, kind: Any, result: Any, arguments: list[Any]) -> Any:
        letter = {"float": "f32", "double": "f64"}.get(str(kind.element), str(kind.element))
        return cgutils.get_or_insert_function(
            self._builder.module, ir.FunctionType(result, arguments), f"llvm.masked.{name}.v{self.lanes}{letter}.p0"
        )


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, array).data


def _blocks(builder: Any, channels: Any, size: int) -> Any:
    """The loop over blocks of channels: yields (first, _)."""
    zero, lanes = ir.Constant(channels.type, 0), ir.Constant(channels.type, WIDTH // size)
    return cgutils.for_range_slice(builder, zero, channels, lanes, channels.type)


@intrinsic
def largest_of_four(context, best, place, to, upper, lower, at, channels):  # type: ignore[no-untyped-def]
    """best[to + c], place[to + c] = the largest in a window of 2 x 2 from at + c on in two rows, and its place.

    The first of the largest, or the first NaN.
    """
    signature = void(best, place, int64, upper, lower, int64, int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, _, to, _, _, at, channels = arguments
        real, whole = signature.args[0].dtype, signature.args[1].dtype
        best, place, upper, lower = (_data(context, builder, signature.args[k], arguments[k]) for k in (0, 1, 3, 4))
        with _blocks(builder, channels, real.bitwidth // 8) as (c, _):
            block = _Block(context, builder, real, builder.sub(channels, c), whole)
            left, target = builder.add(at, c), builder.add(to, c)
            right = builder.add(left, channels)
            value, where = block.load(upper, left), block.places_of(0)
            for k, (row, index) in enumerate(((upper, right), (lower, left), (lower, right)), start=1):
                other = block.load(row, index)
                larger, ordered = builder.fcmp_unordered(">", other, value), builder.fcmp_ordered("ord", value, value)
                better = builder.and_(larger, ordered)
                value = builder.select(better, other, value)
                where = builder.select(better, block.places_of(k), where)
            block.store(value, best, target)
            block.store(where, place, target)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def to_the_largest_of_two(context, dx, to, dy, place, at, channels, first):  # type: ignore[no-untyped-def]
    """dx[to + c] = dy[at + c] where the largest is at the place `first`, else 0; so too for the place after it."""
    signature = void(dx, int64, dy, place, int64, int64, int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, to, _, _, at, channels, first = arguments
        real, whole = signature.args[0].dtype, signature.args[3].dtype
        dx, dy, place = (_data(context, builder, signature.args[k], arguments[k]) for k in (0, 2, 3))
        with _blocks(builder, channels, real.bitwidth // 8) as (c, _):
            block = _Block(context, builder, real, builder.sub(channels, c), whole)
            source, left = builder.add(at, c), builder.add(to, c)
            share, where = block.load(dy, source), block.load_places(place, source)
            for k, target in enumerate((left, builder.add(left, channels))):
                own = builder.icmp_signed("==", where, block.place(builder.add(first, ir.Constant(first.type, k))))
                zeros = ir.Constant(block.numbers, [0.0] * block.lanes)
                block.store(builder.select(own, share, zeros), dx, target)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def add_all(context, total, y, rows, columns):  # type: ignore[no-untyped-def]
    """total[c] += sum_r y[r, c]"""
    signature = void(total, y, int64, int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, y = (_data(context, builder, signature.args[k], arguments[k]) for k in range(2))
        rows, columns, real = arguments[2], arguments[3], signature.args[0].dtype
        with _blocks(builder, columns, real.bitwidth // 8) as (c, _):
            block = _Block(context, builder, real, builder.sub(columns, c))
            held = cgutils.alloca_once_value(builder, block.load(total, c))
            with cgutils.for_range(builder, rows) as row:
                at = builder.add(builder.mul(row.index, columns), c)
                builder.store(builder.fadd(builder.load(held), block.load(y, at)), held)
            block.store(builder.load(held), total, c)
        return context.get_dummy_value()

    return signature, generate
