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
from collections.abc import Iterable


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
        folded = {candidate.lower(): candidate for candidate in names}
        near = difflib.get_close_matches(str(name).lower(), folded, n=1)
        hint = f"did you mean {folded[near[0]]!r}?" if near else ""
        return cls(f"unknown {kind}", where=where, expected="one of " + ", ".join(names), got=repr(name), hint=hint)


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
