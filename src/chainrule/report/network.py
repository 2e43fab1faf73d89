"""The network, drawn: stacks of feature maps, columns of units joined by their weights, and a table of all layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.report.markup import escape, scrolled, section, table
from chainrule.report.run import Run
from chainrule.report.svg import chart
from chainrule.report.volumes import Volume, draw, volumes
from chainrule.report.volumes import width as width_of

SHOWN = 12  # units of a layer; more are hinted at by dots
HEIGHT, GAP, MARGIN = 340, 190, 50
RADIUS = 6.5
NAME, LETTER = 18, 8  # letters of an output's name, and the width of one
FAINTEST = 0.04  # weights weaker than this share of the layer's strongest are not drawn


def network(run: Run) -> str:
    """Drawing and table."""
    from chainrule.layers import Dense

    dense = [layer for layer in run.model.layers if isinstance(layer, Dense)]
    maps = volumes(run.model)
    drawing = scrolled(_drawing(maps, dense, run.classes or (run.target,)), "Drawing of the network")
    rows = [
        [
            escape(layer.name),
            escape(type(layer).__name__) + (f", {escape(detail)}" if (detail := _detail(layer)) else ""),
            " × ".join(map(str, layer.output.shape[1:])),
            f"{layer.count_params():,}",
        ]
        for layer in run.model.layers
    ]
    total = ["all", "", "", f"{run.model.count_params():,}"]
    layers = table(["layer", "kind", "output", "parameters"], [*rows, total], "Layers")
    lead = "Blue lines are positive weights, red ones negative; the stronger, the clearer."
    if maps:
        lead = f"Each square is a feature map; what the small window sees becomes one number of the next. {lead}"
    kind = "drawing wide" if maps else "drawing"
    return section("network", "The network", f'<div class="{kind}">{drawing}{layers}</div>', lead)


def _drawing(maps: list[Volume], dense: list[Any], outputs: tuple[str, ...]) -> str:
    start = MARGIN + width_of(maps)
    widths = [dense[0].kernel.shape[0], *(layer.units for layer in dense)]
    columns = [_shown(width) for width in widths]
    room = LETTER * max(len(name[:NAME]) for name in outputs)
    parts = [draw(maps, HEIGHT / 2, HEIGHT + 24)] if maps else []
    for number, layer in enumerate(dense):
        parts.append(_edges(start + number * GAP, columns[number], columns[number + 1], layer.kernel.numpy()))
    last = len(columns) - 1
    for number, (units, width) in enumerate(zip(columns, widths, strict=True)):
        x = start + number * GAP
        kind = "input" if number == 0 else "output" if number == last else "hidden"
        parts += [
            f'<circle class="unit {kind}" cx="{x}" cy="{_place(k, len(units))}" r="{RADIUS}"/>'
            for k in range(len(units))
        ]
        if width > len(units):
            parts.append(f'<text class="more" x="{x}" y="{HEIGHT / 2 + 5:.0f}" text-anchor="middle">⋮</text>')
        name = ("flat" if maps else "inputs") if number == 0 else dense[number - 1].activation.__name__
        parts.append(
            f'<text class="count" x="{x}" y="{HEIGHT + 24}" text-anchor="middle">{width:,}</text>'
            f'<text x="{x}" y="{HEIGHT + 42}" text-anchor="middle">{escape(name)}</text>'
        )
    if len(outputs) == len(columns[last]):
        x = start + last * GAP + 14
        parts += [
            f'<text x="{x}" y="{_place(k, len(outputs)) + 4}">{escape(name[:NAME])}</text>'
            for k, name in enumerate(outputs)
        ]
    stacks = "".join(f"{volume.channels} maps, " for volume in maps)
    label = f"Network of {stacks}" + ", ".join(f"{width}" for width in widths) + " units"
    return chart("".join(parts), label, start + MARGIN + last * GAP + room, HEIGHT + 54)


def _shown(width: int) -> np.ndarray:
    """Which units of a layer are drawn: all of a narrow one, else some, evenly chosen."""
    if width <= SHOWN:
        return np.arange(width)
    return np.linspace(0, width - 1, SHOWN - 2).round().astype(int)  # an even number: the dots stand in the middle


def _place(number: int, count: int) -> float:
    """Height of a unit in its column."""
    step = min(30.0, (HEIGHT - 24) / max(count, 1))
    return round(HEIGHT / 2 + (number - (count - 1) / 2) * step, 1)


def _edges(x: int, left: np.ndarray, right: np.ndarray, kernel: np.ndarray) -> str:
    weights = kernel[np.ix_(left, right)]
    strength = weights / max(float(np.abs(weights).max()), 1e-12)
    return "".join(
        f'<line class="{"plus" if strength[i, j] > 0 else "minus"}" x1="{x}" y1="{_place(i, len(left))}" '
        f'x2="{x + GAP}" y2="{_place(j, len(right))}" stroke-opacity="{min(abs(strength[i, j]), 0.85):.2f}"/>'
        for i in range(len(left))
        for j in range(len(right))
        if abs(strength[i, j]) > FAINTEST
    )


def _detail(layer: Any) -> str:
    """What one would want to know of a layer besides its kind."""
    from chainrule.layers import Dense, Dropout, Rescaling

    if window := getattr(layer, "kernel_size", None):
        return f"{'×'.join(map(str, window))}, {layer.activation.__name__}"
    if window := getattr(layer, "pool_size", None):
        return "×".join(map(str, window))
    if isinstance(layer, Dense):
        return str(layer.activation.__name__)
    if isinstance(layer, Dropout):
        return f"rate {layer.rate:g}"
    if isinstance(layer, Rescaling):
        divisor = round(1 / float(layer.scale), 6)
        return f"factor 1/{divisor:g}" if divisor.is_integer() else f"factor {float(layer.scale):.4g}"
    return ""
