"""Names: the default ones, `dense`, `dense_1`, … in the order in which they are asked for; and of numbers of things."""

from __future__ import annotations

import re
from collections import Counter

_used: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """The class name as Keras writes it in default names.

    Example:
        >>> snake_case("LeakyReLU"), snake_case("GaussianNoise")
        ('leaky_re_lu', 'gaussian_noise')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things, in words.

    Example:
        >>> counted(1, "file"), counted(2000, "batch", "batches")
        ('1 file', '2,000 batches')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unique_name(prefix: str) -> str:
    """`prefix`, with a number from the second time on."""
    count = _used[prefix]
    _used[prefix] += 1
    return prefix if count == 0 else f"{prefix}_{count}"


def get_uid(prefix: str = "") -> int:
    """How often a default name with this prefix was asked for, counting this time."""
    _used[prefix] += 1
    return _used[prefix]


def forget_names() -> None:
    """Begin again with the names without a number."""
    _used.clear()
