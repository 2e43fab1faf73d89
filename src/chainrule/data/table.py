"""From a CSV file to a training and a test part: what each column is, found out and said."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.data.csv import (
    MISSING,
    Lines,
    blank_if_missing,
    is_header,
    is_number,
    read_lines,
    to_numbers,
    whole_number_text,
)
from chainrule.data.schema import (
    CLASSIFICATION,
    REGRESSION,
    CategoryColumn,
    Column,
    NumberColumn,
    TableSchema,
    some,
)
from chainrule.data.split import train_test_indices
from chainrule.errors import ArgumentError, DataError, UnknownNameError

MAX_INTEGER_CLASSES = 20  # more different whole numbers than this are amounts, not classes
ROWS_PER_INTEGER_CLASS = 5  # and so are numbers that are met less often than this on average
MAX_CATEGORIES = 100  # the most frequent ones of a column get an input each
IDENTIFIER_SHARE = 0.5  # a text column with more different values than this share of its rows names the rows
MOSTLY_NUMBERS = 0.95  # a column with this share of numbers was meant to be one of numbers


@dataclass(frozen=True)
class Table:
    """A table ready for training.

    Shapes:
        x_train, x_test: (N, schema.width), float32.
        y_train, y_test: (N,), class numbers int32, or the values in their own units, float32.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    schema: TableSchema
    notes: list[str]


def read_table(
    path: str | os.PathLike[str],
    target: str | int | None = None,
    *,
    task: str | None = None,
    test_share: float = 0.2,
    seed: int = 0,
) -> Table:
    """Read a CSV file, split it, and turn it into numbers.

    - Fields are parted by `,`, `;` or tab, whichever the first line has most of; blanks around them do not
      count. Where it is `;`, `1,5` is a number too.
    - The first line is a header if none of its fields is a number, and none is met again below in its own
      column; or if `target` is one of them.
    - A column is numeric if each of its values is a number or missing: empty, `?`, `NA`, `N/A`, `nan`,
      `null`. Numbers are standardised, missing ones count as the median. Other columns are categories, one
      input each; missing is a category of its own.
    - Left out are columns with one value only, columns that count the rows, and text that differs from row to
      row (names, identifiers).
    - It is classification if the target is text, or has at most 20 different whole numbers, each met five
      times on average; else regression.

    Means, medians and categories come from the training part alone.

    Args:
        path: the file, in UTF-8.
        target: the column to be learnt: its name, or, in a file without a header, its number from 1. The last
            column, if the file has no header.
        task: "classification" or "regression", if the rule above should not decide.
        test_share: share of the rows put aside for the test; each class gives its share.
        seed: the same seed splits the same way.

    Returns:
        A Table: both parts, the schema, and notes that say in words what was done.

    Raises:
        DataError: the file is empty, ragged, not text, or its target is useless.
        UnknownNameError: there is no such target column.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "fruit.csv")
        ...     _ = path.write_text("mass,colour,fruit" + "\\n9,red,cherry\\n150,?,apple\\n8,dark,cherry" * 9)
        ...     table = read_table(path, "fruit")
        >>> table.x_train.shape, table.schema.classes
        ((22, 4), ('apple', 'cherry'))
        >>> table.schema.feature_names
        ['mass', 'colour = missing', 'colour = dark', 'colour = red']
    """
    path = Path(path)
    lines = read_lines(path)
    header = is_header(lines.rows, target)
    names = _names(lines, header, path)
    del lines.rows[: 1 if header else 0], lines.numbers[: 1 if header else 0]
    if not lines.rows:
        raise DataError("there are no rows below the header", where=str(path), hint="add rows to learn from")
    position = _target_position(target, names, header, path)

    columns: list[tuple[str, ...]] = list(zip(*lines.rows, strict=True))
    lines.rows.clear()  # the same text, by rows: not needed any more
    has_target = np.array([value.casefold() not in MISSING for value in columns[position]])
    kept = np.flatnonzero(has_target)
    where = f"{path}: {names[position]!r}"
    if not len(kept):
        raise DataError("the target has no values", where=where, hint="choose another target")
    target_texts = [columns[position][row] for row in kept]
    classes = _classes(target_texts, task, where)
    labels = _labels(target_texts, classes) if classes else None
    train, test = train_test_indices(len(kept), test_share, seed, labels)
    if not len(train):
        raise DataError(
            "too few rows to put some aside for the test", where=str(path), got=f"{len(kept)} rows"
        )

    notes = [
        f"{len(columns[0])} rows, {len(names)} columns, "
        + ("names in the first line" if header else "no header")
        + f"; {len(train)} rows for training, {len(test)} for the test"
    ]
    if lines.decimal_commas:
        notes.append(f"{lines.decimal_commas} numbers are written with a decimal comma")
    if len(kept) < len(has_target):
        notes.append(f"{names[position]!r}: {len(has_target) - len(kept)} rows without a target left out")
    notes.append(_task_note(names[position], classes, target_texts, task))

    inputs = [index for index in range(len(names)) if index != position]
    fitted: list[Column] = []
    for index in inputs:
        column = _fit_column(names[index], columns[index], kept[train], lines.numbers, path, notes)
        if column is not None:
            fitted.append(column)
    numeric = sum(isinstance(column, NumberColumn) for column in fitted)
    notes += [f"{numeric} columns of numbers, standardised"] if numeric else []
    if not fitted:
        raise DataError("no column is left to learn from", where=str(path), got="; ".join(notes))

    y = labels if labels is not None else to_numbers(target_texts, where).astype(np.float32)
    schema = TableSchema(
        names=tuple(names[index] for index in inputs),
        columns=tuple(fitted),
        target=names[position],
        target_position=position,
        header=header,
        classes=classes,
        target_mean=0.0 if classes else float(y[train].mean(dtype=np.float64)),
        target_deviation=1.0 if classes else float(y[train].std(dtype=np.float64)) or 1.0,
    )
    x_train, x_test = (
        schema.transform_columns(
            {names[index]: [columns[index][row] for row in kept[part]] for index in inputs}
        )
        for part in (train, test)
    )
    return Table(x_train, y[train], x_test, y[test], schema, notes)


