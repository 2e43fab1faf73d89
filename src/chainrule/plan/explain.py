"""`print(plan.explain())`: every decision of a plan, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.graph.tensor import Tensor
from chainrule.plan.memory import aligned
from chainrule.spec import TensorSpec

if TYPE_CHECKING:
    from chainrule.plan.plan import Plan


@dataclass(frozen=True)
class Row:
    """One step.

    Units:
        offset, bytes: bytes; flops: floating-point operations.
    """

    step: int
    phase: str
    label: str
    reads: str
    writes: str
    offset: str
    bytes: int
    flops: int
    runs: str


@dataclass(frozen=True)
class Explanation:
    """The steps of a plan and what they take together."""

    rows: tuple[Row, ...]
    arena: int
    buffers: int

    @property
    def flops(self) -> int:
        """Floating-point operations of one run."""
        return sum(row.flops for row in self.rows)

    def __str__(self) -> str:
        head = ("step", "operation", "reads", "writes", "offset", "bytes", "MFLOP", "runs")
        table = [head]
        table += [
            (str(r.step), r.label, r.reads, r.writes, r.offset, f"{r.bytes:,}", f"{r.flops / 1e6:.3f}", r.runs)
            for r in self.rows
        ]
        widths = [max(len(line[k]) for line in table) for k in range(len(head))]
        aligned_right = {"step", "offset", "bytes", "MFLOP"}

        def cell(text: str, width: int, name: str) -> str:
            return text.rjust(width) if name in aligned_right else text.ljust(width)

        lines = ["  ".join(map(cell, line, widths, head)) for line in table]
        lines.append(f"arena {self.arena:,} bytes for {self.buffers:,} bytes of buffers, {self.flops / 1e6:,.3f} MFLOP")
        return "\n".join(line.rstrip() for line in lines)


def explain(plan: Plan, specs: dict[Tensor, TensorSpec], offsets: list[int], sizes: list[int]) -> Explanation:
    """Explain `plan` for feeds of the shapes behind `specs`."""
    home = {b: (s, offset) for s, offset in zip(plan.storages, offsets, strict=False) for b in s.members}
    rows = []
    for t, step in enumerate(plan.schedule.steps):
        wrote = [b for b in step.writes if b is not None]
        place, shared = "", ""
        if wrote and wrote[0] in home:
            storage, offset = home[wrote[0]]
            place = str(offset)
            index = storage.members.index(wrote[0])
            if step.node is not None and step.node.primitive.view:
                shared = "view"
            elif index > 0:
                shared = "in place"
        elif wrote:
            place = wrote[0].kind
        flops = 0
        runs = "numpy"
        if step.node is not None:
            primitive = step.node.primitive
            inputs, outputs = ([specs[x] for x in tensors] for tensors in (step.node.inputs, step.node.outputs))
            cost = primitive.flops(inputs, outputs, **step.node.attrs)
            wanted = len(wrote) if step.phase == "backward" else 1
            flops = 0 if primitive.view else int(cost * wanted)
            kernel = primitive.kernels is not None and (step.phase == "forward" or primitive.kernels.vjp is not None)
            runs = shared if shared == "view" else "kernel" if kernel else "formula"
            if kernel and primitive.kernels is not None and step.phase == "forward":
                why = primitive.kernels.choice(*inputs, **step.node.attrs)
                runs += f": {why}" if why else ""
            runs += ", in place" if shared == "in place" else ""
        shapes = [" ".join(_shape(specs[b.like]) for b in group) for group in (step.reads, wrote)]
        size = sum(specs[b.like].nbytes for b in wrote)
        rows.append(Row(t, step.phase, step.label, shapes[0], shapes[1], place, size, flops, runs))
    total = sum(aligned(size) for size in sizes)
    return Explanation(tuple(rows), plan.arena_bytes, total)


def _shape(spec: TensorSpec) -> str:
    return "(" + ",".join(map(str, spec.shape)) + ")"
