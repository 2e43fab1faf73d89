"""From figures to ratios, a table and a JSON file."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.programs import PROGRAMS
from bench.turns import Outcome, is_ours, last_line
from bench.workloads.workload import Workload

FLOORS = {program.label for program in PROGRAMS.values() if program.is_floor}


def summarise(workload: Workload, outcome: Outcome, absent: list[str]) -> dict[str, Any]:
    """Everything about a workload, as JSON keeps it.

    `ratio` is chainrule's figure divided by the program's: the median of the ratios of each round, because
    what slows the machine down for a while slows a round's programs alike.  `share_of_floor` is the time of
    the bare products, by the faster BLAS, divided by chainrule's.
    """
    return {
        "title": workload.title,
        "unit": workload.unit,
        "has_curves": workload.has_curves,
        "cases": {case: _case(rows, outcome.losses.get(case, {})) for case, rows in outcome.values.items()},
        "absent": [PROGRAMS[key].label for key in absent if key in workload.programs],
        "failed": {PROGRAMS[key].label: message for key, message in outcome.failed.items()},
    }


def _case(rows: dict[str, list[float]], losses: dict[str, float]) -> dict[str, Any]:
    ours = next((figures for label, figures in rows.items() if is_ours(label)), None)
    programs = {}
    for label, figures in rows.items():
        row: dict[str, Any] = {
            "median": median(figures), "lowest": min(figures), "highest": max(figures), "rounds": figures,
        }  # fmt: skip
        if ours is not None and figures is not ours:
            row["ratio"] = median(a / b for a, b in zip(ours, figures, strict=False))
        if label in losses:
            row["loss"] = losses[label]
        programs[label] = row
    case: dict[str, Any] = {"programs": programs}
    floors = [row["ratio"] for label, row in programs.items() if label in FLOORS and "ratio" in row]
    if floors:
        case["share_of_floor"] = 1 / max(floors)
    return case


def table(name: str, summary: dict[str, Any]) -> str:
    """A workload as text: programs by rising figure, and how chainrule compares."""
    return "\n".join(_lines(name, summary))


def _lines(name: str, summary: dict[str, Any]) -> Iterator[str]:
    unit = summary["unit"]
    yield f"{name}: {summary['title']}"
    yield f"  {'':44}{'median ' + unit:>13}{'lowest':>11}{'highest':>11}   chainrule / it"
    for case, facts in summary["cases"].items():
        if len(summary["cases"]) > 1:
            yield f"  {case}"
        for label, row in sorted(facts["programs"].items(), key=lambda item: item[1]["median"]):
            mark = "→" if is_ours(label) else " "
            middle, low, high = (figure_text(row[key]) for key in ("median", "lowest", "highest"))
            ratio = figure_text(row["ratio"]) if "ratio" in row else ""
            yield f"  {mark} {label:42}{middle:>13}{low:>11}{high:>11}   {ratio:>14}".rstrip()
        if "share_of_floor" in facts:
            yield f"    share of the bare products' rate reached: {facts['share_of_floor']:.0%}"
    if summary["absent"]:
        yield f"  not installed: {', '.join(summary['absent'])}"
    for label, message in summary["failed"].items():
        yield f"  failed: {label}: {last_line(message)}"


def figure_text(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:#.3g}"
