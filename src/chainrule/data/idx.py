"""The IDX format, in which MNIST is distributed: a magic number, the sizes, the values, nothing else."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from chainrule.errors import FileFormatError

# The third byte of the magic number. Values of several bytes are stored with the high byte first.
DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
GZIP_MAGIC = b"\x1f\x8b"
# Deflate's best case is 258 bytes from 2 bits: no gzip file holds more than this times its own size.
MAX_DEFLATE_RATIO = 1032
CHUNK = 1 << 20


def read_idx(
    path: str | os.PathLike[str], shape: tuple[int, ...] | None = None, sha256: str | None = None
) -> np.ndarray:
    """Read an IDX file, plain or gzipped.

    The array is allocated only when the sizes in the header fit the file, and the file must hold exactly the
    values that its header announces.

    Args:
        path: the file; whether it is gzipped is told by its first two bytes.
        shape: the shape that it must have, if known.
        sha256: the SHA-256 of the unpacked file, if known. Of the unpacked one, because two gzips of the same
            data differ.

    Raises:
        FileFormatError: the file is damaged, cut short, or of another kind.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "labels-idx1-ubyte")
        ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
        ...     read_idx(path).tolist()
        [5, 0, 4]

    Source:
        LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
    """
    path = Path(path)
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        size = os.fstat(raw.fileno()).st_size
        limit = size * MAX_DEFLATE_RATIO if zipped else size
        stream: BinaryIO = gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[assignment]
        try:
            return _read_stream(stream, str(path), limit, shape, sha256)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _damaged(path, "the gzip stream is damaged or cut short", got=error) from error


def _read_stream(
    stream: BinaryIO, where: str, limit: int, shape: tuple[int, ...] | None, sha256: str | None
) -> np.ndarray:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES:
        raise _damaged(where, "not an IDX file", expected="magic number 00 00 type rank", got=magic.hex(" "))
    dtype, rank = DTYPES[magic[2]], magic[3]
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise _damaged(where, "the header is cut short", expected=f"{rank} sizes", got=f"{len(sizes)} bytes")
    found = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    if shape is not None and found != shape:
        raise _damaged(where, "the header announces another shape", expected=shape, got=found)
    announced = math.prod(found) * dtype.itemsize
    if len(magic) + len(sizes) + announced > limit:
        raise _damaged(
            where,
            "the header announces more than the file can hold",
            expected=f"at most {limit} bytes",
            got=found,
        )

    digest = hashlib.sha256(magic + sizes)
    values = np.empty(announced, np.uint8)
    filled = 0
    while filled < announced and (chunk := stream.read(min(CHUNK, announced - filled))):
        values[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
        digest.update(chunk)
        filled += len(chunk)
    if filled < announced:
        raise _damaged(where, "the file is cut short", expected=f"{announced} bytes of values", got=filled)
    if stream.read(1):  # also makes gzip check its own checksum
        raise _damaged(where, "there are bytes after the last value", expected=f"{announced} bytes of values")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise _damaged(where, "the checksum differs", expected=f"SHA-256 {sha256}", got=digest.hexdigest())
    return values.view(dtype).reshape(found).astype(dtype.newbyteorder("="), copy=False)


def _damaged(where: object, problem: str, *, expected: object = None, got: object = None) -> FileFormatError:
    return FileFormatError(
        problem, where=str(where), expected=expected, got=got, hint="delete the file and fetch it again"
    )
