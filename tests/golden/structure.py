"""What a saved file consists of, without its numbers: to compare files of two programs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Structure = dict[str, Any]


def of_file(path: Path) -> Structure:
    """Members, groups, arrays with shape and dtype, attributes and JSON documents of a file."""
    if path.suffix != ".keras":
        with h5py.File(path, "r") as file:
            return of_hdf5(file)
    with zipfile.ZipFile(path) as archive:
        found: Structure = {f"member {info.filename}": info.compress_type for info in archive.infolist()}
        found["metadata"] = sorted(json.loads(archive.read("metadata.json")))
        found["config"] = plain(json.loads(archive.read("config.json")))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            return found | of_hdf5(file)


def of_hdf5(file: Any) -> Structure:
    """Groups, arrays and attributes, by path."""
    found: Structure = {"/": attributes(file)}

    def note(path: str, item: Any) -> None:
        stored = (item.shape, item.dtype.str) if isinstance(item, h5py.Dataset) else "group"
        found[path] = [stored, attributes(item)]

    file.visititems(note)
    return found


def attributes(item: Any) -> Structure:
    """Attributes, the JSON ones parsed."""
    found = {}
    for name, value in item.attrs.items():
        if name.endswith("_config"):
            value = plain(json.loads(value))
        elif isinstance(value, np.ndarray):
            value = [v.decode() if isinstance(v, bytes) else v for v in value.tolist()]
        found[name] = value
    return found


def plain(config: Any) -> Any:
    """A config without what names an object in memory, and with rates as float32 has them."""
    if isinstance(config, list):
        return [plain(item) for item in config]
    if isinstance(config, dict):
        return {key: plain(item) for key, item in config.items() if key != "shared_object_id"}
    return float(np.float32(config)) if isinstance(config, float) else config


def differences(ours: Structure, theirs: Structure) -> list[str]:
    """What is in only one of two structures, or differs."""
    return [
        f"{k}: {ours.get(k)} != {theirs.get(k)}" for k in {**theirs, **ours} if ours.get(k) != theirs.get(k)
    ]
