"""Text and numbers in HTML. All that comes from data goes through `escape`."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

LONGEST = 60  # characters of a name


def escape(text: object, longest: int = LONGEST) -> str:
    """`text` as HTML that shows it, cut if it is long; unprintable characters become spaces.

    Example:
        >>> escape("<b>a & b</b>")
        '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    shown = "".join(character if character.isprintable() else " " for character in str(text))
    return html.escape(shown if len(shown) <= longest else shown[: longest - 1] + "…")


def percent(share: float, digits: int = 1) -> str:
    """A share as percents; a dash for NaN.

    Example:
        >>> percent(0.9834), percent(float("nan"))
        ('98.3 %', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def amount(value: float) -> str:
    """A number that people read: four digits, thousands parted.

    Example:
        >>> amount(48217.3), amount(0.012346), amount(12.0)
        ('48,217', '0.01235', '12')
    """
    if value and abs(value) < 1e-4:
        return f"{value:.2e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time that people read.

    Example:
        >>> duration(8.26), duration(125.0)
        ('8.3 s', '2 min 5 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def section(identifier: str, title: str, body: str, lead: str = "", half: bool = False) -> str:
    """One part of the page; a half has room beside another one, where the page is wide."""
    intro = f'<p class="lead">{lead}</p>' if lead else ""
    heading = f'<h2 id="h-{identifier}">{title}</h2>'
    kind = ' class="half"' if half else ""
    return f'<section id="{identifier}"{kind} aria-labelledby="h-{identifier}">{heading}{intro}{body}</section>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], label: str, numbers: bool = True) -> str:
    """A table of cells that are HTML already; the first one of each row is its header.

    It stands in a box of its own that scrolls, with the keyboard too, where the page is narrow.
    """
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    kind = ' class="numbers"' if numbers else ""
    return scrolled(f"<table{kind}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>", label)


def scrolled(content: str, label: str) -> str:
    """A box that scrolls sideways where the page is narrow."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{content}</div>'
