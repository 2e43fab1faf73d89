"""The loops of convolutions over a batch, and what is done once for it.

    pieces of the batch   as many as the shapes say, whatever the number of threads
    a block of samples    as many as fill one product: forwards y and the bias; backwards db, dw and dx
    sums of pieces        dw and db, added up in the order of the pieces

The loops take the code of a method by its address, so they are compiled once for all methods.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from chainrule.kernels import Call
from chainrule.kernels.calls import Piece
from chainrule.kernels.channels import add_all
from chainrule.kernels.compile import compiled
from chainrule.kernels.conv_method import Plan
from chainrule.kernels.dense import bounds
from chainrule.kernels.direct import direct
from chainrule.kernels.elementwise import on_numbers
from chainrule.kernels.part import call_at
from chainrule.kernels.pooling import max_pool_sample, max_pool_vjp_sample, three
from chainrule.kernels.tile import product
from chainrule.kernels.winograd import winograd
from chainrule.ops.primitive import PRIMITIVES

FEW = 64  # bytes of channels up to which their sums over all places stay in registers


class Code(NamedTuple):
    """Where the code of a method's parts is: of dw and dx as kernels/direct.py has them, or as one, as winograd.py has.

    What a method does not have, or nobody wants, is 0.
    """

    forward: int = 0
    dw: int = 0
    dx: int = 0
    backward: int = 0


def code_for(plan: Plan, real: str, *, forward: bool = False, dw: bool = False, dx: bool = False) -> np.ndarray:
    """The code of what is wanted, compiled or from the cache."""
    product.provide(real)
    if plan.tile:
        parts = winograd(plan.tile)
        for part, wanted in ((parts.filters, forward or dx), (parts.finish, dw)):  # called by their symbols
            if wanted:
                part.provide(real)
        code = Code(
            forward=parts.forward.provide(real) if forward else 0,
            backward=parts.backward.provide(real) if dw or dx else 0,
        )
    else:
        way = direct(plan.method == "depthwise")
        way.product.provide(real)
        of_image = way.forward.provide(real) if forward or dx else 0
        code = Code(of_image, way.dw.provide(real) if dw else 0, way.dx.provide(real) if dx else 0)
    return np.array(code, np.int64)


@compiled(cached=False)
def add_bias(y, b):  # type: ignore[no-untyped-def]
    """y += b, for all places of some images."""
    rows = y.reshape(-1, b.size)
    for i in range(rows.shape[0]):
        row = rows[i]
        for j in range(row.size):
            row[j] += b[j]


@compiled(cached=False)
def add_rows(db, dy):  # type: ignore[no-untyped-def]
    """db += the sum of dy over all places of some images."""
    if db.size * db.itemsize <= FEW:
        add_all(db, dy, dy.size // db.size, db.size)
        return
    rows = dy.reshape(-1, db.size)
    for i in range(rows.shape[0]):
        row = rows[i]
        for j in range(row.size):
            db[j] += row[j]


class Loops(NamedTuple):
    """The loops over the pieces of a batch."""

    forward: Callable[..., Call]
    backward: Callable[..., Call]


@cache
def loops(activation: str = "", real: str = "", pooled: bool = False) -> Loops:
    """The loops of all methods, for what follows the convolution.

    Args:
        activation: a primitive's name, or "" for none.
        real: precision of the activation's constants.
        pooled: a maximum follows.
    """
    value = slope = None
    stamp = ""
    if activation:
        primitive = PRIMITIVES[activation]
        assert primitive.elementwise_vjp is not None
        value, stamp = on_numbers(activation, primitive.forward, real)
        slope, more = on_numbers(f"d_{activation}", primitive.elementwise_vjp, real)
        stamp += more
    kind = f"conv_{activation or 'plain'}_{real}_{pooled}"
    own = f"{kind}_{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"

    @compiled(name=f"{own}_forward", cached=False)
    def forward(t, thread, y, place, x, u, b, shape, how, code, scratch, rooms, cuts, block, *attrs):  # type: ignore[no-untyped-def]
        """y = conv(x, w) + b, and what follows, for a piece of the batch."""
        first, last = bounds(t, y.shape[0], cuts)
        room, between = scratch[thread], rooms[thread]
        for start in range(first, last, block):
            stop = min(start + block, last)
            n = stop - start
            z = _images(between, n, shape) if pooled else y[start:stop]
            call_at(code[0], (z, x[start:stop], u, b, room, shape), (n,))
            if value is not None:
                flat = z.reshape(-1)
                for j in range(flat.size):
                    flat[j] = value(flat[j], *attrs)[0]
            if pooled:
                for k in range(n):
                    max_pool_sample(y[start + k], place[start + k], z[k], three(how[0]), three(how[1]), three(how[2]))

    @compiled(name=f"{own}_backward", cached=False)
    def backward(  # type: ignore[no-untyped-def]
        t, thread, dx, totals, dbs, dy, y, place, x, u, shape, turned, how, code, scratch, rooms, cuts, block, *attrs
    ):
        """dx, and this piece's sums of dw and db; what nobody wants is an empty array."""
        first, last = bounds(t, dy.shape[0], cuts)
        room, between = scratch[thread], rooms[thread]
        size = totals.size // cuts
        total = totals[t * size : (t + 1) * size]
        for j in range(size):
            total[j] = 0
        if dbs.size > 0:
            dbs[t] = 0
        for start in range(first, last, block):
            stop = min(start + block, last)
            n = stop - start
            dz = dy[start:stop]
            if slope is not None:  # dy f'(z), which f gives from y
                given, made = dz.reshape(-1), y[start:stop].reshape(-1)
                through = between[between.size - given.size :]
                for j in range(given.size):
                    through[j] = slope(given[j], made[j], *attrs)[0]
                dz = through.reshape(dz.shape)
            if pooled:
                spread = _images(between, n, shape)
                for k in range(n):
                    max_pool_vjp_sample(spread[k], dz[k], place[start + k], three(how[0]), three(how[1]), three(how[2]))
                dz = spread
            if dbs.size > 0:
                add_rows(dbs[t], dz)
            if code[1] != 0:
                call_at(code[1], (total, x[start:stop], dz, room, shape), (n,))
            if code[2] != 0:
                call_at(code[2], (dx[start:stop], dz, u, room, turned), (n,))
            if code[3] != 0:
                wanted = 1 if size > 0 else 0, 1 if dx.size > 0 else 0
                call_at(code[3], (total, dx[start:stop], x[start:stop], dz, u, room, shape), (n, *wanted))

    return Loops(
        Piece(forward, f"{kind}_forward", takes=2, blas=True, stamp=stamp),
        Piece(backward, f"{kind}_backward", takes=2, blas=True, stamp=stamp),
    )


