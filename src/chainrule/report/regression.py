"""Predicted numbers against true ones, the errors, and the largest of them."""

from __future__ import annotations

import numpy as np

from chainrule.report.markup import amount, escape, section, table
from chainrule.report.run import Run
from chainrule.report.svg import BOTTOM, HEIGHT, Axes, chart, figure, ticks

POINTS = 1500
BINS = 31
ROWS = 15


def fit(run: Run) -> str:
    """Scatter of predictions, and histogram of errors."""
    body = f'<div class="charts">{_scatter(run)}{_histogram(run)}</div>'
    return section("fit", "Predicted and true", body)


def residuals(run: Run) -> str:
    """The samples whose errors are largest."""
    error = run.outputs - run.y
    worst = np.argsort(-np.abs(error), kind="stable")[:ROWS]
    names = list(run.rows(run.x[0])) if run.rows else []
    rows = []
    for k in worst:
        values = run.rows(run.x[k]) if run.rows else {}
        numbers = [amount(float(run.y[k])), amount(float(run.outputs[k])), _signed(float(error[k]))]
        rows.append([*numbers, *(escape(values[name]) for name in names)])
    body = table(["true", "predicted", "error", *map(escape, names)], rows, "The largest errors")
    return section("mistakes", "The largest errors", body, f"Of {len(run.y):,} test samples.")


def _signed(value: float) -> str:
    return ("+" if value > 0 else "−") + amount(abs(value))


def _scatter(run: Run) -> str:
    chosen = np.unique(np.linspace(0, len(run.y) - 1, min(POINTS, len(run.y))).round().astype(int))
    low = float(min(run.y.min(), run.outputs.min()))
    high = float(max(run.y.max(), run.outputs.max()))
    marks = ticks(low, high)
    axes = Axes(marks, marks, f"true {run.target}", "predicted")
    points = "".join(
        f'<circle class="point" cx="{axes.x(float(run.y[k]))}" cy="{axes.y(float(run.outputs[k]))}" r="2.4"/>'
        for k in chosen
    )
    a, b = marks[0], marks[-1]
    diagonal = f'<line class="diagonal" x1="{axes.x(a)}" y1="{axes.y(a)}" x2="{axes.x(b)}" y2="{axes.y(b)}"/>'
    caption = f"{len(chosen):,} of {len(run.y):,} test samples. On the line, the prediction is right."
    return figure(chart(axes.draw() + diagonal + points, "Predicted against true values"), caption)


def _histogram(run: Run) -> str:
    error = run.outputs - run.y
    reach = float(np.quantile(np.abs(error), 0.99)) or 1.0
    counts, edges = np.histogram(error.clip(-reach, reach), bins=BINS, range=(-reach, reach))
    axes = Axes(ticks(-reach, reach, 5), ticks(0, int(counts.max())), "error: predicted - true", "test samples")
    bars = "".join(
        f'<rect class="count" x="{axes.x(left):.1f}" y="{axes.y(count)}" '
        f'width="{axes.x(right) - axes.x(left) - 1:.1f}" height="{HEIGHT - BOTTOM - axes.y(count):.1f}">'
        f"<title>{amount(left)} to {amount(right)}: {count}</title></rect>"
        for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    )
    median = amount(float(np.median(error)))
    caption = f"Median error {median}. Errors beyond ±{amount(reach)} stand in the outermost bars."
    return figure(chart(axes.draw() + bars, "Histogram of the errors"), caption)
