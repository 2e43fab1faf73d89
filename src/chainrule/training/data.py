"""From what the user has (arrays, generators, data frames) to batches.

A batch does not copy its samples: it names the arrays and the rows, and the trainer
gathers them straight into the plan's memory, converting bytes to floats on the way.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.random import permutation, process_seed
from chainrule.tree import flatten

Rows = np.ndarray | slice | None


@dataclass
class Batch:
    """Some rows of some arrays: inputs, then targets, then weights.

    Args:
        x: inputs, in the order of the model.
        y: targets, in the order of the outputs.
        weights: sample weights, in the order of the outputs; empty for none.
        rows: which rows of the arrays; None for all.
        size: number of samples.
    """

    x: Sequence[np.ndarray]
    y: Sequence[np.ndarray]
    weights: Sequence[np.ndarray]
    rows: Rows
    size: int

    @property
    def arrays(self) -> list[np.ndarray]:
        """All arrays, in the order in which a plan takes them."""
        return [*self.x, *self.y, *self.weights]


class ArrayData:
    """Arrays that are all there.

    Args:
        x: inputs.
        y: targets.
        weights: sample weights.
        batch_size: samples in a batch; the last one of an epoch may be smaller.
        shuffle: a new order in each epoch.
    """

    def __init__(
        self,
        x: Sequence[np.ndarray],
        y: Sequence[np.ndarray] = (),
        weights: Sequence[np.ndarray] = (),
        batch_size: int | None = None,
        shuffle: bool | str = False,
    ) -> None:
        self.x, self.y, self.weights = list(x), list(y), list(weights)
        self.samples: int | None = len(self.x[0])
        self.ended = False
        self.shuffle = shuffle
        self.cut(int(batch_size or 32))

    def cut(self, batch_size: int) -> None:
        """Into batches of this size."""
        self.batch_size = batch_size
        self.steps: int | None = math.ceil(len(self.x[0]) / batch_size)

    def rewind(self) -> None:
        """Let the next epoch begin with the first sample."""

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one pass over the samples.

        Args:
            number: with the process's seed it fixes the order, so that a resumed training goes on with
                the order that an uninterrupted one would have had.
        """
        n, size = len(self.x[0]), self.batch_size
        starts = np.arange(0, n, size)
        if self.shuffle == "batch":
            starts = starts[permutation(len(starts), process_seed(), number)]
        if self.shuffle is True:
            order = permutation(n, process_seed(), number)
            for start in starts:
                rows = order[start : start + size]
                yield Batch(self.x, self.y, self.weights, rows, len(rows))
        else:
            for start in starts:
                stop = min(int(start) + size, n)
                yield Batch(self.x, self.y, self.weights, slice(int(start), stop), stop - int(start))


