"""What is said on the terminal: errors in words, and names that cannot command it."""

from __future__ import annotations

from chainrule.errors import ChainruleError

Mistake = (
    ChainruleError,
    OSError,
    MemoryError,
)  # what a user can mend; anything else is a bug and shows itself


def explain(error: BaseException) -> str:
    """An error in words, without the traceback."""
    if isinstance(error, MemoryError):
        return f"the memory does not suffice: {error}\n  hint      use fewer samples, or smaller layers"
    if isinstance(error, OSError) and not isinstance(error, ChainruleError):
        reason = (error.strerror or str(error)).lower()
        place = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return printable(f"{place}: {reason}" if place else reason)
    return printable(str(error))


def printable(text: str) -> str:
    """`text` without what a terminal would obey: names come from data and from other people's models.

    Example:
        >>> printable("safe"), printable("\\x1b[2Jcat")
        ('safe', '?[2Jcat')
    """
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)
