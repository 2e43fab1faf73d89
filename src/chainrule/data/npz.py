"""NumPy's archives: `.npz` with x and y, or with the four arrays of a training and a test part."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import numpy as np

from chainrule.errors import DataError, FileFormatError

SPLIT_NAMES = ("x_train", "y_train", "x_test", "y_test")
DTYPE_KINDS = "biufUS"  # booleans, integers, floats, and text for the names of classes
MAX_HEADER = 10_000  # bytes of one array's header, NumPy's own limit
CHUNK = 1 << 20


def read_npz(path: str | os.PathLike[str], names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read the data of an `.npz` file: arrays `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test`.

    Pickled objects are refused, and an array is allocated only when the size in its own header equals the
    size that the archive states for it; reading stops there.

    Args:
        path: the file.
        names: the arrays to read; those named above, if None. Other arrays in the file are left alone.

    Returns:
        The arrays by name.

    Raises:
        FileFormatError: the file is damaged, hostile or no `.npz`.
        DataError: the arrays are not there, or their lengths differ.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "or.npz")
        ...     np.savez(path, x=[[0, 0], [0, 1], [1, 0], [1, 1]], y=[0, 1, 1, 1])
        ...     read_npz(path)["y"].tolist()
        [0, 1, 1, 1]
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            wanted = _wanted(members, names, path)
            arrays = {name: _read_member(archive, members[name], path) for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # NotImplementedError: a compression nobody here knows; RuntimeError: an encrypted member.
        raise FileFormatError("not an .npz file, or a damaged one", where=str(path), got=error) from error
    for x, y in (("x", "y"), SPLIT_NAMES[:2], SPLIT_NAMES[2:]):
        if x in arrays and y in arrays:
            check_lengths(arrays[x], arrays[y], f"{path}: {x} and {y}")
    return arrays


def check_lengths(x: np.ndarray, y: np.ndarray, where: str) -> None:
    """Refuse x and y that are empty or differ in their number of samples."""
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise DataError(
            "the lengths differ", where=where, expected="one y for each x", got=(x.shape, y.shape)
        )
    if len(x) == 0:
        raise DataError("no samples", where=where, expected="at least one", got=x.shape)


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    length = path.stat().st_size
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in members:
            raise FileFormatError(f"two arrays are called {name!r}", where=str(path))
        if info.header_offset + info.compress_size > length:
            raise FileFormatError(f"the array {name!r} is said to be longer than the file", where=str(path))
        members[name] = info
    return members


def _wanted(members: Collection[str], names: Collection[str] | None, path: Path) -> Collection[str]:
    if names is None:
        names = SPLIT_NAMES if "x_train" in members else ("x", "y")
    missing = [name for name in names if name not in members]
    if missing:
        raise DataError(
            "arrays are missing",
            where=str(path),
            expected="x and y, or " + ", ".join(SPLIT_NAMES),
            got=", ".join(sorted(members)) or "none",
            hint="save it with numpy.savez(path, x=..., y=...)",
        )
    return names


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> np.ndarray:
    where = f"{path}: {info.filename}"
    with archive.open(info) as stream:
        shape, fortran_order, dtype = _read_header(stream, where)  # type: ignore[arg-type]
        if dtype.hasobject or dtype.kind not in DTYPE_KINDS:
            raise FileFormatError(
                "the array does not hold plain numbers or text",
                where=where,
                got=f"dtype {dtype}",
                hint="convert it with astype before saving",
            )
        size = math.prod(shape) * dtype.itemsize
        stated = info.file_size - stream.tell()
        # The stated size may be a lie too, but deflate cannot blow a file up beyond its ratio.
        if size != stated or size > info.compress_size * 1032:
            raise FileFormatError(
                "the header announces more or less than the archive holds",
                where=where,
                expected=f"{stated} bytes",
                got=f"{size} bytes for {dtype} {shape}",
            )
        values = np.empty(size, np.uint8)
        filled = 0
        while filled < size and (chunk := stream.read(min(CHUNK, size - filled))):
            values[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
            filled += len(chunk)
        if filled < size or stream.read(1):  # reading to the end also checks the CRC
            raise FileFormatError("the array is cut short", where=where, expected=f"{size} bytes", got=filled)
    array: np.ndarray = np.ndarray(shape, dtype, values.data, order="F" if fortran_order else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: BinaryIO, where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        version = np.lib.format.read_magic(stream)
        shape, fortran_order, dtype = readers[version](stream, max_header_size=MAX_HEADER)
    except (ValueError, KeyError) as error:
        raise FileFormatError("not a NumPy array", where=where, got=str(error)) from error
    if any(size < 0 for size in shape):
        raise FileFormatError("not a NumPy array", where=where, got=f"shape {shape}")
    return shape, fortran_order, dtype