def _names(lines: Lines, header: bool, path: Path) -> list[str]:
    fields = lines.rows[0] if header else [""] * len(lines.rows[0])
    names = [field or f"column {number}" for number, field in enumerate(fields, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "columns have the same name",
            where=f"{path}, line {lines.numbers[0]}",
            got=", ".join(twice),
            hint="rename one of them",
        )
    return names


def _target_position(target: str | int | None, names: list[str], header: bool, path: Path) -> int:
    if target in names:
        return names.index(str(target))
    if target is None and not header:
        return len(names) - 1
    if target is None:
        raise ArgumentError(
            "the target column is not given",
            where=str(path),
            expected="one of " + ", ".join(names),
            hint=f"target={names[-1]!r} would be the last column",
        )
    if not header and str(target).isdecimal() and 1 <= int(target) <= len(names):
        return int(target) - 1
    raise UnknownNameError.of("target column", target, names, where=str(path))


def _classes(texts: Sequence[str], task: str | None, where: str) -> tuple[str, ...]:
    """The classes of a target in their order; none for regression."""
    if task not in (None, CLASSIFICATION, REGRESSION):
        raise UnknownNameError.of("task", task, (CLASSIFICATION, REGRESSION))
    distinct = set(texts)
    numeric = all(map(is_number, distinct))
    if numeric:
        distinct = set(map(whole_number_text, distinct))
    if len(distinct) == 1:
        raise DataError(
            "the target is the same in every row",
            where=where,
            got=repr(texts[0]),
            hint="choose another target",
        )
    whole = numeric and all(text.lstrip("-").isdecimal() for text in distinct)
    few = len(distinct) <= min(MAX_INTEGER_CLASSES, len(texts) / ROWS_PER_INTEGER_CLASS)
    if task is None:
        task = CLASSIFICATION if not numeric or (whole and few) else REGRESSION
    if task == REGRESSION:
        return ()
    if not numeric and len(distinct) > max(MAX_INTEGER_CLASSES, len(texts) / 2):
        raise DataError(
            "the target differs from row to row: its values are no classes",
            where=where,
            got=f"{len(distinct)} different texts in {len(texts)} rows",
            hint="choose another target",
        )
    return tuple(sorted(distinct, key=float) if numeric else sorted(distinct))


def _labels(texts: Sequence[str], classes: tuple[str, ...]) -> np.ndarray:
    number_of = {name: number for number, name in enumerate(classes)}
    if texts[0] not in number_of or not all(text in number_of for text in texts):
        texts = [whole_number_text(text) for text in texts]
    return np.fromiter((number_of[text] for text in texts), np.int32, len(texts))


def _task_note(name: str, classes: tuple[str, ...], texts: Sequence[str], task: str | None) -> str:
    if task is not None:
        return f"{task} of {name!r}, as asked for"
    if not classes:
        return f"regression: {name!r} has {len(set(texts))} different numbers"
    counts = Counter(texts)
    rare = [text for text, count in counts.items() if count < ROWS_PER_INTEGER_CLASS]
    return f"classification: {name!r} has {len(classes)} classes ({some(classes)})" + (
        f"; rarely met: {some(sorted(rare))}" if rare else ""
    )


def _fit_column(
    name: str, values: Sequence[str], train: np.ndarray, numbers: list[int], path: Path, notes: list[str]
) -> Column | None:
    """What a column is, from the whole of it; its statistics, from the rows `train` of it. None: left out."""
    present = [value for value in values if value.casefold() not in MISSING]
    count = sum(map(is_number, present))
    training = [values[row] for row in train]
    if count == len(present):
        where = f"{path}: {name!r}"
        return _fit_numbers(name, to_numbers(values, where), to_numbers(training, where), notes)
    distinct = len(set(present))
    if count >= MOSTLY_NUMBERS * len(present) and distinct > MAX_INTEGER_CLASSES:
        row = next(
            row for row, value in enumerate(values) if blank_if_missing(value) and not is_number(value)
        )
        raise DataError(
            f"column {name!r} holds numbers, and also {len(present) - count} words",
            where=f"{path}, line {numbers[row]}",
            got=repr(values[row]),
            hint="leave such fields empty, or write ?",
        )
    if distinct > max(MAX_INTEGER_CLASSES, IDENTIFIER_SHARE * len(present)):
        notes.append(f"{name!r}: left out, {distinct} different texts in {len(values)} rows name the rows")
        return None
    return _fit_categories(name, training, notes)


def _fit_numbers(
    name: str, everywhere: np.ndarray, training: np.ndarray, notes: list[str]
) -> NumberColumn | None:
    present = training[~np.isnan(training)]
    if not len(present) or present.min() == present.max():
        notes.append(f"{name!r}: left out, " + ("one value only" if len(present) else "no values"))
        return None
    if len(everywhere) > 2 and everywhere[0] in (0, 1) and (np.diff(everywhere) == 1).all():
        notes.append(f"{name!r}: left out, it counts the rows")
        return None
    median = float(np.median(present))
    if len(present) < len(training):
        notes.append(
            f"{name!r}: {len(training) - len(present)} of {len(training)} training values missing, "
            f"taken as the median {median:g}"
        )
    training = np.where(np.isnan(training), median, training)
    return NumberColumn(name, float(training.mean()), float(training.std()), median)


def _fit_categories(name: str, training: Sequence[str], notes: list[str]) -> CategoryColumn | None:
    counts = Counter(map(blank_if_missing, training))
    if len(counts) == 1:
        notes.append(f"{name!r}: left out, one value only")
        return None
    # Sorted before counted, so that equals come in the order of the alphabet.
    frequent = sorted(sorted(counts), key=lambda category: -counts[category])[:MAX_CATEGORIES]
    note = f"{name!r}: {len(frequent)} categories, one input each"
    if len(frequent) < len(counts):
        note += f"; {len(counts) - len(frequent)} rare ones count as none of them"
    if counts[""]:
        note += f"; {counts['']} missing values are a category of their own"
    notes.append(note)
    return CategoryColumn(name, tuple(sorted(frequent)))
