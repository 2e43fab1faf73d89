"""`.keras`: a zip archive of three documents, and a fourth that Keras passes over.

metadata.json     who wrote the file, and when
config.json       the model, its layers, how it was compiled
model.weights.h5  weights and optimizer state
chainrule.json    what a program keeps with its model, such as the names of the classes
"""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

from chainrule.errors import ArgumentError, FileFormatError
from chainrule.models.model import Model
from chainrule.saving import archive, hdf5, strict_json, weights
from chainrule.saving.registry import Config, serialize_keras_object
from chainrule.version import KERAS_VERSION, __version__

METADATA, CONFIG, WEIGHTS, EXTRA = "metadata.json", "config.json", "model.weights.h5", "chainrule.json"
LIMITS = {METADATA: 1 << 16, CONFIG: strict_json.MAX_BYTES, WEIGHTS: 1 << 40, EXTRA: strict_json.MAX_BYTES}
EXTRA_FORMAT = 1


def write(path: Path, model: Model, include_optimizer: bool, extra: Any = None) -> None:
    """Write a model into a new file."""
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
        "chainrule_version": __version__,
    }
    config = serialize_keras_object(model)
    if not include_optimizer:
        config["compile_config"] = {}
    members = {METADATA: to_json(metadata, "metadata"), CONFIG: to_json(config, model.name)}
    stored = io.BytesIO()
    with hdf5.writing(stored) as file:
        weights.write(file, model, include_optimizer)
    members[WEIGHTS] = stored.getvalue()
    if extra is not None:
        members[EXTRA] = to_json({"format": EXTRA_FORMAT, "chainrule_version": __version__, "extra": extra}, "extra")
    archive.write(path, members)


def to_json(value: Any, where: str) -> bytes:
    """A JSON document that we would read again.

    Raises:
        ArgumentError: something that JSON does not have.
    """
    try:
        data = json.dumps(value, allow_nan=False).encode()
        strict_json.loads(data, where)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(
            "this cannot be written as JSON", where=where, got=str(error)[:200],
            expected="texts, finite numbers, True, False, None, and lists and dicts of them, by text keys",
        ) from error  # fmt: skip
    return data


def read_config(members: archive.Archive) -> Config:
    """The description of the model, with `compile_config`."""
    metadata = strict_json.loads(members.read(METADATA), f"{members.path}: {METADATA}")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("keras_version"), str):
        raise FileFormatError("the file does not say who wrote it", where=f"{members.path}: {METADATA}")
    config: Config = strict_json.loads(members.read(CONFIG), f"{members.path}: {CONFIG}")
    return config


def read_extra(members: archive.Archive) -> Any:
    """What a program kept with its model, or None.

    Raises:
        FileFormatError: it was written by a later version, or is something else.
    """
    if EXTRA not in members:
        return None
    where = f"{members.path}: {EXTRA}"
    document = strict_json.loads(members.read(EXTRA), where)
    if not isinstance(document, dict) or set(document) != {"format", "chainrule_version", "extra"}:
        raise FileFormatError("this is not what chainrule writes", where=where)
    if document["format"] != EXTRA_FORMAT:
        raise FileFormatError(
            "another version of chainrule wrote it", where=where, expected=f"format {EXTRA_FORMAT}",
            got=f"format {document['format']!r}, version {document['chainrule_version']!r}",
            hint="install that version, or a later one",
        )  # fmt: skip
    return document["extra"]
