"""Zip archives with a few members of known names, read in memory and never unpacked.

A member is stored as it is, as Keras writes it, so that no small file grows into a large one, and
its checksum is compared before anyone looks at it.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from chainrule.errors import FileFormatError

END_OF_ARCHIVE = struct.Struct("<4s4H2LH")  # PKWARE's APPNOTE.TXT, section 4.3.16
MAX_DIRECTORY = 1 << 16  # bytes of the table of contents


class Archive:
    """A zip file, open for reading.

    Args:
        path: the file.
        stream: the same, open.
        limits: the members that may be there, and how many bytes each may have at most.

    Raises:
        FileFormatError: no zip file, a damaged one, or one with other members.
    """

    def __init__(self, path: Path, stream: BinaryIO, limits: Mapping[str, int]) -> None:
        self.path = path
        _check_directory(path, stream)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise self._damaged(error) from error
        length = stream.seek(0, os.SEEK_END)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = info.orig_filename  # `filename` ends at a NUL and has had its slashes turned
            if name not in limits:
                raise FileFormatError(
                    "the archive has a member that no model file has", where=str(path),
                    expected=", ".join(limits), got=repr(name)[:120],
                )  # fmt: skip
            if name in self._members:
                raise FileFormatError("the archive has two members of one name", where=str(path), got=repr(name))
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise FileFormatError(
                    "a member is compressed or encrypted", where=f"{path}: {name}",
                    expected="members stored as they are", hint="pack it anew with `zip -0`",
                )  # fmt: skip
            if info.file_size != info.compress_size or info.file_size > limits[name]:
                raise FileFormatError(
                    "a member is too large", where=f"{path}: {name}",
                    expected=f"at most {limits[name]} bytes", got=f"{info.file_size} bytes",
                )  # fmt: skip
            if info.header_offset + info.file_size > length:
                # Memory for it would be asked for before anyone noticed that there is less to read.
                raise self._damaged(f"{name} is said to be longer than the file")
            self._members[name] = info

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        """Bytes of a member."""
        return self._info(name).file_size

    def read(self, name: str) -> bytes:
        """The bytes of a member, whose checksum is right.

        Raises:
            FileFormatError: it is not there, cut short, or changed.
        """
        info = self._info(name)
        try:
            with self._zip.open(info) as member:
                data = member.read(info.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
            OSError,
        ) as error:
            raise self._damaged(error) from error
        if len(data) != info.file_size:
            raise self._damaged(f"{name} is cut short")
        return data

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise FileFormatError(
                "the archive lacks a part of a model file", where=str(self.path), expected=name,
                got=", ".join(self._members) or "nothing",
            )  # fmt: skip
        return self._members[name]

    def _damaged(self, reason: object) -> FileFormatError:
        return FileFormatError(
            "the file is damaged", where=str(self.path), got=str(reason)[:200] or type(reason).__name__,
            hint="take another copy of it; this one was cut short or changed on the way",
        )  # fmt: skip


def _check_directory(path: Path, stream: BinaryIO) -> None:
    """Refuse, before zipfile reads it, a table of contents that no model file has."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - END_OF_ARCHIVE.size))
    tail = stream.read(END_OF_ARCHIVE.size)
    stream.seek(0)
    if stream.read(4) != b"PK\x03\x04":
        raise FileFormatError("this is no archive", where=str(path), expected="a zip file, as `model.save` writes it")
    stream.seek(0)
    if len(tail) < END_OF_ARCHIVE.size or tail[:4] != b"PK\x05\x06":
        raise FileFormatError(
            "the end of the archive is missing", where=str(path),
            hint="the file was cut short, or something was added to it; take another copy",
        )  # fmt: skip
    length = END_OF_ARCHIVE.unpack(tail)[5]
    if length > MAX_DIRECTORY:
        raise FileFormatError("the archive has too many members", where=str(path), got=f"a list of {length} bytes")


def write(path: Path, members: Mapping[str, bytes]) -> None:
    """Write an archive with these members, stored as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
