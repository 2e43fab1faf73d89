"""One chart of all training: each peer's time as a multiple of chainrule's, workload by workload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.charts import FAINT, LINES, OURS, STYLE, note_below, title_above
from bench.report import FLOORS
from bench.workloads import WORKLOADS
from bench.workloads.training import Scaling, Training

MARKERS = "os^Dvp"


def draw(summary: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Draw `<name>-overview.png`, if chainrule was trained and compared at all."""
    rows = {name: multiples_of(w) for name, w in summary["workloads"].items() if _is_training(name)}
    rows = {name: multiples for name, multiples in rows.items() if multiples}
    if not rows:
        return
    labels = list(dict.fromkeys(label for multiples in rows.values() for label in multiples if label not in FLOORS))
    height = 0.42 * len(rows) + 2.1
    with plt.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(8.6, height))
        figure.subplots_adjust(left=0.13, right=0.97, top=1 - 0.75 / height, bottom=1.25 / height)
        title = "Training: time of each program, chainrule's being 1"
        title_above(figure, title, "right of the line is slower than chainrule", height)
        for y, multiples in enumerate(rows.values()):
            for label, x in multiples.items():
                ax.plot(x, y, **_style(label, labels))
        ax.axvline(1, color=OURS, linewidth=2, zorder=1)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", color="#eef1f4")
        handles = {line.get_label(): line for line in ax.get_lines() if not str(line.get_label()).startswith("_")}
        figure.legend(
            handles.values(), handles.keys(), loc="lower center", bbox_to_anchor=(0.5, 0.4 / height), ncols=4,
            fontsize=8, frameon=False,
        )  # fmt: skip
        note_below(figure, summary)
        path = folder / f"{summary['name']}-overview.png"
        figure.savefig(path, facecolor="white", metadata={"Software": None})
        plt.close(figure)
    yield path


def _is_training(name: str) -> bool:
    return isinstance(WORKLOADS.get(name), Training) and not isinstance(WORKLOADS[name], Scaling)


def multiples_of(workload: dict[str, Any]) -> dict[str, float]:
    """Each peer's time by chainrule's, and that of the faster floor alone."""
    programs = [item for case in workload["cases"].values() for item in case["programs"].items()]
    found = {label: 1 / row["ratio"] for label, row in programs if "ratio" in row}
    slower_floors = sorted(FLOORS & set(found), key=found.__getitem__)[1:]
    return {label: multiple for label, multiple in found.items() if label not in slower_floors}


def _style(label: str, labels: list[str]) -> dict[str, Any]:
    if label in FLOORS:
        look = {"marker": "|", "markersize": 15, "markeredgewidth": 2, "color": FAINT, "label": "bare products"}
    else:
        shape, colour = divmod(labels.index(label), len(LINES))
        look = {"marker": MARKERS[shape], "markersize": 6.5, "color": LINES[colour], "label": label}
    return {**look, "linestyle": "", "zorder": 2}
