"""The text of a CSV file, row by row, and which texts are numbers, or missing."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from chainrule.errors import DataError

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})  # compared without regard to case
DELIMITERS = ",;\t"
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


@dataclass
class Lines:
    """The fields of a file, row by row, the line on which each row ends, and how many decimal commas there were."""

    rows: list[list[str]]
    numbers: list[int]
    decimal_commas: int = 0


def read_lines(path: Path) -> Lines:
    """The fields of a CSV file. Empty lines do not count; all other lines have the same number of fields.

    Where semicolons part the fields, as in the countries that write 1,5 for 1.5, such numbers get a point.
    """
    lines = Lines([], [])
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
            for fields in reader:
                if not any(field.strip() for field in fields) and len(fields) <= 1:
                    continue
                if lines.rows and len(fields) != len(lines.rows[0]):
                    raise DataError(
                        "a line has another number of fields than the first",
                        where=f"{path}, line {reader.line_num}",
                        expected=len(lines.rows[0]),
                        got=len(fields),
                        hint="a field that holds the separator must stand in double quotes",
                    )
                row = [field.strip() for field in fields]
                if delimiter == ";":
                    for index, field in enumerate(row):
                        if DECIMAL_COMMA.fullmatch(field):
                            row[index] = field.replace(",", ".")
                            lines.decimal_commas += 1
                lines.rows.append(row)
                lines.numbers.append(reader.line_num)
    except UnicodeDecodeError as error:
        raise DataError(
            "the file is not text in UTF-8",
            where=f"{path}, byte {error.start}",
            got=error.object[error.start : error.start + 1].hex(),
            hint="save it as CSV in UTF-8",
        ) from error
    except csv.Error as error:
        raise DataError("not a CSV file", where=f"{path}, line {reader.line_num}", got=error) from error
    if not lines.rows:
        raise DataError("the file is empty", where=str(path), hint="give a file with rows to learn from")
    if len(lines.rows[0]) < 2:
        raise DataError(
            "the table has one column only",
            where=str(path),
            expected="inputs and a target",
            got=repr(lines.rows[0][0]),
            hint="part the fields by commas, semicolons or tabs",
        )
    return lines


def is_header(rows: Sequence[Sequence[str]], target: str | int | None) -> bool:
    """Whether the first row holds the names of the columns; see `read_table` for the rule."""
    first = rows[0]
    if isinstance(target, str) and target in first:
        return True
    if any(field and (field.casefold() in MISSING or is_number(field)) for field in first):
        return False
    return not any(
        field and any(row[index] == field for row in rows[1:]) for index, field in enumerate(first)
    ) and any(first)


def is_number(text: str) -> bool:
    """Whether `text` is a number as people write it. Python's own `1_000` is none."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def to_numbers(values: Sequence[str], where: str) -> np.ndarray:
    """The numbers of a column, NaN where one is missing.

    Raises:
        DataError: a value is no number, or infinite.
    """
    numbers = np.empty(len(values), np.float64)
    for row, value in enumerate(values):
        if value.casefold() in MISSING:
            numbers[row] = math.nan
        elif is_number(value) and math.isfinite(number := float(value)):
            numbers[row] = number
        else:
            raise DataError(
                "not a number", where=f"{where}, row {row + 1}", expected="a number", got=repr(value)
            )
    return numbers


def blank_if_missing(value: str) -> str:
    """`value`, or the empty text if it is a mark for a missing one."""
    return "" if value.casefold() in MISSING else value


def whole_number_text(text: str) -> str:
    """`text`; but one way of writing each whole number: "1.0" and "01" become "1"."""
    if is_number(text) and math.isfinite(number := float(text)) and number == int(number):
        return str(int(number))
    return text


def _delimiter(file: TextIO) -> str:
    first = next((line for line in file if line.strip()), "").strip()
    file.seek(0)
    fields = [field.strip() for field in first.split(";")]
    if len(fields) > 1 and all(DECIMAL_COMMA.fullmatch(field) for field in fields if "," in field):
        return ";"
    return max(DELIMITERS, key=first.count)
