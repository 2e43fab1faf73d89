"""How a convolution is computed, by which method and in how many pieces: chosen by shapes, by rules that were measured.

docs/decisions/0011 has the measurements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chainrule.kernels.winograd import TILES, scratch_numbers, tiles
from chainrule.ops.conv import axes_of
from chainrule.ops.windows import Padding, Sizes, Slide

SMALL = 1 << 19  # multiply-adds below which waking threads costs more than it saves
MOST = 8  # pieces of a batch
FEWEST = 16  # channels and filters from which Winograd's transforms pay
ROOM = 1 << 25  # bytes that the pieces' sums for dw may take together
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