@compiled(cached=False)
def _images(room, n, shape):  # type: ignore[no-untyped-def]
    """Room for the convolution of n images."""
    deep, high, wide, f = shape[15], shape[16], shape[17], shape[19]
    return room[: n * deep * high * wide * f].reshape(n, deep, high, wide, f)


@compiled(cached=False)
def _add_up(t, dw, totals, cuts):  # type: ignore[no-untyped-def]
    """dw = the sums of all pieces, in their order, for a part of its numbers."""
    target, sums = dw.reshape(-1), totals.reshape(-1)
    start, stop = bounds(t, target.size, cuts)
    for i in range(start, stop):
        target[i] = sums[i]
    for k in range(1, totals.shape[0]):
        for i in range(start, stop):
            target[i] += sums[k * target.size + i]


@compiled(cached=False)
def _turn(t, u, w, flip, groups, cuts):  # type: ignore[no-untyped-def]
    """u (elements, F / groups, C) from w (elements, C / groups, F), in pieces of the elements.

    Where `flip`, the elements of a window come in reverse.
    """
    elements, c_group, f = w.shape
    f_group = f // groups
    start, stop = bounds(t, elements, cuts)
    for k in range(start, stop):
        source, target = w[elements - 1 - k] if flip else w[k], u[k]
        for g in range(groups):
            for j in range(f_group):
                row = target[j, g * c_group : (g + 1) * c_group]
                for i in range(c_group):
                    row[i] = source[i, g * f_group + j]


turn, add_up = Piece(_turn), Piece(_add_up)


@cache
def winograd_steps(m: int) -> tuple[Callable[..., Call], Callable[..., Call]]:
    """Filters into the method's form, and its sums into dw; in pieces of the channels."""
    to_tiles, from_tiles = winograd(m).filters.call, winograd(m).finish.call

    @compiled(name=f"winograd{m}_filters_piece", cached=False)
    def filters(t, u, w, rooms, cuts):  # type: ignore[no-untyped-def]
        start, stop = bounds(t, w.shape[2], cuts)
        to_tiles((u, w, rooms[t]), (w.shape[2], w.shape[3], start, stop))

    @compiled(name=f"winograd{m}_finish_piece", cached=False)
    def finish(t, dw, totals, rooms, cuts):  # type: ignore[no-untyped-def]
        """The sums of all pieces, in their order, and dw of them."""
        start, stop = bounds(t, dw.shape[2], cuts)
        first = totals[0]
        for k in range(1, totals.shape[0]):
            for e in range(first.shape[0]):
                into, part = first[e, start:stop].reshape(-1), totals[k, e, start:stop].reshape(-1)
                for i in range(into.size):
                    into[i] += part[i]
        from_tiles((dw, first, rooms[t]), (dw.shape[2], dw.shape[3], start, stop))

    return Piece(filters), Piece(finish)
