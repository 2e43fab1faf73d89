"""JSON from a stranger: no more of it, no deeper, and no less exact than we expect.

Two readers must never understand one document differently, so whatever JSON's readers disagree on
(double keys, NaN, numbers that do not fit, halves of characters) is refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from chainrule.errors import FileFormatError

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
MAX_VALUES = 1_000_000
MAX_INTEGER = 2**63

STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
BRACKETS = str.maketrans({c: None for c in map(chr, range(128)) if c not in "[]{},"})


def loads(data: bytes, where: str, max_bytes: int = MAX_BYTES) -> Any:
    """The value of a JSON document.

    Args:
        data: the document, in UTF-8.
        where: what it is, in errors.
        max_bytes: the longest that it may be.

    Raises:
        FileFormatError: it is no JSON, or has more or other things than such a document needs.

    Example:
        >>> loads(b'{"a": [1, 2.5, null]}', "note")
        {'a': [1, 2.5, None]}
        >>> loads(b'{"a": 1, "a": 2}', "note")
        Traceback (most recent call last):
        ...
        chainrule.errors.FileFormatError: note: a key is there twice
          got       'a'
    """

    def refuse(problem: str, expected: object = None, got: object = None) -> NoReturn:
        raise FileFormatError(problem, where=where, expected=expected, got=got)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) < len(items):
            keys = [key for key, _ in items]
            refuse("a key is there twice", got=repr(next(k for k in keys if keys.count(k) > 1))[:80])
        return result

    def integer(text: str) -> int:
        if len(text) > 20 or abs(int(text)) > MAX_INTEGER:
            refuse("a number is too large", expected="at most 2**63", got=text[:30])
        return int(text)

    def real(text: str) -> float:
        if math.isinf(value := float(text)):
            refuse("a number is too large", got=text[:30])
        return value

    def constant(text: str) -> NoReturn:
        refuse("a number is not finite, which JSON does not have", got=text)

    if len(data) > max_bytes:
        refuse("the document is too long", expected=f"at most {max_bytes} bytes", got=f"{len(data)} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError("the text is not UTF-8", where=where) from error
    _check_structure(text, refuse)
    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_int=integer, parse_float=real, parse_constant=constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on half a character
    except FileFormatError:
        raise
    except UnicodeEncodeError as error:
        raise FileFormatError("a text holds half a character", where=where) from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError("this is no JSON", where=where, got=str(error)[:120]) from error
    return value


def _check_structure(text: str, refuse: Any) -> None:
    """Depth and number of values, before anything is made of them."""
    marks = STRING.sub("", text).translate(BRACKETS)
    if len(marks) > MAX_VALUES:
        refuse("the document holds too many values", expected=f"at most {MAX_VALUES}")
    depth = 0
    for mark in marks:
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            refuse("values are nested too deeply", expected=f"at most {MAX_DEPTH} levels")
