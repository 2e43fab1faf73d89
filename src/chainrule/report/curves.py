"""How loss and metrics went, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.report.markup import amount, escape, section
from chainrule.report.run import Run
from chainrule.report.svg import Axes, chart, figure, legend, ticks

NAMES = {
    "mean_absolute_error": "absolute error, standardised",
}


def curves(run: Run) -> str:
    """One chart for each key of the history, training and validation together."""
    keys = [key for key in run.history if not key.startswith("val_")]
    keys.sort(key=lambda key: key != "loss")
    charts = [_curve(key, run.history[key], run.history.get(f"val_{key}", ())) for key in keys]
    lead = (
        "Training values are means over an epoch, while weights change and dropout is on; "
        "validation values are taken at its end."
    )
    return section("curves", "How training went", f'<div class="charts">{"".join(charts)}</div>', lead)


def _curve(key: str, training: Sequence[float], validation: Sequence[float]) -> str:
    series = [("training", training)] + ([("validation", validation)] if validation else [])
    values = [value for _, one in series for value in one if math.isfinite(value)]
    name = NAMES.get(key, key.replace("_", " "))
    epochs = len(training)
    axes = Axes(
        [tick for tick in ticks(1, max(epochs, 2)) if tick == int(tick)],
        ticks(min(values, default=0.0), max(values, default=1.0)),
        "epoch",
        name,
    )
    parts = [axes.draw(), *(_line(axes, kind, one, name) for kind, one in series)]
    title = f"{name} over {epochs} epochs"
    return figure(chart("".join(parts), title), legend([(kind, kind) for kind, _ in series]))


def _line(axes: Axes, kind: str, values: Sequence[float], name: str) -> str:
    points = [
        (axes.x(epoch), axes.y(value), epoch, value) for epoch, value in enumerate(values, 1) if math.isfinite(value)
    ]
    path = " ".join(f"{x},{y}" for x, y, _, _ in points)
    radius = 3 if len(points) <= 40 else 1.5
    marks = "".join(
        f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}">'
        f"<title>epoch {epoch}, {kind} {escape(name)}: {amount(value)}</title></circle>"
        for x, y, epoch, value in points
    )
    return f'<polyline class="line {kind}" points="{path}"/>{marks}'
