"""The plan: a graph, a place in memory for each of its arrays, and a list of calls.

Everything is decided before the first step.  Running is a loop over bound calls, and
after the first run of a batch size nothing is allocated.  A smaller batch uses the same
arena through smaller views; a larger one moves the plan to a larger arena.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chainrule.graph.order import nodes_of
from chainrule.graph.tensor import Tensor
from chainrule.graph.variable import Variable
from chainrule.kernels import Call, in_turn
from chainrule.kernels.ahead import from_behind
from chainrule.plan import explain
from chainrule.plan.binding import bind, bind_sum, workspace_of
from chainrule.plan.memory import Lifetime, aligned, aligned_zeros, place
from chainrule.plan.parameters import Parameters
from chainrule.plan.schedule import Buffer, Schedule, Step, schedule
from chainrule.spec import TensorSpec, known

Shapes = tuple[tuple[int, ...], ...]


class Bound(NamedTuple):
    """A plan for one set of input shapes, ready to run.

    Args:
        calls: what running does, step by step.
        whole: the same as one call.
        feeds: the arrays to fill before a run.
        values: the arrays to read after a run.
        written: for each call the step it came from and the arrays it writes, for diagnosis.
    """

    calls: list[Call]
    whole: Call
    feeds: list[np.ndarray]
    values: list[np.ndarray]
    written: list[tuple[Step, list[np.ndarray]]]

    def run(self) -> None:
        """Do every step once."""
        self.whole.run()

    def first_non_finite(self) -> str | None:
        """Run step by step; the label of the first step that writes a NaN or an infinity."""
        for call, (step, arrays) in zip(self.calls, self.written, strict=True):
            call.run()
            if any(a.dtype.kind == "f" and not np.isfinite(a).all() for a in arrays):
                return step.label
        return None


@dataclass(eq=False)
class Storage:
    """Memory that one buffer has, or several in turn or as views of each other."""

    first: int
    last: int
    members: list[Buffer]
    reusable: bool = True  # a later step may overwrite it in place


class Plan:
    """How to compute `outputs` and, where there is a `loss`, the gradient of the parameters.

    Args:
        outputs: tensors to be read after a run.
        feeds: tensors to be filled before a run, in the order in which they will be given.
        loss: the scalar to differentiate; one of `outputs`.
        parameters: the weights to differentiate it by, and where their gradients go.

    Example:
        >>> from chainrule import ops
        >>> x = Tensor(TensorSpec((None, 2), np.dtype("float32")), "x")
        >>> plan = Plan([ops.relu(x)], [x])
        >>> plan(np.array([[-1, 2]], "float32"))[0]
        array([[0., 2.]], dtype=float32)
    """

    def __init__(
        self,
        outputs: Sequence[Tensor],
        feeds: Sequence[Tensor],
        loss: Tensor | None = None,
        parameters: Parameters | None = None,
    ) -> None:
        self.outputs, self.feeds, self.loss, self.parameters = list(outputs), list(feeds), loss, parameters
        self.nodes = nodes_of(self.outputs)
        variables: Sequence[Variable] = parameters.variables if parameters is not None else ()
        self.schedule: Schedule = schedule(self.outputs, loss, variables)
        for feed in self.feeds:  # one that nobody reads is still given
            self.schedule.values.setdefault(feed, Buffer(feed.name, feed, "feed"))
        self.storages = _storages(self.schedule, self.outputs)
        self._sizes: list[int] = []  # bytes that each storage, then each workspace, has in the arena
        self._offsets: list[int] = []
        self._arena = np.zeros(0, np.uint8)
        self._bound: dict[Shapes, Bound] = {}
        self._gradients: dict[Tensor, np.ndarray] = {}
        if parameters is not None:
            views = parameters.views(parameters.gradient)
            self._gradients = dict(zip(parameters.variables, views, strict=True))

    @property
    def unreached(self) -> list[Variable]:
        """Parameters on which the loss does not depend; their gradients are not written."""
        variables = self.parameters.variables if self.parameters is not None else ()
        return [v for v in variables if v not in self.schedule.cotangents]

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """Feed, run, and return copies of the outputs."""
        bound = self.at(tuple(a.shape for a in arrays))
        for target, array in zip(bound.feeds, arrays, strict=True):
            target[...] = array
        bound.run()
        return [value.copy() for value in bound.values]

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena, as it is now."""
        return self._arena.nbytes

    def arena_for(self, *shapes: tuple[int, ...]) -> int:
        """Bytes of an arena that is just large enough for feeds of these shapes."""
        specs = self.specs_at(shapes)
        return self._placed(self._needed(specs, self._workspaces(specs)))[1]

    def at(self, shapes: Shapes) -> Bound:
        """The plan bound for feeds of these shapes."""
        bound = self._bound.get(shapes)
        if bound is None:
            bound = self._bound[shapes] = self._bind(shapes)
        return bound

    def explain(self, *shapes: tuple[int, ...]) -> explain.Explanation:
        """Every decision, as a table: step, operation, shapes, place, bytes and cost.

        Args:
            shapes: of the feeds; by default one sample each.
        """
        given = shapes or tuple(tuple(1 if n is None else n for n in feed.shape) for feed in self.feeds)
        self.at(given)
        return explain.explain(self, self.specs_at(given), self._offsets, self._sizes)

    def specs_at(self, shapes: Shapes) -> dict[Tensor, TensorSpec]:
        """The specs of all tensors, for feeds of these shapes."""
        specs = {feed: TensorSpec(shape, feed.spec.dtype) for feed, shape in zip(self.feeds, shapes, strict=True)}
        for leaf in self.schedule.values:
            if leaf.node is None:
                specs.setdefault(leaf, leaf.spec)
        for node in self.nodes:
            results = node.primitive.infer(*(specs[x] for x in node.inputs), **node.attrs)
            specs.update(zip(node.outputs, results, strict=True))
        return specs

    def _bind(self, shapes: Shapes) -> Bound:
        specs = self.specs_at(shapes)
        steps = self.schedule.steps
        workspaces = self._workspaces(specs)
        self._reserve(self._needed(specs, workspaces))

        where = {b: offset for s, offset in zip(self.storages, self._offsets, strict=False) for b in s.members}
        arrays = {b: self._array(b, specs[b.like], where) for b in self._buffers()}

        def bound(t: int) -> Call:
            step = steps[t]
            writes = [None if b is None else arrays[b] for b in step.writes]
            reads = [arrays[b] for b in step.reads]
            if step.node is None:
                return bind_sum(reads[0], reads[1])
            scratch = self._scratch(workspaces[t], self._offsets[len(self.storages) + t])
            asked = step.node.shapes(lambda x: known(specs[x].shape)) if step.phase == "backward" else {}
            return bind(step.node, step.phase, writes, reads, scratch, asked)

        with from_behind(lambda: [bound(t) for t in reversed(range(len(steps)))]):
            calls = [bound(t) for t in range(len(steps))]
        written = [(step, [arrays[b] for b in step.writes if b is not None]) for step in steps]
        return Bound(
            calls,
            in_turn(*calls),
            [arrays[self.schedule.values[x]] for x in self.feeds],
            [arrays[self.schedule.values[x]] for x in self.outputs],
            written,
        )

    def _buffers(self) -> list[Buffer]:
        steps = self.schedule.steps
        used = [b for s in steps for b in (*s.writes, *s.reads) if b is not None]
        return list(dict.fromkeys([*self.schedule.values.values(), *used]))

    def _workspaces(self, specs: dict[Tensor, TensorSpec]) -> list[tuple[TensorSpec, ...]]:
        """Scratch buffers of each step."""
        return [
            () if s.node is None else workspace_of(s.node, s.phase, [specs[x] for x in s.node.inputs])
            for s in self.schedule.steps
        ]

    def _needed(self, specs: dict[Tensor, TensorSpec], workspaces: list[tuple[TensorSpec, ...]]) -> list[int]:
        """Bytes of each storage, then of each step's scratch buffers."""
        storages = [max(specs[b.like].nbytes for b in s.members) for s in self.storages]
        return storages + [sum(aligned(w.nbytes) for w in wanted) for wanted in workspaces]

    def _placed(self, sizes: list[int]) -> tuple[list[int], int]:
        """Offsets for these sizes, and the bytes of the arena."""
        lives = [(s.first, s.last) for s in self.storages] + [(t, t) for t in range(len(self.schedule.steps))]
        return place([Lifetime(a, b, size) for (a, b), size in zip(lives, sizes, strict=True)])

    def _reserve(self, needed: list[int]) -> None:
        """Make sure that the arena has room for these sizes, and move to a larger one if not."""
        if self._sizes and all(n <= have for n, have in zip(needed, self._sizes, strict=True)):
            return
        if self._sizes:
            needed = [max(n, have) for n, have in zip(needed, self._sizes, strict=True)]
        self._sizes = needed
        self._offsets, total = self._placed(needed)
        self._arena = aligned_zeros(total, np.uint8)
        self._bound.clear()

    def _array(self, buffer: Buffer, spec: TensorSpec, where: dict[Buffer, int]) -> np.ndarray:
        like = buffer.like
        if buffer.kind == "value":
            return like.value  # type: ignore[attr-defined, no-any-return]  # a Variable or a Constant
        if buffer.kind == "gradient":
            return self._gradients[like]
        if buffer.kind == "one":
            return np.ones(known(spec.shape), spec.dtype)
        return self._view(spec, where[buffer])

    def _scratch(self, wanted: tuple[TensorSpec, ...], offset: int) -> list[np.ndarray]:
        arrays = []
        for spec in wanted:
            arrays.append(self._view(spec, offset))
            offset += aligned(spec.nbytes)
        return arrays

    def _view(self, spec: TensorSpec, offset: int) -> np.ndarray:
        return self._arena[offset : offset + spec.nbytes].view(spec.dtype).reshape(known(spec.shape))


