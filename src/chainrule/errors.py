"""What can go wrong, in one place.

    ChainruleError
    ├── ShapeError(ValueError)      a shape the operation cannot take
    ├── DTypeError(TypeError)       a dtype the operation cannot take
    ├── ArgumentError(ValueError)   an argument outside what it may be
    ├── UnknownNameError(ValueError)  a name nobody registered; names the nearest one
    ├── NotBuiltError(ValueError)   weights asked for before the input shape is known
    ├── DataError(ValueError)       data that cannot be trained on: lengths, labels, NaN, empty
    ├── NonFiniteError(ValueError)  a loss that became NaN or infinite; names layer, tensor and step
    ├── FileFormatError(ValueError) a file that is damaged, hostile or of another kind
    └── DownloadError(OSError)      a data set that is neither here nor to be had
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class ChainruleError(Exception):
    """Base class: a fact (`expected`, `got`), a place (`where`) and, if known, a way out (`hint`)."""

    def __init__(
        self, problem: str, *, where: str = "", expected: object = None, got: object = None, hint: str = ""
    ) -> None:
        self.problem, self.where, self.expected, self.got, self.hint = problem, where, expected, got, hint
        lines = [f"{where}: {problem}" if where else problem]
        lines += [f"  expected  {expected}"] if expected is not None else []
        lines += [f"  got       {got}"] if got is not None else []
        lines += [f"  hint      {hint}"] if hint else []
        super().__init__("\n".join(lines))


@contextmanager
def located(place: str) -> Iterator[None]:
    """Errors within say first that they happened at this place."""
    try:
        yield
    except ChainruleError as error:
        where = f"{place}, {error.where}" if error.where else place
        facts = {"expected": error.expected, "got": error.got, "hint": error.hint}
        ChainruleError.__init__(error, error.problem, where=where, **facts)  # type: ignore[arg-type]  # str and object
        raise


class ShapeError(ChainruleError, ValueError):
    """A shape the operation cannot take."""


class DTypeError(ChainruleError, TypeError):
    """A dtype the operation cannot take."""


class ArgumentError(ChainruleError, ValueError):
    """An argument outside what it may be."""


class UnknownNameError(ChainruleError, ValueError):
    """A name nobody registered."""

    @classmethod
    def of(cls, kind: str, name: object, known: Iterable[str], *, where: str = "") -> UnknownNameError:
        """The error for `name`, with the nearest of the `known` names as hint."""
        names = sorted(known)
        near = _nearest(str(name), names)
        hint = f"did you mean {near!r}?" if near else ""
        return cls(f"unknown {kind}", where=where, expected="one of " + ", ".join(names), got=repr(name), hint=hint)


def _nearest(name: str, known: list[str]) -> str | None:
    """The known name that has all words of `name`, or these initials, or else about the same letters."""
    given = _words(name)
    fits = [k for k in known if given and (given <= _words(k) or name.lower() == "".join(w[0] for w in _in_order(k)))]
    letters = {k.lower(): k for k in fits or known}
    near = difflib.get_close_matches(name.lower(), letters, n=1, cutoff=0.0 if fits else 0.6)
    return letters[near[0]] if near else None


def _words(name: str) -> set[str]:
    return set(_in_order(name))


def _in_order(name: str) -> list[str]:
    """`sparse_crossentropy`, `SparseCrossentropy` -> sparse, crossentropy"""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]


class NotBuiltError(ChainruleError, ValueError):
    """Weights asked for before the input shape is known."""


class DataError(ChainruleError, ValueError):
    """Data that cannot be trained on."""


class NonFiniteError(ChainruleError, ValueError):
    """A loss that became NaN or infinite."""


class FileFormatError(ChainruleError, ValueError):
    """A file that is damaged, hostile or of another kind."""


class DownloadError(ChainruleError, OSError):
    """A data set that is neither here nor to be had."""
