"""conv, fast: samples are shared out among threads, and all that a sample needs stays in the cache.

    conv_method   which method, in how many pieces
    conv_batch    the loops over a batch
    direct, winograd   the methods

Here they are bound to arrays, for a convolution alone and for one with what follows it.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels, in_turn
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.conv_batch import Loops, add_up, code_for, loops, turn, winograd_steps
from chainrule.kernels.conv_method import MOST, Plan, plan_of
from chainrule.ops.windows import slides
from chainrule.spec import TensorSpec, known


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
    run = loops(name, w.dtype.name if name else "", "pool" in attrs)
    return run, [w.dtype.type(value) for _, value in given], how


def _forward(
    y: np.ndarray, place: Any, x: np.ndarray, w: np.ndarray, b: np.ndarray, workspace: tuple[np.ndarray, ...],
    attrs: dict[str, Any],
) -> Call:  # fmt: skip
    plan = _plan(TensorSpec.of(x), TensorSpec.of(w), attrs)
    if y.size == 0:
        return NO_CALL
    rank, code = w.ndim - 2, code_for(plan, x.dtype.name, forward=True)
    scratch, rooms, calls, filters = *workspace[:2], [], w.reshape(plan.elements, -1, plan.f)
    if plan.tile:
        filters, lines = workspace[2:]
        parts = _parts(plan)
        calls += [winograd_steps(plan.tile)[0](parts, filters, w.reshape(3, 3, plan.c, plan.f), lines, parts)]
    over_batch, numbers, how = _chosen(plan, w, attrs)
    arrays = (_volumes(y, rank), None if place is None else _volumes(place, rank), _volumes(x, rank))
    run = over_batch.forward(
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
    code = code_for(plan, x.dtype.name, dw=dw is not None, dx=dx is not None)
    scratch, rooms, totals, dbs, turned, *rest = workspace
    rank, parts, calls = w.ndim - 2, _parts(plan), []
    filters = turned
    if dx is not None:
        flat = w.reshape(plan.elements, plan.c // plan.groups, plan.f)
        of_elements = min(parts, plan.elements)
        calls += [turn(of_elements, turned, flat, plan.tile == 0, plan.groups, of_elements)]
        if plan.tile:
            filters = rest[0]
            step = winograd_steps(plan.tile)[0]
            calls += [step(parts, filters, turned.reshape(3, 3, plan.f, plan.c), rest[1], parts)]
    over_batch, numbers, how = _chosen(plan, w, attrs)
    images = [None if a is None else _volumes(a, rank) for a in (dy, y, place, x)]
    calls += [
        over_batch.backward(
            plan.sums, _volumes(x[:0] if dx is None else dx, rank), totals.reshape(-1)[: 0 if dw is None else None],
            dbs[: 0 if db is None else None], *images, filters, plan.shape(), plan.turned_shape(), how, code,
            scratch, rooms, plan.sums, plan.block, *numbers,
        )
    ]  # fmt: skip
    if dw is not None and plan.tile:
        calls += [winograd_steps(plan.tile)[1](parts, dw.reshape(3, 3, plan.c, plan.f), totals, rest[2], parts)]
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
