"""HDF5 from a stranger: the one place that opens and reads such files.

HDF5 can point anywhere: links to other files, data kept in other files, data put together from
other files, and filters loaded as plug-ins.  None of it is followed here.  Whoever wants an array
says which shape and kind of number it must have, and nothing is allocated for any other.

    File   an open file
    Group  one level of it: groups, arrays of known shape, short texts

Files of ours begin with a block of 512 bytes, which HDF5 leaves to the user, that holds the
SHA-256 of all the rest.  So a flipped bit is found before the HDF5 library sees it.

Source: The HDF Group, HDF5 File Format Specification, version 3.0.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from chainrule.errors import FileFormatError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SEAL = b"chainrule sha256 "
SEAL_SIZE = 512  # the smallest block that HDF5 leaves to the user
CHUNK = 1 << 20
MAX_LINKS = 100_000
MAX_DEPTH = 32
FAULTS = (
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    OverflowError,
    MemoryError,
)


class File:
    """An HDF5 file, open for reading.

    Args:
        stream: the file's bytes.
        where: the file's name, in errors.

    Raises:
        FileFormatError: no HDF5 file, or one that was changed or cut short.
    """

    def __init__(self, stream: BinaryIO, where: str) -> None:
        import h5py

        self.size = stream.seek(0, os.SEEK_END)
        _check_beginning(stream, where)
        with _faults(where):
            self._file = h5py.File(stream, "r")
        self.root = Group(self._file, where, self.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


class Group:
    """One level of a file."""

    def __init__(self, group: Any, where: str, file_size: int, path: str = "") -> None:
        self._group, self._file_size, self.path = group, file_size, path
        self._where = where
        with _faults(self.where):
            if group.id.get_num_objs() > MAX_LINKS:
                raise FileFormatError("a group has too many members", where=self.where)

    @property
    def where(self) -> str:
        """The file and the place in it, in errors."""
        return f"{self._where}: {self.path or '/'}"

    def names(self) -> list[str]:
        """Names of the members."""
        with _faults(self.where):
            return list(self._group)

    def __contains__(self, name: str) -> bool:
        with _faults(self.where):
            return self._group.get(name, getlink=True) is not None

    def group(self, path: str) -> Group:
        """The group at a path, which is walked part by part.

        Raises:
            FileFormatError: it is not there, is no group, or is somewhere else.
        """
        import h5py

        here = self
        for part in path.split("/"):
            here = Group(here._member(part, h5py.Group), self._where, self._file_size, f"{here.path}/{part}")
        if here.path.count("/") > MAX_DEPTH:
            raise FileFormatError("groups are nested too deeply", where=here.where)
        return here

    def find(self, path: str) -> Group | None:
        """The group at a path, or None where there is none."""
        here = self
        for part in path.split("/"):
            if part not in here:
                return None
            here = here.group(part)
        return here

    def array(self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """The array at a path, which must have this shape and the same kind of numbers.

        Raises:
            FileFormatError: it is not there, is another one, or is kept somewhere else.
        """
        import h5py

        *groups, name = path.split("/")
        holder = self.group("/".join(groups)) if groups else self
        data = holder._member(name, h5py.Dataset)
        where = f"{self._where}: {holder.path}/{name}"
        with _faults(where):
            _check_storage(data, where)
            kind, size = data.dtype.kind, data.dtype.itemsize
            if data.dtype.str[0] == ">" or kind not in "fiu" or (kind == "f" and size not in (4, 8)):
                raise FileFormatError(
                    "the numbers are of a kind that no weights have", where=where,
                    expected=f"{dtype.name}, little-endian", got=data.dtype.str,
                )  # fmt: skip
            if data.shape != shape or (kind == "f") != (dtype.kind == "f"):
                raise FileFormatError(
                    "the array is not the one that the model needs", where=where,
                    expected=f"{dtype.name} {shape}", got=f"{data.dtype.name} {data.shape}",
                )  # fmt: skip
            if data.id.get_storage_size() != data.size * size:
                raise FileFormatError(
                    "the file holds less of the array than it says", where=where,
                    expected=f"{data.size * size} bytes", got=f"{data.id.get_storage_size()} bytes",
                )  # fmt: skip
            stored = np.asarray(data[()])
        converted: np.ndarray = stored.astype(dtype, copy=False)
        if kind != "f" and not np.array_equal(converted, stored):
            raise FileFormatError("a number does not fit", where=where, expected=dtype.name)
        return converted

    def text(self, name: str, max_bytes: int) -> str | None:
        """A text beside the group, or None where there is none."""
        import h5py

        with _faults(self.where):
            if name not in self._group.attrs:
                return None
            attribute = self._group.attrs.get_id(name)
            if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
                raise FileFormatError("a text was expected", where=f"{self.where}, attribute {name}")
            if max(attribute.dtype.itemsize, attribute.get_storage_size()) > max_bytes:
                raise FileFormatError("a text is too long", where=f"{self.where}, attribute {name}")
            text = _utf8(self._group.attrs[name])
        if len(text) > max_bytes:
            raise FileFormatError("a text is too long", where=f"{self.where}, attribute {name}")
        return text

    def texts(self, name: str, count: int, max_bytes: int) -> list[str]:
        """A list of `count` texts beside the group.

        Each of them may name the same long text, so the list is read only if it stays below
        `max_bytes` even then.
        """
        import h5py

        with _faults(self.where):
            attribute = self._group.attrs.get_id(name)
            if attribute.shape != (count,):
                raise FileFormatError(
                    "the list is not as long as the model needs", where=f"{self.where}, attribute {name}",
                    expected=count, got=attribute.shape,
                )  # fmt: skip
            if count == 0:
                return []
            string = h5py.check_string_dtype(attribute.dtype)
            longest = self._file_size if string is None or string.length is None else string.length
            if string is None or count * longest > max_bytes:
                raise FileFormatError("a list of short texts was expected", where=f"{self.where}, attribute {name}")
            return [_utf8(value) for value in self._group.attrs[name]]

    def _member(self, name: str, kind: type) -> Any:
        import h5py

        where = f"{self._where}: {self.path}/{name}"
        with _faults(where):
            link = self._group.get(name, getlink=True)
            if link is None:
                raise FileFormatError("the file lacks a part", where=where, got=_some(self.names()))
            if type(link) is not h5py.HardLink:
                raise FileFormatError(
                    "a link to another place or file, which is never followed",
                    where=where,
                    got=type(link).__name__,
                )
            if self._group.get(name, getclass=True) is not kind:
                raise FileFormatError(f"not a {kind.__name__.lower()}", where=where)
            return self._group[name]


def _check_storage(data: Any, where: str) -> None:
    """Refuse an array whose numbers are not simply in this file."""
    reason = ""
    if data.external:
        reason = "its numbers are in another file"
    elif data.is_virtual:
        reason = "its numbers are put together from other arrays"
    elif data.id.get_create_plist().get_nfilters():
        reason = "its numbers are compressed or filtered"
    if reason:
        raise FileFormatError(
            "the array is not stored plainly", where=where, got=reason,
            hint="write the file with `model.save` or `model.save_weights`",
        )  # fmt: skip


def _utf8(value: Any) -> str:
    """A text, of which h5py hides bytes that are none in surrogates."""
    text = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    return text.decode("utf-8")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") or "nothing"


@contextlib.contextmanager
def _faults(where: str) -> Iterator[None]:
    """What the HDF5 library says of a damaged file, in our words."""
    try:
        yield
    except FileFormatError:
        raise
    except FAULTS as error:
        raise FileFormatError(
            "the file is damaged", where=where, got=f"{type(error).__name__}: {error}"[:200],
            hint="take another copy of it; this one was cut short or changed on the way",
        ) from error  # fmt: skip


def _check_beginning(stream: BinaryIO, where: str) -> None:
    stream.seek(0)
    first = stream.read(SEAL_SIZE)
    if first.startswith(SEAL):
        if _digest(stream) != first[len(SEAL) :].split(b"\n")[0]:
            raise FileFormatError(
                "the file is damaged: its checksum is wrong", where=where,
                hint="take another copy of it; this one was cut short or changed on the way",
            )  # fmt: skip
    elif not first.startswith(SIGNATURE):
        raise FileFormatError(
            "this is no HDF5 file", where=where, expected="a file that `model.save` or `save_weights` wrote",
            got=f"a file that begins with {first[:8]!r}" if first else "an empty file",
        )  # fmt: skip
    stream.seek(0)


def _digest(stream: BinaryIO) -> bytes:
    stream.seek(SEAL_SIZE)
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest().encode()


@contextlib.contextmanager
def writing(target: io.BytesIO) -> Iterator[Any]:
    """A new HDF5 file (`h5py.File`) in memory: the HDF5 library does not survive a full disk."""
    import h5py

    with h5py.File(target, "w") as file:
        yield file


def write_sealed(path: Path, fill: Callable[[Any], None]) -> None:
    """Write a file that `fill` fills, behind a block with its checksum."""
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=SEAL_SIZE) as file:
        fill(file)
    seal = SEAL + _digest(memory) + b"\n"
    with path.open("wb") as stream:
        stream.write(seal.ljust(SEAL_SIZE, b"\n"))
        stream.write(memory.getbuffer()[SEAL_SIZE:])
