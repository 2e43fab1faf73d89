"""Where the network was most sure and wrong: pictures, or rows of the table."""

from __future__ import annotations

import numpy as np

from chainrule.report.markup import escape, percent, section, table
from chainrule.report.picture import image, sample_pixels
from chainrule.report.run import Run

PICTURES, ROWS = 30, 15
LARGEST_SIDE = 160  # pixels: larger samples are thinned out


def mistakes(run: Run) -> str:
    """The worst mistakes, the surest first."""
    said = run.outputs.argmax(axis=1)
    sureness = run.outputs[np.arange(len(said)), said]
    wrong = np.flatnonzero(said != run.y)
    if not len(wrong):
        return section("mistakes", "The worst mistakes", "<p>There are none: every test sample is right.</p>")
    worst = wrong[np.argsort(-sureness[wrong], kind="stable")]
    if run.has_pictures:
        body = _pictures(run, worst[:PICTURES], said)
    else:
        body = _rows(run, worst[:ROWS], said)
    lead = f"Of {len(wrong):,} wrong answers those of which the network was surest."
    return section("mistakes", "The worst mistakes", body, lead)


def _pictures(run: Run, worst: np.ndarray, said: np.ndarray) -> str:
    top = int(run.x.max())
    step = max(1, max(run.x.shape[1:3]) // LARGEST_SIDE)
    figures = []
    for k in worst:
        true, taken = escape(run.classes[int(run.y[k])]), escape(run.classes[said[k]])
        pixels = sample_pixels(run.x[k][::step, ::step], top)
        figures.append(
            f"<figure>{image(pixels, f'test sample {k}: {true}, taken for {taken}')}"
            f"<figcaption><b>{true}</b> taken for <b>{taken}</b><br>"
            f"{percent(float(run.outputs[k, said[k]]))} sure, "
            f"{percent(float(run.outputs[k, int(run.y[k])]))} for {true}</figcaption></figure>"
        )
    return f'<div class="gallery">{"".join(figures)}</div>'


def _rows(run: Run, worst: np.ndarray, said: np.ndarray) -> str:
    names = list(run.rows(run.x[0])) if run.rows else []
    rows = []
    for k in worst:
        values = run.rows(run.x[k]) if run.rows else {}
        rows.append(
            [
                escape(run.classes[int(run.y[k])]),
                escape(run.classes[said[k]]),
                percent(float(run.outputs[k, said[k]])),
                percent(float(run.outputs[k, int(run.y[k])])),
                *(escape(values[name]) for name in names),
            ]
        )
    head = ["true", "taken for", "sure", "for the true one", *map(escape, names)]
    return table(head, rows, "The worst mistakes")
