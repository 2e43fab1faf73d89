"""Bar charts of the results, one PNG for each workload."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.report import FLOORS, figure_text
from bench.turns import is_ours

OURS, PEER, FLOOR, INK, FAINT = "#d9480f", "#8c9bab", "#dfe4ea", "#222b35", "#66717d"
LINES = ("#4263eb", "#2b8a3e", "#862e9c", "#0b7285", "#5f3dc4")
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": FAINT,
    "xtick.color": FAINT, "ytick.color": INK, "axes.edgecolor": "#c8d0d8", "figure.dpi": 160,
    "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def draw(summary: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Draw each workload of a run as `<name>-<workload>.png`."""
    with plt.rc_context(STYLE):
        for name, workload in summary["workloads"].items():
            if not any(case["programs"] for case in workload["cases"].values()):
                continue
            figure = (_curves if workload["has_curves"] else _bars)(workload)
            note_below(figure, summary)
            path = folder / f"{summary['name']}-{name}.png"
            figure.savefig(path, facecolor="white", metadata={"Software": None})
            plt.close(figure)
            yield path


def _bars(workload: dict[str, Any]) -> Figure:
    """One panel for each case, in two columns where there are many."""
    cases = {label: case["programs"] for label, case in workload["cases"].items() if case["programs"]}
    columns = 1 if len(cases) < 3 else 2
    rows = -(-len(cases) // columns)
    bars = max(len(programs) for programs in cases.values())
    panel = 0.27 * bars + 0.35
    height = rows * panel + (rows - 1) * 0.35 + 1.35
    figure, axes = plt.subplots(rows, columns, figsize=(8.6 if columns == 1 else 14, height), squeeze=False)
    _title(figure, workload, height)
    figure.subplots_adjust(
        left=0.33 if columns == 1 else 0.2, right=0.92 if columns == 1 else 0.95, wspace=0.75,
        top=1 - 0.85 / height, bottom=0.5 / height, hspace=0.35 / panel,
    )  # fmt: skip
    for ax in axes.flat[len(cases) :]:
        ax.set_axis_off()
    for ax, (label, programs) in zip(axes.flat, cases.items(), strict=False):
        _bars_of_case(ax, programs, workload["unit"])
        if len(cases) > 1:
            ax.set_title(label, fontsize=10, loc="left", color=FAINT)
    return figure


def _bars_of_case(ax: Axes, programs: dict[str, Any], unit: str) -> None:
    items = sorted(programs.items(), key=lambda item: -item[1]["median"])
    values = [row["median"] for _, row in items]
    ax.barh([label for label, _ in items], values, height=0.72, color=[_colour(label) for label, _ in items])
    logarithmic = max(values) > 40 * min(values)
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(min(values) / 2)
    for i, (label, row) in enumerate(items):
        text = f" {figure_text(row['median'])} {unit}"
        ax.text(row["median"], i, text, va="center", fontsize=8.5, weight="bold" if is_ours(label) else "normal")
        if is_ours(label):
            ax.get_yticklabels()[i].set_weight("bold")
            ax.get_yticklabels()[i].set_color(OURS)
    ax.margins(y=0.01)
    ax.tick_params(axis="y", length=0, labelsize=9)
    ax.tick_params(axis="x", which="both", length=0, labelbottom=False)
    ax.spines["bottom"].set_visible(False)
    if logarithmic:
        ax.annotate(
            "logarithmic scale", (1, 0), (0, -9), xycoords="axes fraction", textcoords="offset points",
            ha="right", fontsize=7, color=FAINT,
        )  # fmt: skip


def _curves(workload: dict[str, Any]) -> Figure:
    families: dict[str, dict[float, Any]] = {}
    for label, case in workload["cases"].items():
        family, _, number = label.partition(" ")
        families.setdefault(family, {})[float(number)] = case["programs"]
    figure, axes = plt.subplots(1, len(families), figsize=(11, 4.3), squeeze=False)
    _title(figure, workload, 4.3)
    figure.subplots_adjust(left=0.07, right=0.985, top=0.83, bottom=0.25, wspace=0.22)
    for ax, (family, points) in zip(axes[0], families.items(), strict=True):
        labels = list(dict.fromkeys(label for programs in points.values() for label in programs))
        peers = [label for label in labels if not is_ours(label) and label not in FLOORS]
        for label in labels:
            x = [number for number, programs in points.items() if label in programs]
            y = [points[number][label]["median"] for number in x]
            if is_ours(label):
                style = {"color": OURS, "linewidth": 2.6, "zorder": 3}
            elif label in FLOORS:
                style = {"color": "#adb5bd", "linestyle": "--"}
            else:
                style = {"color": LINES[peers.index(label) % len(LINES)], "linewidth": 1.4}
            ax.plot(x, y, marker="o", markersize=3.5, label=label, **style)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(list(points), [f"{number:.0f}" for number in points])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.set_xlabel(family)
        ax.grid(axis="y", color="#eef1f4")
    axes[0, 0].set_ylabel(f"{workload['unit']} for a sample")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="upper right", bbox_to_anchor=(0.99, 0.94), ncols=len(names), fontsize=8, frameon=False
    )
    return figure


def _title(figure: Figure, workload: dict[str, Any], height: float) -> None:
    title, _, details = workload["title"].partition(": ")
    small = f"{details} · less is better" if details else "less is better"
    title_above(figure, title, small, height)


def title_above(figure: Figure, title: str, small: str, height: float) -> None:
    """A title, and a smaller line below it."""
    figure.text(0.012, 1 - 0.12 / height, title, fontsize=12, weight="bold", va="top")
    figure.text(0.012, 1 - 0.40 / height, small, fontsize=9, color=FAINT, va="top")


def note_below(figure: Figure, summary: dict[str, Any]) -> None:
    """What was measured on what."""
    m = summary["machine"]
    note = "A trial run: the figures mean nothing.  " if summary["smoke"] else ""
    note += f"{m['processor']}, {summary['threads']} threads, median of {summary['rounds']} rounds · " + " · ".join(
        f"{name} {version}" for name, version in summary["versions"].items()
    )
    lines = textwrap.wrap(note, int(21 * figure.get_figwidth()))
    figure.text(0.012, 0.012, "\n".join(lines), fontsize=6.5, color=FAINT, va="bottom")


def _colour(label: str) -> str:
    return OURS if is_ours(label) else FLOOR if label in FLOORS else PEER
