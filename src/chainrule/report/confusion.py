"""Which classes are taken for which."""

from __future__ import annotations

import numpy as np

from chainrule.report.markup import escape, scrolled, section, table
from chainrule.report.run import Run
from chainrule.report.scores import ClassScores

FEW, SHORT_NAME = 3, 4  # names of more classes, and longer ones, are written upwards
LARGEST = 26  # classes in a matrix that can still be read
PAIRS = 20
SIDE_BY_SIDE, LONG_NAME = 11, 12
DARK = 0.55  # share from which the cell is dark enough for light text


def confusion(run: Run, scores: ClassScores) -> str:
    """The matrix, or for many classes the pairs that are confused most."""
    if len(run.classes) > LARGEST:
        body = _pairs(run.classes, scores.confusion)
        return section("confusion", "What is taken for what", body, "The most frequent confusions.")
    lead = "Rows are the true classes, columns what the network said. The stronger the colour, the more of the row."
    return section("confusion", "What is taken for what", _matrix(run.classes, scores), lead, half=is_half(run))


def is_half(run: Run) -> bool:
    """Whether the matrix and the table of the classes have room side by side."""
    return len(run.classes) <= SIDE_BY_SIDE and max(map(len, run.classes)) <= LONG_NAME


def _matrix(classes: tuple[str, ...], scores: ClassScores) -> str:
    shares = scores.confusion / np.maximum(scores.support, 1)[:, None]
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in classes)
    rows = []
    for i, name in enumerate(classes):
        cells = "".join(_cell(int(scores.confusion[i, j]), float(shares[i, j]), i == j) for j in range(len(classes)))
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    tilted = " tilted" if len(classes) > FEW and max(map(len, classes)) > SHORT_NAME else ""
    grid = (
        f'<table class="matrix{tilted}"><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
    return scrolled(grid, "Confusion matrix")


def _cell(count: int, share: float, right: bool) -> str:
    if not count:
        return '<td class="none">·</td>'
    # Rare mistakes shall be seen: the square root lifts small shares.
    depth = share if right else share**0.5
    kinds = ("right" if right else "wrong") + (" deep" if depth >= DARK else "")
    return f'<td class="{kinds}" style="--share:{100 * depth:.0f}%">{count}</td>'


def _pairs(classes: tuple[str, ...], counts: np.ndarray) -> str:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    pairs = [divmod(int(place), len(classes)) for place in order]
    rows = [[escape(classes[i]), escape(classes[j]), f"{wrong[i, j]:,}"] for i, j in pairs if wrong[i, j]]
    return table(["true", "taken for", "times"], rows, "Confused classes")
