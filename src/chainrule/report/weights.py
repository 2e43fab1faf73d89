"""Weights of the first layer as pictures, where the inputs are pictures."""

from __future__ import annotations

import numpy as np

from chainrule.report.markup import section
from chainrule.report.picture import image, weight_pixels
from chainrule.report.run import Run

SHOWN = 48
LARGEST = 96  # pixels: larger pictures are thinned out


def weights(run: Run) -> str:
    """The units with the strongest weights; nothing if samples are no pictures."""
    from chainrule.layers import Conv2D, Dense

    if not run.has_pictures:
        return ""
    first = next(layer for layer in run.model.layers if isinstance(layer, (Conv2D, Dense)))
    kernel = first.kernel.numpy()  # (H W C, units), or (rows, columns, C, filters)
    shape, unit = (run.x.shape[1:], "unit") if kernel.ndim == 2 else (kernel.shape[:3], "filter")
    units = kernel.reshape(-1, kernel.shape[-1])
    strongest = np.argsort(-np.linalg.norm(units, axis=0), kind="stable")[:SHOWN]
    step = max(1, max(shape[:2]) // LARGEST)
    pictures = "".join(
        image(weight_pixels(units[:, number].reshape(shape)[::step, ::step]), f"{unit} {number}")
        for number in strongest
    )
    meaning = "blue where a bright pixel speaks for it, red where it speaks against"
    if shape[2:] == (3,):
        meaning = "each pixel in the colour that speaks for it"
    where = "" if unit == "unit" else " in each window of the picture"
    lead = (
        f"What each {unit} of the first layer looks for{where}: {meaning}. "
        f"The {len(strongest)} strongest of {units.shape[1]} {unit}s, each on a scale of its own."
    )
    return section("weights", "What the first layer sees", f'<div class="weights">{pictures}</div>', lead)
