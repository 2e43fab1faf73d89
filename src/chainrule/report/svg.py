"""Charts in SVG: axes with round ticks, lines, points, bars. Colours are the page's, by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.report.markup import amount, escape

WIDTH, HEIGHT = 520, 330
LEFT, RIGHT, TOP, BOTTOM = 66, 28, 14, 46


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers that cover low … high: multiples of 1, 2 or 5 times a power of ten.

    Example:
        >>> ticks(0.0, 0.43)
        [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    """
    if not high > low:
        low, high = low - (abs(low) * 0.1 or 1.0), high + (abs(high) * 0.1 or 1.0)
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


@dataclass(frozen=True)
class Axes:
    """A frame with ticks; from the data's units to the picture's.

    Args:
        x_ticks: where the axis across has marks; its ends are the axis's.
        y_ticks: the same for the axis upwards.
        x_label: what it shows.
        y_label: what it shows.
    """

    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    x_label: str
    y_label: str

    def x(self, value: float) -> float:
        """Place of a value across."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * _share(value, self.x_ticks), 1)

    def y(self, value: float) -> float:
        """Place of a value upwards."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(value, self.y_ticks), 1)

    def draw(self) -> str:
        """Grid, numbers and labels."""
        bottom = HEIGHT - BOTTOM
        parts = [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(tick)}" y2="{self.y(tick)}"/>'
            f'<text x="{LEFT - 8}" y="{self.y(tick) + 4}" text-anchor="end">{amount(tick)}</text>'
            for tick in self.y_ticks
        ]
        parts += [
            f'<text x="{self.x(tick)}" y="{bottom + 18}" text-anchor="middle">{amount(tick)}</text>'
            for tick in self.x_ticks
        ]
        middle = (TOP + bottom) / 2
        parts += [
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>',
            f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
            f"{escape(self.x_label)}</text>",
            f'<text class="label" x="14" y="{middle}" transform="rotate(-90 14 {middle})" '
            f'text-anchor="middle">{escape(self.y_label)}</text>',
        ]
        return "".join(parts)


def chart(content: str, title: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """An SVG picture with a title for those who cannot see it."""
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">{content}</svg>'


def figure(picture: str, caption: str) -> str:
    """A picture with its caption."""
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def legend(names: Sequence[tuple[str, str]]) -> str:
    """The names of the curves, each with its colour: (class, name)."""
    items = "".join(f'<li><span class="key {kind}"></span>{escape(name)}</li>' for kind, name in names)
    return f'<ul class="legend">{items}</ul>'


def _share(value: float, ends: Sequence[float]) -> float:
    return (value - ends[0]) / (ends[-1] - ends[0])
