"""conv, fast: samples are shared out among threads, and all that a sample needs stays in the cache.

    pieces of the batch   as many as the shapes say, whatever the number of threads
    a block of samples    as many as fill one product: forwards y and the bias; backwards db, dw and dx
    sums of pieces        dw and db, added up in the order of the pieces

Which method computes a block is chosen by the shapes (`method_for`), by rules that were measured
(docs/decisions/0011).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels, in_turn
from chainrule.kernels.calls import Piece
from chainrule.kernels.channels import add_all
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.dense import bounds
from chainrule.kernels.direct import direct
from chainrule.kernels.elementwise import on_numbers
from chainrule.kernels.part import call_at
from chainrule.kernels.pooling import max_pool_sample, max_pool_vjp_sample, three
from chainrule.kernels.tile import product
from chainrule.kernels.winograd import TILES, scratch_numbers, tiles, winograd
from chainrule.ops.conv import axes_of
from chainrule.ops.primitive import PRIMITIVES
from chainrule.ops.windows import Padding, Sizes, Slide, slides
from chainrule.spec import TensorSpec, known

SMALL = 1 << 19  # multiply-adds below which waking threads costs more than it saves
MOST = 8  # pieces of a batch
FEWEST = 16  # channels and filters from which Winograd's transforms pay
ROOM = 1 << 25  # bytes that the pieces' sums for dw may take together
FEW = 64  # bytes of channels up to which their sums over all places stay in registers
SCATTER = 40  # multiply-adds that cost as much as adding a share of dx to where it came from


class Plan(NamedTuple):
    """How one convolution is computed.

    Args:
        method: "direct", "depthwise", "winograd2" or "winograd4".
        reason: why.
        axes: how the filters slide along D, H and W.
        c: channels of the input.
        f: filters.
        groups: of channels and filters.
        samples: images.
        cuts: pieces of the batch.
        sums: pieces of the batch that have sums of dw of their own.
        block: images that are computed together.
    """

    method: str
    reason: str
    axes: tuple[Slide, Slide, Slide]
    c: int
    f: int
    groups: int
    samples: int
    cuts: int
    sums: int
    block: int

    @property
    def elements(self) -> int:
        """Elements of a window."""
        return math.prod(axis.window for axis in self.axes)

    @property
    def tile(self) -> int:
        """Outputs along a side of Winograd's tiles; 0 for other methods."""
        return int(self.method[-1]) if self.method.startswith("winograd") else 0

    @property
    def filter_numbers(self) -> int:
        """Numbers in the filters as the method takes them, and in the sums for dw."""
        each = (self.tile + 2) ** 2 if self.tile else self.elements
        return each * (self.c // self.groups) * self.f

    @property
    def scratch(self) -> int:
        """Numbers of scratch memory for a thread."""
        if self.tile:
            return scratch_numbers(self.c, self.f, self.tile)
        read = math.prod(max(axis.padded, axis.extent) for axis in self.axes) * self.c
        turned = math.prod(axis.size + axis.extent - 1 for axis in self.axes) * self.f if self.convolves_dy else 0
        return max(read, turned)

    @property
    def convolves_dy(self) -> bool:
        """Whether dx is computed as a convolution: where windows move by one place, if not too many see padding."""
        inputs, outputs = math.prod(a.size for a in self.axes), math.prod(a.outputs for a in self.axes)
        f = self.f // self.groups
        return all(a.stride == 1 for a in self.axes) and inputs * f <= outputs * (f + SCATTER)

    def shape(self) -> np.ndarray:
        """What the kernels read of it (kernels/direct.py)."""
        return _shape(self.axes, self.c, self.f, self.groups, biased=True)

    def turned_shape(self) -> np.ndarray:
        """The same of the adjoint, which takes dy to dx."""
        axes = [
            Slide(a.outputs, a.window, a.stride, a.dilation, a.extent - 1 - a.before, a.extent - 1 - a.after, a.size)
            for a in self.axes
        ]
        return _shape(axes, self.f, self.c, self.groups, convolves=self.convolves_dy)


def _shape(
    axes: Sequence[Slide], c: int, f: int, groups: int, *, convolves: bool = False, biased: bool = False
) -> np.ndarray:
    columns = [[a.window, a.stride, a.dilation, a.before, a.size, a.outputs] for a in axes]
    return np.array([*np.array(columns).T.ravel(), c, f, groups, convolves, biased], np.int64)


def method_for(axes: Sequence[Slide], c: int, f: int, groups: int) -> tuple[str, str]:
    """The fastest method for a shape, by rules that were measured, and why it is."""
    deep, high, wide = axes
    if groups == c == f and c > 1:
        return "depthwise", "a filter for each channel"
    if not (deep.window == 1 and high.window == wide.window == 3 and deep.padded == deep.size):
        return "direct", "windows other than 3 x 3"
    if any(a.stride != 1 or a.dilation != 1 for a in axes):
        return "direct", "strides or dilation"
    if groups > 1 or min(c, f) < FEWEST:
        return "direct", "groups" if groups > 1 else f"fewer than {FEWEST} channels or filters"
    outputs = (high.outputs, wide.outputs)
    whole, cost = 9 * math.prod(outputs), {m: tiles(outputs, m) * (m + 2) ** 2 for m in (2, 4)}
    m = 4 if cost[4] <= cost[2] else 2
    if min(outputs) < 2 or 1.5 * cost[m] >= whole:
        return "direct", "tiles would be mostly outside"
    return f"winograd{m}", f"{cost[m]:,} products instead of {whole:,} for a channel and a filter"


def plan_of(
    x: Sequence[int], w: Sequence[int], strides: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Plan:
    """The plan for inputs and filters of these shapes."""
    given = axes_of(x, w, strides, padding, dilation)
    deep, high, wide = [Slide(1, 1, 1, 1, 0, 0, 1)] * (3 - len(given)) + given
    c, f, samples = x[-1], w[-1], x[0]
    method, reason = method_for((deep, high, wide), c, f, groups)
    outputs = math.prod(axis.outputs for axis in (deep, high, wide))
    work = samples * outputs * math.prod(w[:-1]) * f
    cuts = 1 if work < SMALL else min(MOST, 1 << max(0, samples.bit_length() - 1))
    plan = Plan(method, reason, (deep, high, wide), c, f, groups, samples, cuts, cuts, 1)
    each = plan.filter_numbers * 8
    sums = max(min(cuts, 2), min(cuts, ROOM // max(1, each)))
    sums = 1 << (sums.bit_length() - 1)
    if plan.tile:
        block = max(1, TILES // max(1, tiles((high.outputs, wide.outputs), plan.tile)))
        return plan._replace(sums=sums, block=block)
    return plan._replace(sums=sums)


class Code(NamedTuple):
    """Where the code of a method's parts is: of dw and dx as kernels/direct.py has them, or as one, as winograd.py has.

    What a method does not have, or nobody wants, is 0.
    """

    forward: int = 0
    dw: int = 0
    dx: int = 0
    backward: int = 0


def _code(plan: Plan, real: str, *, forward: bool = False, dw: bool = False, dx: bool = False) -> np.ndarray:
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
def _loops(activation: str = "", real: str = "", pooled: bool = False) -> Loops:
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
def _winograd_steps(m: int) -> tuple[Callable[..., Call], Callable[..., Call]]:
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


def _threads() -> int:
    return int(numba.config.NUMBA_NUM_THREADS)


def _parts(plan: Plan) -> int:
    """Pieces of the filters' channels."""
    return 1 if plan.filter_numbers < 1 << 15 else min(MOST, plan.c, plan.f)


CONV = ("strides", "padding", "dilation", "groups")


def _plan(x: TensorSpec, w: TensorSpec, attrs: dict[str, Any]) -> Plan:
    return plan_of(known(x.shape), known(w.shape), **{name: attrs[name] for name in CONV})


def _between(plan: Plan, attrs: dict[str, Any]) -> int:
    """Numbers for a thread of what stands between the convolution and what follows it: z or dz, and dy f'(z)."""
    if not attrs.get("activation") and "pool" not in attrs:
        return 0
    outputs = math.prod(axis.outputs for axis in plan.axes)
    return (2 if "pool" in attrs else 1) * plan.block * outputs * plan.f


def choice(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> str:
    """The method, why, and into how many pieces the batch is cut."""
    plan = _plan(x, w, attrs)
    return f"{plan.method} ({plan.reason}), {plan.cuts} pieces"


def forward_workspace(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """Scratch for each thread; Winograd's filters and what making them takes."""
    plan = _plan(x, w, attrs)
    common = (
        TensorSpec((_threads(), plan.scratch), x.dtype), TensorSpec((_threads(), _between(plan, attrs)), x.dtype),
    )  # fmt: skip
    return (*common, *_filter_workspace(plan, plan.c, plan.f, x)) if plan.tile else common


def _filter_workspace(plan: Plan, c: int, f: int, x: TensorSpec) -> tuple[TensorSpec, ...]:
    places = (plan.tile + 2) ** 2
    return TensorSpec((places, c, f), x.dtype), TensorSpec((MOST, places * f), x.dtype)


def vjp_workspace(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """Scratch for each thread, sums for each piece, the filters turned round and in the method's form."""
    plan = _plan(x, w, attrs)
    places = (plan.tile + 2) ** 2 if plan.tile else plan.elements
    c_group, f_group = plan.c // plan.groups, plan.f // plan.groups
    common = (
        TensorSpec((_threads(), plan.scratch), x.dtype),
        TensorSpec((_threads(), _between(plan, attrs)), x.dtype),
        TensorSpec((plan.sums, places, c_group, plan.f), x.dtype),
        TensorSpec((plan.sums, plan.f), x.dtype),
        TensorSpec((plan.elements, f_group, plan.c), x.dtype),
    )
    if not plan.tile:
        return common
    return (*common, *_filter_workspace(plan, plan.f, plan.c, x), TensorSpec((MOST, places * plan.f), x.dtype))


def _volumes(x: np.ndarray, axes: int) -> np.ndarray:
    """(N, *sizes, C) -> (N, D, H, W, C)."""
    return x.reshape(x.shape[0], *(1,) * (3 - axes), *x.shape[1:])


def _chosen(plan: Plan, w: np.ndarray, attrs: dict[str, Any]) -> tuple[Loops, list[Any], np.ndarray]:
    """The loops, the numbers that the activation takes, and how the maximum's windows slide."""
    activation = attrs.get("activation")
    name, given = activation or ("", ())
    how = np.zeros((3, 3), np.int64)
    if "pool" in attrs:
        outputs = [axis.outputs for axis in plan.axes][-len(attrs["pool"]) :]
        ones = (1,) * len(outputs)
        axes = slides(outputs, attrs["pool"], attrs["pool_strides"], attrs["pool_padding"], ones)
        each = [[1, 1, 0]] * (3 - len(axes)) + [[a.window, a.stride, a.before] for a in axes]
        how = np.ascontiguousarray(np.array(each, np.int64).T)
    loops = _loops(name, w.dtype.name if name else "", "pool" in attrs)
    return loops, [w.dtype.type(value) for _, value in given], how


def _forward(
    y: np.ndarray, place: Any, x: np.ndarray, w: np.ndarray, b: np.ndarray, workspace: tuple[np.ndarray, ...],
    attrs: dict[str, Any],
) -> Call:  # fmt: skip
    plan = _plan(TensorSpec.of(x), TensorSpec.of(w), attrs)
    if y.size == 0:
        return NO_CALL
    rank, code = w.ndim - 2, _code(plan, x.dtype.name, forward=True)
    scratch, rooms, calls, filters = *workspace[:2], [], w.reshape(plan.elements, -1, plan.f)
    if plan.tile:
        filters, lines = workspace[2:]
        parts = _parts(plan)
        calls += [_winograd_steps(plan.tile)[0](parts, filters, w.reshape(3, 3, plan.c, plan.f), lines, parts)]
    loops, numbers, how = _chosen(plan, w, attrs)
    arrays = (_volumes(y, rank), None if place is None else _volumes(place, rank), _volumes(x, rank))
    run = loops.forward(
        plan.cuts, *arrays, filters, b, plan.shape(), how, code, scratch, rooms, plan.cuts, plan.block, *numbers
    )
    return in_turn(*calls, run)


def _backward(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, y: Any, place: Any, x: np.ndarray, w: np.ndarray,
    workspace: tuple[np.ndarray, ...], attrs: dict[str, Any],
) -> Call:  # fmt: skip
    plan = _plan(TensorSpec.of(x), TensorSpec.of(w), attrs)
    if dy.size == 0:
        return Call(_clear, ([a for a in (dx, dw, db) if a is not None],))
    code = _code(plan, x.dtype.name, dw=dw is not None, dx=dx is not None)
    scratch, rooms, totals, dbs, turned, *rest = workspace
    rank, parts, calls = w.ndim - 2, _parts(plan), []
    filters = turned
    if dx is not None:
        flat = w.reshape(plan.elements, plan.c // plan.groups, plan.f)
        of_elements = min(parts, plan.elements)
        calls += [turn(of_elements, turned, flat, plan.tile == 0, plan.groups, of_elements)]
        if plan.tile:
            filters = rest[0]
            step = _winograd_steps(plan.tile)[0]
            calls += [step(parts, filters, turned.reshape(3, 3, plan.f, plan.c), rest[1], parts)]
    loops, numbers, how = _chosen(plan, w, attrs)
    images = [None if a is None else _volumes(a, rank) for a in (dy, y, place, x)]
    calls += [
        loops.backward(
            plan.sums, _volumes(x[:0] if dx is None else dx, rank), totals.reshape(-1)[: 0 if dw is None else None],
            dbs[: 0 if db is None else None], *images, filters, plan.shape(), plan.turned_shape(), how, code,
            scratch, rooms, plan.sums, plan.block, *numbers,
        )
    ]  # fmt: skip
    if dw is not None and plan.tile:
        calls += [_winograd_steps(plan.tile)[1](parts, dw.reshape(3, 3, plan.c, plan.f), totals, rest[2], parts)]
    elif dw is not None:
        calls += [add_up(parts, dw, totals, parts)]
    if db is not None:
        calls += [add_up(1, db, dbs, 1)]
    return in_turn(*calls)


def _clear(arrays: list[np.ndarray]) -> None:
    for array in arrays:
        array.fill(0)


def forward(y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, *, workspace: Any, **attrs: Any) -> Call:
    return _forward(y, None, x, w, b, workspace, attrs)


def vjp(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray, *, workspace: Any, **attrs: Any
) -> Call:
    return _backward(dx, dw, db, dy, None, None, x, w, workspace, attrs)


def vjp_activation(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray, y: np.ndarray, *, workspace: Any,
    **attrs: Any,
) -> Call:  # fmt: skip
    return _backward(dx, dw, db, dy, y, None, x, w, workspace, attrs)


def forward_pool(
    y: np.ndarray, place: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, *, workspace: Any, **attrs: Any
) -> Call:
    return _forward(y, place, x, w, b, workspace, attrs)


def vjp_pool(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray, y: np.ndarray, place: np.ndarray, *,
    workspace: Any, **attrs: Any,
) -> Call:  # fmt: skip
    return _backward(dx, dw, db, dy, y, place, x, w, workspace, attrs)


conv = Kernels(contiguous(forward), contiguous(vjp), forward_workspace, vjp_workspace, choice)
conv_activation = Kernels(contiguous(forward), contiguous(vjp_activation), forward_workspace, vjp_workspace, choice)
conv_pool = Kernels(contiguous(forward_pool), contiguous(vjp_pool), forward_workspace, vjp_workspace, choice)
