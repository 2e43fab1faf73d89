"""The page: the parts in their order, one style, nothing from elsewhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from chainrule.report.classes import classes
from chainrule.report.confusion import confusion
from chainrule.report.curves import curves
from chainrule.report.facts import facts
from chainrule.report.markup import escape
from chainrule.report.mistakes import mistakes
from chainrule.report.network import network
from chainrule.report.overview import overview
from chainrule.report.regression import fit, residuals
from chainrule.report.run import Run
from chainrule.report.scores import ClassScores, score
from chainrule.report.weights import weights
from chainrule.version import __version__

GENERATOR = '<meta name="generator" content="chainrule'
# Nothing may be fetched and nothing may run, whatever a name in the data holds.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write(path: Path, run: Run) -> None:
    """Write the report of a run, all or nothing."""
    from chainrule.saving.atomic import replacing

    text = page(run)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(run: Run) -> str:
    """The report of a run as HTML."""
    scores = score(run.y, run.outputs, run.classes)
    if isinstance(scores, ClassScores):
        parts = [confusion(run, scores), classes(run, scores), mistakes(run), weights(run)]
    else:
        parts = [fit(run), residuals(run)]
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    written = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'{GENERATOR} {__version__}">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(run.title)} · chainrule</title>",
            f"<style>\n{style}</style>\n</head>\n<body>",
            overview(run),
            "<main>",
            network(run),
            curves(run),
            *parts,
            facts(run),
            "</main>",
            f"<footer><p>Written by chainrule {__version__} on {escape(written)}.</p></footer>",
            "</body>\n</html>\n",
        ]
    )
