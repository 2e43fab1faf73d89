"""What was learnt about a table: how a row of text becomes the numbers that a network wants, each time again.

A `TableSchema` comes from the training rows and nothing else: which columns are numbers, their mean and
deviation, which categories there are. It is saved with a model, so that new rows need no explanation.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.csv import blank_if_missing, read_lines, to_numbers, whole_number_text
from chainrule.errors import ChainruleError, DataError, FileFormatError, UnknownNameError

CLASSIFICATION, REGRESSION = "classification", "regression"

Row = Sequence[object] | Mapping[str, object]


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, standardised: (value - mean) / deviation; a missing value counts as the median."""

    name: str
    mean: float
    deviation: float
    median: float

    @property
    def width(self) -> int:
        return 1

    @property
    def feature_names(self) -> list[str]:
        return [self.name]

    def write(self, values: Sequence[str], out: np.ndarray) -> None:
        """Write the features of `values` into `out`, shape (N, 1)."""
        numbers = to_numbers(values, self.name)
        numbers[np.isnan(numbers)] = self.median
        out[:, 0] = (numbers - self.mean) / self.deviation


@dataclass(frozen=True)
class CategoryColumn:
    """A column of words: one input per category, 1 where it is met. `""` stands for a missing value."""

    name: str
    categories: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.categories)

    @property
    def feature_names(self) -> list[str]:
        return [f"{self.name} = {category or 'missing'}" for category in self.categories]

    def write(self, values: Sequence[str], out: np.ndarray) -> None:
        """Write the features of `values` into `out`, shape (N, categories), which holds zeros."""
        place = {category: index for index, category in enumerate(self.categories)}
        places = np.fromiter(
            (place.get(blank_if_missing(value), -1) for value in values), np.intp, len(values)
        )
        known = np.flatnonzero(places >= 0)
        out[known, places[known]] = 1.0


Column = NumberColumn | CategoryColumn


