"""Optimizers: how the gradient changes the weights.  One formula on flat vectors in each file."""

from __future__ import annotations

from typing import Any

from chainrule.optimizers import schedules
from chainrule.optimizers.adadelta import Adadelta
from chainrule.optimizers.adagrad import Adagrad
from chainrule.optimizers.adam import Adam, AdamW
from chainrule.optimizers.adamax import Adamax
from chainrule.optimizers.base import OPTIMIZERS, Optimizer
from chainrule.optimizers.ftrl import Ftrl
from chainrule.optimizers.lion import Lion
from chainrule.optimizers.nadam import Nadam
from chainrule.optimizers.rmsprop import RMSprop
from chainrule.optimizers.sgd import SGD


def get(identifier: Any) -> Any:
    """The optimizer that a name, config or object means.

    Args:
        identifier: a name such as "adam", a config, an optimizer, or None.

    Raises:
        UnknownNameError: a name that nobody registered; it tells the nearest.

    Example:
        >>> get("sgd").get_config()["momentum"]
        0.0
    """
    return OPTIMIZERS.get(identifier)


def serialize(optimizer: Optimizer) -> Any:
    """The config of an optimizer, without its state.

    Example:
        >>> serialize(Adam())["class_name"]
        'Adam'
    """
    return OPTIMIZERS.serialize(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that a config means.

    Args:
        config: what `serialize` returned.
        custom_objects: names of your own classes.

    Raises:
        UnknownNameError: a class that nobody registered.
        ArgumentError: an argument that the class does not take.

    Example:
        >>> deserialize(serialize(SGD(momentum=0.5))).momentum
        0.5
    """
    return OPTIMIZERS.deserialize(config, custom_objects)


__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
