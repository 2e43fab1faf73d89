"""`chainrule evaluate`: test a model on data."""

from __future__ import annotations

import argparse
from pathlib import Path

from chainrule.cli import card, sources
from chainrule.report.scores import score

BATCH = 1000


def run(arguments: argparse.Namespace) -> int:
    """Print how good the model is on SOURCE."""
    model, described = card.load(Path(arguments.model))
    x, y, notes = sources.labelled(arguments.source, described)
    for note in notes:
        print(note)
    outputs = model.predict(x, batch_size=BATCH, verbose=0)
    values = outputs if described.target.is_class else described.target.restore(outputs)
    print(score(y, values, described.target.classes).text("test"))
    return 0
