"""The output folder: tried early, its own files replaced, other people's never."""

from __future__ import annotations

import csv
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from chainrule.errors import ArgumentError
from chainrule.report import GENERATOR

MODEL, HISTORY, REPORT = "model.keras", "history.csv", "report.html"
CARD_MEMBER = "chainrule.json"
HEAD = 1000  # bytes of a report in which its generator is named


def prepare(folder: Path) -> Path:
    """See before training that the folder can be made and written to; it is made when there is something to write.

    Raises:
        ArgumentError: a file in the way is not one that `chainrule train` wrote.
        OSError: the folder cannot be made or written to.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        for place in missing:
            place.rmdir()
    for name, is_own in ((MODEL, _is_own_model), (HISTORY, _is_own_history), (REPORT, _is_own_report)):
        path = folder / name
        if path.exists() and not is_own(path):
            raise ArgumentError(
                "a file is in the way that `chainrule train` did not write",
                where=str(path),
                hint="move it, or give another folder with --output",
            )
    return folder


def folder_name(name: str) -> str:
    """A name for a folder, from the name of any data.

    Example:
        >>> folder_name("my data (2)")
        'my-data-2'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"


def write_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """One row for each epoch, one column for each key."""
    from chainrule.saving.atomic import replacing

    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        writer.writerows([number, *row] for number, row in enumerate(zip(*history.values(), strict=True), 1))


def _is_own_model(path: Path) -> bool:
    return zipfile.is_zipfile(path) and CARD_MEMBER in zipfile.ZipFile(path).namelist()


def _is_own_history(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"epoch,"


def _is_own_report(path: Path) -> bool:
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(HEAD)
