"""`chainrule predict`: what a model says about a person's own files."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli import card
from chainrule.cli.card import Card, Target
from chainrule.cli.messages import Mistake, explain, printable
from chainrule.errors import DataError

BATCH = 1000
BEST = 3  # classes shown


def run(arguments: argparse.Namespace) -> int:
    """Print the top three classes, or the value, for each sample in the files; 1 if one could not be read."""
    model, described = card.load(Path(arguments.model))
    answers: list[dict[str, Any]] = []
    failed = False
    for name in arguments.files:
        try:
            x, notes = read(Path(name), described)
        except Mistake as error:
            # One bad file of many: the others are answered all the same.
            if arguments.debug:
                raise
            failed = True
            print(f"chainrule: {explain(error)}", file=sys.stderr)
            continue
        for note in notes:
            print(printable(f"{name}: {note}"), file=sys.stderr)
        outputs = model.predict(x, batch_size=BATCH, verbose=0)
        for row, output in enumerate(outputs, 1):
            place = {"file": name} if len(outputs) == 1 else {"file": name, "row": row}
            answers.append({**place, **answer(output, described.target)})
    if arguments.json:
        print(json.dumps(answers, indent=2))
    elif answers:
        print(lines(answers))
    return 1 if failed else 0


def read(path: Path, described: Card) -> tuple[np.ndarray, list[str]]:
    """The samples of a file.

    Raises:
        DataError: it is not the kind of file that the model takes.
    """
    if path.is_dir():
        raise DataError("a folder, not a file", where=str(path), hint=f"give the files in it: {path}/*")
    if path.suffix.lower() not in described.input.suffixes:
        raise DataError(
            "the model takes another kind of file",
            where=str(path),
            expected=", ".join(described.input.suffixes),
            got=path.suffix or "no ending",
        )
    return described.input.read(path)


def answer(output: np.ndarray, target: Target) -> dict[str, Any]:
    """One output in JSON's types."""
    if not target.is_class:
        return {"target": target.name, "value": float(target.restore(output[None])[0])}
    best = np.argsort(-output, kind="stable")[:BEST]
    return {
        "class": target.classes[best[0]],
        "probabilities": [
            {"class": target.classes[index], "probability": round(float(output[index]), 6)} for index in best
        ],
    }


def lines(answers: list[dict[str, Any]]) -> str:
    """The answers as a table: the file, and the row where it has several; the best classes, or the value."""
    rows = []
    for given in answers:
        place = printable(given["file"]) + (f":{given['row']}" if "row" in given else "")
        if "value" in given:
            rows.append([place, f"{printable(given['target'])} = {given['value']:.6g}"])
        else:
            best = [f"{printable(item['class'])} {item['probability']:.1%}" for item in given["probabilities"]]
            rows.append([place, *best])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("   ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