class StreamData:
    """Batches that come one at a time: a generator, a sequence with `__getitem__`, a data loader.

    Args:
        source: what gives (x, y) or (x, y, sample_weight), or x alone.
        steps: batches in an epoch; None for as many as come.
        arrange: from what was given to lists of arrays in the order of the model.
    """

    def __init__(self, source: Any, steps: int | None, arrange: Any) -> None:
        self.source, self.arrange = source, arrange
        self.steps = steps if steps is not None else _length(source)
        self.samples: int | None = None
        self.ended = False  # whether an iterator has given all it had
        self._running: Iterator[Any] | None = None
        self._epochs = 0

    def rewind(self) -> None:
        """Nothing to do: what can begin anew does so in each epoch, and a generator cannot."""

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch; a generator goes on where it was."""
        endless = hasattr(self.source, "__next__")
        if not endless or self._running is None:
            self._running = iter(_items(self.source))
        count = 0
        while self.steps is None or count < self.steps:
            try:
                item = next(self._running)
            except StopIteration:
                break
            x, y, weights = self.arrange(item)
            count += 1
            yield Batch(x, y, weights, None, len(x[0]))
        if count == 0 and self._epochs == 0:
            raise DataError(
                "there are no samples", where="data", expected="one batch or more", got="none",
                hint="a generator can be gone through once: make a new one" if endless else "",
            )  # fmt: skip
        if self.steps is not None and count < self.steps:
            self.ended = True
            warnings.warn(
                f"the data ended after {count} of the {self.steps} steps of an epoch, and the run ends with it; "
                "a generator goes on if it loops with `while True`", stacklevel=4,
            )  # fmt: skip
        self._epochs += 1
        if self.steps is None:
            self.steps = count
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()


def _length(source: Any) -> int | None:
    try:
        return len(source)
    except TypeError:
        return None


def _items(source: Any) -> Iterable[Any]:
    if hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "__iter__"):
        return (source[k] for k in range(len(source)))
    return source  # type: ignore[no-any-return]


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what a generator or `validation_data` gave; None for what is not there.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise DataError("a batch is (x, y) or (x, y, sample_weight)", where="data", got=f"{len(data)} things")
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What `unpack_x_y_sample_weight` takes apart.

    Example:
        >>> pack_x_y_sample_weight([1], [2])
        ([1], [2])
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple, dict)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def is_stream(x: Any) -> bool:
    """Whether `x` gives batches, rather than being arrays."""
    if isinstance(x, (np.ndarray, list, tuple, dict)) or hasattr(x, "__array__") or hasattr(x, "to_numpy"):
        return False
    return hasattr(x, "__next__") or hasattr(x, "__iter__") or hasattr(x, "__getitem__")


def as_arrays(structure: Any, where: str) -> list[np.ndarray]:
    """The arrays of a structure, as NumPy's.

    Raises:
        DataError: something that cannot be computed with, such as strings.
    """
    if structure is None:
        return []
    if isinstance(structure, (list, tuple)) and structure and not _holds_arrays(structure):
        structure = _rows(structure, where)
    return [_as_array(item, where) for item in flatten(structure)]


def _holds_arrays(items: Any) -> bool:
    return all((hasattr(item, "shape") and len(item.shape) > 0) or hasattr(item, "to_numpy") for item in items)


def _rows(items: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(items)
    except ValueError:
        raise DataError(
            "the rows have different lengths", where=where, expected="as many numbers in each row",
            got=", ".join(str(np.size(item)) for item in items[:5]) + (", …" if len(items) > 5 else ""),
            hint="pad or cut the rows to one length",
        ) from None  # fmt: skip


def _as_array(item: Any, where: str) -> np.ndarray:
    if hasattr(item, "detach"):  # a PyTorch tensor
        item = item.detach().cpu().numpy()
    array = item.to_numpy() if hasattr(item, "to_numpy") else np.asarray(item)
    if array.dtype.kind not in "fiub":
        raise DataError(
            "the data is not numbers", where=where, expected="floats, integers or booleans",
            got=_what_is_there(item, array), hint=_how_to_number(where, array),
        )  # fmt: skip
    if array.ndim == 0:
        raise DataError("the data is a single number, not samples", where=where, got=array)
    return array


def _what_is_there(item: Any, array: np.ndarray) -> str:
    """The columns of a table that are not numbers, or the first entry that is not."""
    if hasattr(item, "columns"):
        wrong = [str(name) for name, kind in zip(item.columns, item.dtypes, strict=True) if kind.kind not in "fiub"]
        return f"columns of other things: {', '.join(wrong)}"
    if array.dtype.kind == "O":
        odd = next((v for v in array.flat if not isinstance(v, (int, float, np.number))), None)
        return f"{odd!r} ({type(odd).__name__})"
    return f"dtype {array.dtype}" + (f", {array.flat[0]!s} for one" if array.size else "")


def _how_to_number(where: str, array: np.ndarray) -> str:
    if array.dtype.kind == "c":
        return "give real and imaginary parts as features of their own"
    if where == "y":
        return "names, y = np.unique(y, return_inverse=True) numbers the classes"
    if where == "sample_weight":
        return "one number for each sample; class_weight takes weights of classes"
    return "turn text into numbers first; chainrule.utils.read_table does it for CSV files"
