"""Lists and dicts of layers that a layer notices, as in `self.blocks.append(Dense(8))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

Notice = Callable[[Any], None]


def _nobody(item: Any) -> None:
    """Whom the copies of a list tell."""


class WatchedList(list[Any]):
    """A list that shows its owner what is put into it.

    Args:
        items: what it begins with.
        notice: called with each item.
    """

    def __init__(self, items: Iterable[Any] = (), notice: Notice = _nobody) -> None:
        super().__init__()
        self._notice = notice
        self.extend(items)

    def append(self, item: Any) -> None:
        """Put an item at the end."""
        self._notice(item)
        super().append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """Put several items at the end."""
        for item in items:
            self.append(item)

    def insert(self, index: SupportsIndex, item: Any) -> None:
        """Put an item before another."""
        self._notice(item)
        super().insert(index, item)

    def __setitem__(self, index: Any, item: Any) -> None:
        for one in item if isinstance(index, slice) else [item]:
            self._notice(one)
        super().__setitem__(index, item)

    def __iadd__(self, items: Iterable[Any]) -> WatchedList:  # type: ignore[misc]
        self.extend(items)
        return self

    def __reduce__(self) -> Any:
        return list, (list(self),)


class WatchedDict(dict[Any, Any]):
    """A dict that shows its owner what is put into it.

    Args:
        items: what it begins with.
        notice: called with each value.
    """

    def __init__(self, items: Any = (), notice: Notice = _nobody) -> None:
        super().__init__()
        self._notice = notice
        self.update(items)

    def __setitem__(self, key: Any, item: Any) -> None:
        self._notice(item)
        super().__setitem__(key, item)

    def update(self, items: Any = (), **more: Any) -> None:  # type: ignore[override]
        """Put several items in."""
        for key, item in dict(items, **more).items():
            self[key] = item

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The item of a key, put in if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def __reduce__(self) -> Any:
        return dict, (dict(self),)
