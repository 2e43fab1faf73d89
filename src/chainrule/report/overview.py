"""The head of the page: what it is, and the figures that matter most."""

from __future__ import annotations

from chainrule.report.markup import amount, duration, escape, percent
from chainrule.report.run import Run
from chainrule.report.scores import ClassScores, score


def overview(run: Run) -> str:
    """Title and tiles."""
    result = score(run.y, run.outputs, run.classes)
    if isinstance(result, ClassScores):
        wrong = len(run.y) - int(result.confusion.trace())
        tiles = [
            (percent(result.accuracy, 2), "test accuracy", f"{wrong:,} of {len(run.y):,} wrong"),
        ]
        task = f"Which of {len(run.classes)} classes: {escape(run.target)}"
    else:
        tiles = [
            (amount(result.rmse), "test RMSE", f"on {len(run.y):,} samples"),
            (amount(result.mae), "mean absolute error", "in the target's own units"),
            (f"{result.r2:.3f}", "R²", "share of the variance explained"),
        ]
        task = f"A number: {escape(run.target)}"
    epochs = len(run.history["loss"])
    tiles += [
        (f"{run.model.count_params():,}", "parameters", f"{len(run.model.layers)} layers"),
        (duration(run.seconds), "training", f"{epochs} {'epoch' if epochs == 1 else 'epochs'}"),
    ]
    cells = "".join(
        f'<div class="tile"><dt>{name}</dt><dd><strong>{value}</strong><span>{detail}</span></dd></div>'
        for value, name, detail in tiles
    )
    title = f'<p class="brand">chainrule</p><h1>{escape(run.title)}</h1><p>{task}</p>'
    return f'<header>{title}<dl class="tiles">{cells}</dl></header>'