def _storages(plan: Schedule, outputs: Sequence[Tensor]) -> list[Storage]:
    """Decide which buffers share memory: views always, elementwise results in place where nobody reads on."""
    end = len(plan.steps)
    last: dict[Buffer, int] = {}
    for t, step in enumerate(plan.steps):
        for b in (*step.reads, *(w for w in step.writes if w is not None)):
            last[b] = t
    for x in outputs:
        last[plan.values[x]] = end

    home: dict[Buffer, Storage] = {}
    storages: list[Storage] = []

    def settle(buffer: Buffer, t: int, host: Buffer | None = None) -> None:
        if host is not None and host in home:
            storage = home[host]
            storage.members.append(buffer)
            storage.last = max(storage.last, last.get(buffer, t))
        else:
            storage = Storage(t, last.get(buffer, t), [buffer], reusable=buffer.kind == "arena")
            storages.append(storage)
        home[buffer] = storage

    for buffer in plan.values.values():
        if buffer.kind == "feed":
            settle(buffer, -1)
    for t, step in enumerate(plan.steps):
        if step.node is None:
            continue
        primitive = step.node.primitive
        hosts = [step.reads[0]] if step.phase == "backward" else list(step.reads)
        for k, target in enumerate(step.writes):
            if target is None or target.kind != "arena" or target in home:
                continue
            host = None
            if primitive.view and k == 0 and hosts[0] in home:
                host = hosts[0]
            elif primitive.elementwise and k == 0:
                host = next((h for h in hosts if _may_overwrite(h, target, t, home)), None)
            settle(target, t, host)
    return storages


def _may_overwrite(host: Buffer, buffer: Buffer, t: int, home: dict[Buffer, Storage]) -> bool:
    same = host.like.spec == buffer.like.spec
    return same and host in home and home[host].reusable and home[host].last <= t


