"""Is this data that can be trained on?  Said before the first step, in the user's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.kernels import available

SMALL = 1 << 14  # numbers that are looked at one by one in no time
LARGEST = 1 << 28  # numbers of which looking at all would take longer than a first epoch should wait


def check_count(value: Any, where: str, least: int = 1) -> None:
    """A number of epochs, steps or samples: a whole number, or None for the default.

    Raises:
        ArgumentError: something else.
    """
    if value is not None and (not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least):
        raise ArgumentError("a whole number is needed", where=where, expected=f"{least} or more", got=repr(value))


def check_lengths(x: Sequence[np.ndarray], y: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> None:
    """All arrays have the same number of samples, and at least one.

    Raises:
        DataError: they do not.
    """
    if not x:
        raise DataError("there is no data", where="x", expected="an array of samples", got="none")
    lengths = {"x": len(x[0])} | {f"x[{k}]": len(a) for k, a in enumerate(x) if k}
    lengths |= {"y" if len(y) == 1 else f"y[{k}]": len(a) for k, a in enumerate(y)}
    lengths |= {"sample_weight" if len(weights) == 1 else f"sample_weight[{k}]": len(a) for k, a in enumerate(weights)}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "the arrays have different numbers of samples", where="data",
            got=", ".join(f"{name}: {n}" for name, n in lengths.items()),
            hint="the first axis of each array is the samples'",
        )  # fmt: skip
    if lengths["x"] == 0:
        raise DataError("there are no samples", where="data", expected="one or more", got=0)


def with_rank_of(array: np.ndarray, shape: Sequence[int | None] | None) -> np.ndarray:
    """A last axis of size 1 added or dropped where the model's input has one more or one less, as Keras does."""
    rank = 2 if shape is None else len(shape)
    if array.ndim == rank - 1 and (shape is None or shape[-1] == 1):
        return array[..., None]
    if shape is not None and array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def check_inputs(x: Sequence[np.ndarray], expected: Sequence[tuple[int | None, ...]], names: Sequence[str]) -> None:
    """The samples have the shapes that the model was built for.

    Raises:
        ShapeError: they do not.
        DataError: another number of arrays.
    """
    if len(x) != len(expected):
        raise DataError(
            "the model has another number of inputs", where="x",
            expected=f"{len(expected)} ({', '.join(names)})", got=f"a list of {len(x)} arrays",
            hint="" if len(expected) > 1 else "if this is (x, y), model.fit(x, y)" if len(x) == 2 else
            "np.stack(x) makes one array of a list of samples",
        )  # fmt: skip
    for array, shape, name in zip(x, expected, names, strict=True):
        want, have = tuple(shape[1:]), array.shape[1:]
        if len(want) != len(have) or any(n is not None and n != m for n, m in zip(want, have, strict=True)):
            raise ShapeError(
                "the samples do not fit the model", where=f"input {name!r}", expected=f"samples of shape {want}",
                got=f"samples of shape {have}, in an array of shape {array.shape}", hint=_mend(want, have, array.shape),
            )  # fmt: skip


def _mend(want: tuple[int | None, ...], have: tuple[int, ...], whole: tuple[int, ...]) -> str:
    size = int(np.prod(have))
    if None not in want and int(np.prod([n for n in want if n is not None])) == size:
        return f"x.reshape(-1, {', '.join(map(str, want))})"
    if want == whole:
        return "one sample needs the axis of the batch as well: x[None]"
    if len(want) == len(have) + 1 and want[-1] == 1:
        return "add the channel axis: x[..., None]"
    if len(want) == 1 and len(have) > 1:
        return "put a Flatten layer first, or x.reshape(len(x), -1)"
    if len(want) == len(have) == 1:
        return f"the model was built for {want[0]} features: choose these columns, or build a model for {have[0]}"
    return ""


def _all_finite(array: np.ndarray) -> bool:
    if array.size < SMALL:
        return bool(np.isfinite(array).all())
    if array.dtype.char in "fd" and array.dtype.isnative and array.flags.c_contiguous and available():
        from chainrule.kernels.finite import all_finite

        return all_finite(array)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum(dtype=np.float64)))


def check_finite(arrays: Sequence[np.ndarray], where: str) -> None:
    """No NaN and no infinity.

    Raises:
        DataError: there are some; the first is named.
    """
    for k, array in enumerate(arrays):
        if array.dtype.kind != "f" or array.size >= LARGEST or _all_finite(array):
            continue
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            first = tuple(int(n) for n in bad[0])
            name = where if len(arrays) == 1 else f"{where}[{k}]"
            raise DataError(
                "the data holds numbers that are not finite", where=name, expected="finite numbers",
                got=f"{array[first]} at {name}{list(first)}" + (f", and {len(bad) - 1} more" if len(bad) > 1 else ""),
                hint="drop these samples, or fill the gaps: np.nan_to_num puts zeros",
            )  # fmt: skip


def check_probabilities(y: np.ndarray, where: str = "y") -> None:
    """Targets of a binary cross-entropy lie in 0..1.

    Raises:
        DataError: they do not.
    """
    if y.size == 0 or y.dtype.kind == "b":
        return
    low, high = y.min(), y.max()
    if low < 0 or high > 1:
        raise DataError(
            "a target is out of range", where=where, expected="0 or 1, or probabilities between them",
            got=f"targets from {low:g} to {high:g}",
            hint="(y > 0) makes 0 and 1 of -1 and 1" if low == -1 and high == 1 else
            "y - 1 counts from 0" if low == 1 and high == 2 else
            'more than two classes want a softmax output and loss="sparse_categorical_crossentropy"'
            if low >= 0 and (y == np.floor(y)).all() else "",
        )  # fmt: skip


