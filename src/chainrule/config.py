"""Settings of the whole process: the float type, the fuzz factor, the number of threads."""

from __future__ import annotations

import os

import numpy as np

from chainrule.errors import ArgumentError, UnknownNameError

_settings: dict[str, object] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
_threads: list[int] = []


def backend() -> str:
    """The name of the engine underneath, where Keras names TensorFlow, JAX or PyTorch.

    Example:
        >>> backend()
        'chainrule'
    """
    return "chainrule"


def floatx() -> str:
    """The dtype of new weights and of the numbers in a plan.

    Example:
        >>> floatx()
        'float32'
    """
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the dtype of new weights and plans: "float32" or "float64".

    Raises:
        UnknownNameError: another dtype.
    """
    if value not in ("float32", "float64"):
        raise UnknownNameError.of("float type", value, ("float32", "float64"), where="set_floatx")
    _settings["floatx"] = value


class DTypePolicy:
    """The dtype of a layer's weights, in which it also computes.

    Args:
        name: "float32" or "float64"; or that of a layer whose weights are whole numbers.

    Raises:
        ArgumentError: half or mixed precision.
        UnknownNameError: no dtype.

    Example:
        >>> DTypePolicy("float64").compute_dtype
        'float64'
    """

    def __init__(self, name: str | None = None) -> None:
        name = floatx() if name is None else name
        if name.startswith("mixed_") or name in ("float16", "bfloat16"):
            raise ArgumentError(
                "half precision is not computed here", where="dtype", expected='"float32" or "float64"',
                got=repr(name), hint="leave dtype out: the processor's float32 units are as fast",
            )  # fmt: skip
        try:
            self.name = np.dtype(name).name
        except TypeError:
            known = ("float32", "float64", "int32", "int64")
            raise UnknownNameError.of("dtype", name, known, where="dtype") from None

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def compute_dtype(self) -> str:
        """The dtype in which the layer computes."""
        return self.name

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self.name


def dtype_policy() -> DTypePolicy:
    """The policy of new layers: that of `floatx`.

    Example:
        >>> dtype_policy()
        <DTypePolicy "float32">
    """
    return DTypePolicy(floatx())


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Set the dtype of new layers, and so that of plans: as `set_floatx`.

    Raises:
        ArgumentError: half or mixed precision.
        UnknownNameError: another dtype.
    """
    set_floatx((policy if isinstance(policy, DTypePolicy) else DTypePolicy(policy)).name)


def epsilon() -> float:
    """The small number that keeps logarithms and divisions away from zero.

    Example:
        >>> epsilon()
        1e-07
    """
    return float(_settings["epsilon"])  # type: ignore[arg-type]


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon` returns."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Where the channels of an image are, unless a layer says otherwise.

    Example:
        >>> image_data_format()
        'channels_last'
    """
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set what layers take an image for: "channels_last", (N, H, W, C), or "channels_first", (N, C, H, W).

    Everything is computed with the channels last; others are moved there and back.

    Raises:
        ArgumentError: another format.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ArgumentError(
            "there is no such data format", where="set_image_data_format",
            expected='"channels_last" or "channels_first"', got=repr(data_format),
        )  # fmt: skip
    _settings["image_data_format"] = data_format


def threads() -> int:
    """How many threads a plan may use; never more than the machine has cores for this process."""
    if not _threads:
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
        _threads.append(int(os.environ.get("CHAINRULE_THREADS", available)))
    return _threads[0]


def set_threads(number: int) -> None:
    """Set how many threads a plan may use.  The results do not depend on it.

    Raises:
        ArgumentError: fewer than one.
    """
    if number < 1:
        raise ArgumentError("a plan needs a thread", where="set_threads", expected="1 or more", got=number)
    _threads[:] = [int(number)]
