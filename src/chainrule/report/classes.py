"""Precision, recall and F1 of each class."""

from __future__ import annotations

import math

import numpy as np

from chainrule.report.confusion import is_half
from chainrule.report.markup import escape, percent, section, table
from chainrule.report.run import Run
from chainrule.report.scores import ClassScores


def classes(run: Run, scores: ClassScores) -> str:
    """One row for each class, and the mean of all."""
    columns = (scores.precision, scores.recall, scores.f1)
    rows = [
        [escape(name), *(_bar(float(column[k])) for column in columns), f"{int(scores.support[k]):,}"]
        for k, name in enumerate(run.classes)
    ]
    means = [float(np.nanmean(column)) if not np.isnan(column).all() else math.nan for column in columns]
    rows.append(["mean", *map(_bar, means), f"{int(scores.support.sum()):,}"])
    lead = (
        "Precision: of those taken for the class, how many belong to it. Recall: of those that belong to it, "
        "how many were found. F1: their harmonic mean. Support: test samples of the class."
    )
    body = table(["class", "precision", "recall", "F1", "support"], rows, "Precision and recall of each class")
    return section("classes", "Class by class", body, lead, half=is_half(run))


def _bar(share: float) -> str:
    width = 0 if math.isnan(share) else 100 * share
    return f'<span class="bar" style="--share:{width:.1f}%">{percent(share)}</span>'