def check_sparse_shape(have: tuple[int, ...], outputs: Sequence[int | None], where: str) -> None:
    """One label for each sample, where each sample has as many outputs as there are classes.

    Raises:
        ShapeError: one-hot rows, or another number of labels.
    """
    if len(have) == len(outputs) - 1 or (len(have) == len(outputs) and have[-1] == 1):
        return
    if len(have) == len(outputs):
        hint = 'for one-hot rows use loss="categorical_crossentropy", or labels: y.argmax(axis=-1)'
        if have[-1] != outputs[-1]:
            hint += f"; {have[-1]} classes need Dense({have[-1]}) as last layer"
    else:
        hint = "put a Flatten layer before the last Dense" if len(have) < len(outputs) - 1 else ""
    raise ShapeError(
        "labels are one whole number for each sample", where=where, expected=f"shape {_said(outputs[:-1])}",
        got=f"shape {have}", hint=hint,
    )  # fmt: skip


def check_target_shape(have: tuple[int, ...], outputs: Sequence[int | None], loss: str, where: str) -> None:
    """The targets have the shape of the outputs; a last axis of size 1 may be missing or extra.

    Raises:
        ShapeError: they have not.
    """
    want = tuple(outputs)
    if len(have) == len(want) - 1 and want[-1] == 1:
        want = want[:-1]
    if len(have) == len(want) + 1 and have[-1] == 1:
        have = have[:-1]
    if len(have) == len(want) and all(n in (m, None) for n, m in zip(want[1:], have[1:], strict=True)):
        return
    raise ShapeError(
        "the targets do not fit the outputs of the model", where=where, expected=f"shape {_said(outputs)}",
        got=f"shape {have}", hint=_mend_targets(have, outputs, loss),
    )  # fmt: skip


def _mend_targets(have: tuple[int, ...], outputs: Sequence[int | None], loss: str) -> str:
    columns = 1 if len(have) == 1 else have[-1]
    if len(outputs) > 2 and len(have) < len(outputs):
        return "put a Flatten layer before the last Dense: outputs have one axis more than targets"
    if columns == 1 and outputs[-1] != 1 and loss.startswith("categorical"):
        return f'for class labels use loss="sparse_categorical_crossentropy", or to_categorical(y, {outputs[-1]})'
    if columns == 1 and loss.startswith("binary"):
        return 'for two classes use Dense(1, activation="sigmoid") as last layer'
    return f"Dense({columns}) as last layer gives {columns} number{'s' if columns > 1 else ''} for each sample"


def _said(shape: Sequence[int | None]) -> str:
    """`(samples, 3)`"""
    rest = ", ".join("any" if n is None else str(n) for n in shape[1:])
    return f"(samples, {rest})" if rest else "(samples,)"


def check_labels(y: np.ndarray, classes: int, where: str = "y", ignore: int | None = None) -> None:
    """Labels are whole numbers from 0 to classes - 1.

    Raises:
        DataError: they are not.
    """
    if y.size == 0:
        return
    if y.dtype.kind == "f" and not (y == np.floor(y)).all():
        raise DataError(
            "class labels are whole numbers", where=where, expected=f"integers from 0 to {classes - 1}",
            got=f"{y[y != np.floor(y)].flat[0]}",
            hint='to predict numbers use loss="mean_squared_error"; for probabilities "categorical_crossentropy"',
        )  # fmt: skip
    low, high = y.min(), y.max()
    if ignore is not None:
        kept = y[y != ignore]
        if kept.size == 0:
            return
        low, high = kept.min(), kept.max()
    if low < 0 or high >= classes:
        shifted = low == 1 and high == classes
        raise DataError(
            "a label is out of range", where=where, expected=f"integers from 0 to {classes - 1}, one for each output",
            got=f"labels from {low:g} to {high:g}",
            hint="count from 0: y - 1" if shifted else
            f"{high + 1:g} classes need Dense({high + 1:g}) as last layer" if low >= 0 else
            "negative labels have no output; ignore_class in the loss leaves one out",
        )  # fmt: skip


def _is_weight(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and bool(0 <= value < np.inf)


def weights_from_classes(y: np.ndarray, class_weight: Any) -> np.ndarray:
    """The weight of each sample's class; 1 for a class that is not named.

    Raises:
        DataError: targets that are neither labels nor one-hot.
        ArgumentError: no dict from class to weight.
    """
    given = class_weight.items() if isinstance(class_weight, dict) else [(None, None)]
    if not all(isinstance(k, (int, np.integer)) and k >= 0 and _is_weight(v) for k, v in given):
        raise ArgumentError(
            "class_weight maps each class to its weight", where="class_weight", expected="{0: 1.0, 1: 2.5}, for one",
            got=repr(class_weight), hint="classes are the whole numbers in y, weights are numbers from 0 on",
        )  # fmt: skip
    labels = y.argmax(axis=-1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(len(y), -1)[:, 0]
    if y.ndim > 2 or (labels != np.floor(labels)).any():
        raise DataError(
            "class_weight needs one class for each sample", where="class_weight",
            expected="integer or one-hot targets", got=f"targets of shape {y.shape}",
        )  # fmt: skip
    labels = labels.astype(np.int64)
    table = np.ones(max(int(labels.max(initial=0)), *map(int, class_weight), 0) + 1, np.float32)
    for label, weight in class_weight.items():
        table[int(label)] = weight
    weights: np.ndarray = table[labels]
    return weights
