"""Where the files of a data set come from: the user's folder, the cache, a mirror; checked on every way.

A file is known by the SHA-256 of its unpacked content. So any gzip of the true data is accepted, from
wherever it came, and nothing else is.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.idx import GZIP_MAGIC, read_idx
from chainrule.errors import DownloadError, FileFormatError

VARIABLE = "CHAINRULE_DATA"
PATIENCE = 4.0  # seconds for one mirror to answer: two silent mirrors take less than 10
LONGEST_DOWNLOAD = 600.0  # seconds for one file, from a mirror that answers but trickles


@dataclass(frozen=True)
class IdxFile:
    """One file of a data set: its name, the shape of its array, the SHA-256 of its unpacked content."""

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def content_size(self) -> int:
        """Bytes of the unpacked file: magic number, sizes, values of one byte."""
        return 4 + 4 * len(self.shape) + prod(self.shape)

    def read(self, path: Path) -> np.ndarray:
        """The array in the file at `path`; FileFormatError if it is not exactly the known one."""
        return read_idx(path, self.shape, self.sha256)

    def seems_whole(self, path: Path) -> bool:
        """Whether the file at `path` has the right size, without unpacking it.

        The last four bytes of a gzip file are the size of its content (RFC 1952, section 2.3.1), so that a
        file cut short is found at once. A flipped bit is not: `read` finds it.
        """
        try:
            with path.open("rb") as file:
                if file.read(2) != GZIP_MAGIC:
                    return path.stat().st_size == self.content_size
                file.seek(-4, os.SEEK_END)
                return int.from_bytes(file.read(4), "little") == self.content_size
        except OSError:
            return False


@dataclass(frozen=True)
class Source:
    """A data set of IDX files: its folders, its files, and the mirrors, the preferred first."""

    name: str
    folders: tuple[str, ...]
    files: tuple[IdxFile, ...]
    mirrors: tuple[str, ...]

    def load(self) -> list[np.ndarray]:
        """The arrays of the files, in their order.

        Raises:
            FileFormatError: a file in the user's own folder is damaged. (One in the cache is fetched again.)
            DownloadError: a file is neither here nor to be had.
        """
        return [self._load_file(file) for file in self.files]

    def available(self) -> tuple[bool, str]:
        """Whether the data are here or can be downloaded, and a sentence on it. Less than 10 s."""
        absent = [file for file in self.files if not self._is_here(file)]
        if not absent:
            return True, f"{self.name} is here"
        smallest = min(self.files, key=lambda file: file.content_size)
        for mirror in self.mirrors:
            if answers(mirror + smallest.name, PATIENCE):
                return True, f"{self.name} can be downloaded from {mirror}"
        return False, f"{self.name} is not here and cannot be downloaded: {self._silence()}"

    def _user_copies(self, file: IdxFile) -> list[Path]:
        root = os.environ.get(VARIABLE)
        copies = [Path(root, folder, file.name) for folder in self.folders] if root else []
        return [path for path in copies if path.is_file()]

    def _is_here(self, file: IdxFile) -> bool:
        path = next(iter(self._user_copies(file)), cache_folder(self.name) / file.name)
        return file.seems_whole(path)

    def _load_file(self, file: IdxFile) -> np.ndarray:
        for path in self._user_copies(file):
            return file.read(path)
        cached = cache_folder(self.name) / file.name
        if cached.is_file():
            try:
                return file.read(cached)
            except FileFormatError:
                cached.unlink(missing_ok=True)
        return self._download(file, cached)

    def _download(self, file: IdxFile, destination: Path) -> np.ndarray:
        """Fetch `file` from the first mirror that gives the true one, into the cache, and read it."""
        problems = []
        for mirror in self.mirrors:
            if not answers(mirror + file.name, PATIENCE):
                continue
            try:
                return _fetch(mirror + file.name, file, destination)
            except (OSError, FileFormatError) as error:
                problems.append(f"{mirror}: {error}")
        raise DownloadError(
            "the data set cannot be downloaded",
            where=f"{self.name}, {file.name}",
            got="; ".join(problems) or self._silence(),
            hint=f"go online, or put {self.folders[0]}/{file.name} into the folder that {VARIABLE} names",
        )

    def _silence(self) -> str:
        return f"none of {len(self.mirrors)} mirrors answered within {PATIENCE:.0f} s"


def cache_folder(name: str) -> Path:
    """The folder of data set `name` in the user's cache, where the platform wants it."""
    import pooch

    return Path(pooch.os_cache("chainrule")) / name


def answers(url: str, seconds: float) -> bool:
    """Whether `url` is to be had, found out within `seconds`.

    In a thread of its own, because looking up a host's name cannot be interrupted and knows no timeout.
    """
    import pooch

    found: list[bool] = []

    def ask() -> None:
        try:
            downloader = pooch.HTTPDownloader(timeout=seconds)
            found.append(bool(downloader(url, None, None, check_only=True)))
        except OSError:
            found.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return found == [True]


def _fetch(url: str, file: IdxFile, destination: Path) -> np.ndarray:
    """Download `url`, check it, and only then put it at `destination`, all or nothing."""
    import pooch

    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=file.name, dir=destination.parent)
    try:
        with os.fdopen(handle, "wb") as output:
            download = pooch.HTTPDownloader(progressbar=_ProgressBar(url), timeout=PATIENCE)
            # Gzip adds a header and, to data that cannot be packed, five bytes per 32 kB.
            download(url, _BoundedWriter(output, file.content_size * 1.01 + 1024), None)
        array = file.read(Path(name))
        os.replace(name, destination)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return array


class _BoundedWriter:
    """A file that refuses to grow beyond `limit` bytes or to be written for longer than LONGEST_DOWNLOAD."""

    def __init__(self, output: Any, limit: float) -> None:
        self.output, self.left = output, limit
        self.deadline = time.monotonic() + LONGEST_DOWNLOAD

    def write(self, chunk: bytes) -> None:
        self.left -= len(chunk)
        if self.left < 0:
            raise OSError("more bytes came than the file has")
        if time.monotonic() > self.deadline:
            raise OSError(f"the download took longer than {LONGEST_DOWNLOAD:.0f} s")
        self.output.write(chunk)

    def flush(self) -> None:
        self.output.flush()


class _ProgressBar:
    """Progress of a download in the terminal, with the four names that pooch calls."""

    def __init__(self, url: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        self.total = 0
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task(f"downloading {url.rsplit('/', 1)[-1]}", total=None)
        self.progress.start()

    def update(self, count: int) -> None:
        self.progress.update(self.task, total=self.total or None, advance=count)

    def reset(self) -> None:
        self.progress.reset(self.task, total=self.total or None)

    def close(self) -> None:
        self.progress.stop()
