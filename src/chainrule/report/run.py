"""What a report is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.schema import CategoryColumn, TableSchema

Row = dict[str, str]


@dataclass(frozen=True)
class Run:
    """One training and its test.

    Args:
        title: the data's name.
        command: the command line that repeats it.
        model: the trained network.
        history: value of the loss and each metric, by epoch.
        target: name of what is predicted.
        classes: names of the classes; empty for regression.
        x: test samples.
        y: their targets: class numbers, or values in their own units.
        outputs: what the network says: probabilities (N, classes), or values (N,) in the target's units.
        rows: from a sample to its columns, as they stood in the table; None where samples are no rows.
        notes: what was found in the data and done to it.
        settings: how it was trained.
        seconds: time spent on training.
        versions: what it was made with.
    """

    title: str
    command: str
    model: Any
    history: Mapping[str, Sequence[float]]
    target: str
    classes: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    outputs: np.ndarray
    rows: Callable[[np.ndarray], Row] | None
    notes: Sequence[str]
    settings: Mapping[str, str]
    seconds: float
    versions: Mapping[str, str]

    @property
    def has_pictures(self) -> bool:
        """Whether samples can be shown: bytes, (N, H, W) or (N, H, W, 1 or 3)."""
        return self.x.dtype == np.uint8 and (self.x.ndim == 3 or (self.x.ndim == 4 and self.x.shape[-1] in (1, 3)))


def table_rows(schema: TableSchema) -> Callable[[np.ndarray], Row]:
    """The function from inputs of the network back to the table's own values."""

    def row(features: np.ndarray) -> Row:
        values: Row = {}
        start = 0
        for column in schema.columns:
            part = features[start : start + column.width]
            start += column.width
            if isinstance(column, CategoryColumn):
                values[column.name] = (column.categories[int(part.argmax())] or "missing") if part.any() else "other"
            else:
                values[column.name] = f"{float(part[0]) * column.deviation + column.mean:.6g}"
        return values

    return row
