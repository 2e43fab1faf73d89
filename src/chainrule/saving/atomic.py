"""Writing a file whole or not at all.

The new file is written beside the old one under a name of its own, brought to the disk, and only
then put in the old one's place.  Whatever fails on the way, the old file is as it was.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import ArgumentError


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool = True) -> Iterator[Path]:
    """The path of a temporary file, which takes the place of `path` when the block ends well.

    Args:
        path: the file to write.
        overwrite: whether it may be there already.

    Raises:
        ArgumentError: the folder is not there, or the file is and must not be overwritten.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "note.txt")
        ...     with replacing(path) as temporary:
        ...         _ = temporary.write_text("whole")
        ...     os.listdir(folder), path.read_text()
        (['note.txt'], 'whole')
    """
    if path.is_dir():
        raise ArgumentError("there is a folder of this name", where=str(path), hint="give the name of a file")
    if path.exists() and not overwrite:
        raise ArgumentError("the file is there already", where=str(path), hint="overwrite=True replaces it")
    target = Path(os.path.realpath(path))  # a link stays a link: what it points to is replaced
    if not target.parent.is_dir():
        raise ArgumentError(
            "the folder to save in is not there", where=str(path), hint=f"make it first: mkdir {path.parent}"
        )
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, _mode(target))
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        said = error.strerror or str(error)
        raise OSError(
            error.errno, f"{said}; the file was not written, and an old one is as it was", str(path)
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _mode(target: Path) -> int:
    """Permissions of the old file; of a new one, those that the process gives its files."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Bring the new name itself to the disk, where the system can."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