@dataclass(frozen=True)
class TableSchema:
    """How rows of text become inputs, and the target a class or a number. Made by `read_table`.

    Args:
        names: all columns of the file but the target, in the file's order.
        columns: those of them that the network sees.
        target: name of the target column.
        target_position: where the target stands in the file, counted from 0.
        header: whether the file began with the columns' names.
        classes: names of the classes, in the order of their numbers; empty for regression.
        target_mean: mean of the target in the training part (regression).
        target_deviation: its standard deviation.
    """

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    target: str
    target_position: int
    header: bool
    classes: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_deviation: float = 1.0

    @property
    def task(self) -> str:
        """ "classification" or "regression"."""
        return CLASSIFICATION if self.classes else REGRESSION

    @property
    def feature_names(self) -> list[str]:
        """One name for each input of the network."""
        return [name for column in self.columns for name in column.feature_names]

    @property
    def width(self) -> int:
        """The number of inputs."""
        return sum(column.width for column in self.columns)

    def transform(self, rows: Sequence[Row]) -> np.ndarray:
        """The inputs for `rows`.

        Args:
            rows: each a sequence of values in the order of `names`, or a mapping from name to value. Values
                are text or numbers; None, NaN and the marks for missing values are replaced as in training. A
                category that was not met in training is none of the known ones: all its inputs are 0.

        Shapes:
            result: (N, width), float32.

        Raises:
            DataError: a row has another number of values, or a word where a number belongs.
        """
        texts = [self._texts(row, number) for number, row in enumerate(rows, 1)]
        by_column = zip(*texts, strict=True) if texts else ((),) * len(self.names)
        return self.transform_columns(dict(zip(self.names, by_column, strict=True)))

    def transform_columns(self, values: Mapping[str, Sequence[str]]) -> np.ndarray:
        """The same for texts column by column; columns that are not looked at may be absent."""
        count = len(values[self.columns[0].name])
        features = np.zeros((count, self.width), np.float32)
        start = 0
        for column in self.columns:
            column.write(values[column.name], features[:, start : start + column.width])
            start += column.width
        return features

    def transform_target(self, values: Sequence[object]) -> np.ndarray:
        """Class numbers, int32 (N,); or for regression the values themselves, float32 (N,).

        Raises:
            DataError: an unknown class, or a word where a number belongs.
        """
        texts = [_text(value) for value in values]
        if not self.classes:
            numbers = to_numbers(texts, self.target)
            if np.isnan(numbers).any():
                raise DataError("the target is missing", where=f"row {int(np.argmax(np.isnan(numbers))) + 1}")
            return numbers.astype(np.float32)
        number_of = {name: number for number, name in enumerate(self.classes)}
        found = [number_of.get(text, number_of.get(whole_number_text(text), -1)) for text in texts]
        if -1 in found:
            row = found.index(-1)
            raise UnknownNameError.of(
                "class", texts[row], self.classes, where=f"row {row + 1}, {self.target!r}"
            )
        return np.array(found, np.int32)

    def standardise_target(self, y: np.ndarray) -> np.ndarray:
        """A regression target as the network learns it: mean 0, deviation 1 over the training part."""
        return ((y - self.target_mean) / self.target_deviation).astype(np.float32)

    def restore_target(self, z: np.ndarray) -> np.ndarray:
        """What a network says, in the target's own units: the inverse of `standardise_target`."""
        return z * self.target_deviation + self.target_mean

    def read(self, path: str | os.PathLike[str]) -> tuple[np.ndarray, list[str]]:
        """The inputs for each row of another file of the same kind, and notes.

        With a header, columns are found by name, in any order. Without one, the file must have the columns
        that the training file had, with or without the target.
        """
        values = self._read_columns(Path(path))
        with _in_file(path):
            return self.transform_columns(values), self._unseen_notes(values)

    def read_with_target(self, path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """The inputs, the targets and notes; rows without a target are left out.

        Raises:
            DataError: the file has no target column, or no row with a target.
        """
        values = self._read_columns(Path(path))
        if self.target not in values:
            raise DataError(
                "the target column is missing", where=str(path), expected=self.target, got=list(values)
            )
        kept = [row for row, text in enumerate(values[self.target]) if blank_if_missing(text)]
        if not kept:
            raise DataError("the target has no values", where=f"{path}: {self.target!r}")
        notes = self._unseen_notes(values)
        if left_out := len(values[self.target]) - len(kept):
            notes.append(f"{self.target!r}: {left_out} rows without a target left out")
            values = {name: [texts[row] for row in kept] for name, texts in values.items()}
        with _in_file(path):
            return self.transform_columns(values), self.transform_target(values[self.target]), notes

    def _read_columns(self, path: Path) -> dict[str, Sequence[str]]:
        rows = read_lines(path).rows
        if self.header and set(rows[0]) & set(self.names):
            present = rows.pop(0)
        elif len(rows[0]) == len(self.names):
            present = list(self.names)
        else:
            present = [*self.names[: self.target_position], self.target, *self.names[self.target_position :]]
        if not rows:
            raise DataError("there are no rows below the header", where=str(path))
        absent = [column.name for column in self.columns if column.name not in present]
        if absent or len(rows[0]) != len(present):
            raise DataError(
                "the table's columns are not those that the model was trained on",
                where=str(path),
                expected=f"{len(self.names)}: " + ", ".join(self.names),
                got=f"{len(present)}, without {', '.join(absent)}" if absent else len(rows[0]),
            )
        return dict(zip(present, zip(*rows, strict=True), strict=True))

    def to_config(self) -> dict[str, Any]:
        """The schema in JSON's types."""
        return _listed(asdict(self))  # type: ignore[no-any-return]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TableSchema:
        """The schema that `to_config` described.

        Raises:
            FileFormatError: a field is missing, unknown, or not of its kind.
        """
        try:
            schema = cls(
                names=_words(config["names"]),
                columns=tuple(_column(column) for column in config["columns"]),
                target=_word(config["target"]),
                target_position=_count(config["target_position"]),
                header=config["header"] is True,
                classes=_words(config["classes"]),
                target_mean=_finite(config["target_mean"]),
                target_deviation=_finite(config["target_deviation"]),
            )
            names = [column.name for column in schema.columns]
            sound = (
                len(config) == 8
                and bool(schema.columns)
                and schema.target_position <= len(schema.names)
                and len(set(schema.names)) == len(schema.names)
                and names == [name for name in schema.names if name in set(names)]
                and schema.target_deviation > 0
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileFormatError(
                "the description of the table's columns is damaged", got=repr(error)
            ) from error
        if not sound:
            raise FileFormatError("the description of the table's columns contradicts itself")
        return schema

    def _texts(self, row: Row, number: int) -> list[str]:
        if isinstance(row, Mapping):
            missing = [column.name for column in self.columns if column.name not in row]
            if missing:
                raise DataError(
                    "columns are missing", where=f"row {number}", expected=self.names, got=list(row)
                )
            return [_text(row.get(name)) for name in self.names]
        if len(row) != len(self.names):
            raise DataError(
                "the row has another number of values than the table that the model was trained on",
                where=f"row {number}",
                expected=f"{len(self.names)}: " + ", ".join(self.names),
                got=len(row),
            )
        return [_text(value) for value in row]

    def _unseen_notes(self, values: Mapping[str, Sequence[str]]) -> list[str]:
        notes = []
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                unseen = {blank_if_missing(value) for value in values[column.name]} - set(column.categories)
                if unseen:
                    notes.append(f"{column.name!r}: not met in training: {some(sorted(unseen))}")
        return notes


@contextmanager
def _in_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within the block errors name the file before the column and the row."""
    try:
        yield
    except ChainruleError as error:
        where = f"{os.fspath(path)}: {error.where}"
        raise type(error)(
            error.problem, where=where, expected=error.expected, got=error.got, hint=error.hint
        ) from error


def some(words: Iterable[str], most: int = 5) -> str:
    words = [word or "missing" for word in words]
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _column(config: Mapping[str, Any]) -> Column:
    if set(config) == {"name", "categories"}:
        return CategoryColumn(_word(config["name"]), _words(config["categories"]))
    if set(config) != {"name", "mean", "deviation", "median"}:
        raise ValueError(f"unknown kind of column {config!r:.200}")
    mean, deviation, median = (_finite(config[field]) for field in ("mean", "deviation", "median"))
    if deviation <= 0:
        raise ValueError(f"a deviation of {deviation}")
    return NumberColumn(_word(config["name"]), mean, deviation, median)


def _listed(value: Any) -> Any:
    """`value` with lists for its tuples, as JSON has them."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r:.200}")
    return value


def _words(values: Iterable[object]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"not a list: {values!r:.200}")
    return tuple(map(_word, values))


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"not a count: {value!r:.200}")
    return value


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a finite number: {value!r:.200}")
    return float(value)
