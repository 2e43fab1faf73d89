"""chainrule: neural networks with nothing hidden.

    import chainrule as keras

    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

Importing loads NumPy and nothing heavy: each name below is looked up on first use.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from chainrule.version import __version__ as __version__

if TYPE_CHECKING:
    from chainrule import activations as activations
    from chainrule import backend as backend
    from chainrule import callbacks as callbacks
    from chainrule import config as config
    from chainrule import constraints as constraints
    from chainrule import datasets as datasets
    from chainrule import errors as errors
    from chainrule import initializers as initializers
    from chainrule import layers as layers
    from chainrule import losses as losses
    from chainrule import metrics as metrics
    from chainrule import models as models
    from chainrule import ops as ops
    from chainrule import optimizers as optimizers
    from chainrule import random as random
    from chainrule import regularizers as regularizers
    from chainrule import saving as saving
    from chainrule import testing as testing
    from chainrule import utils as utils
    from chainrule.config import DTypePolicy as DTypePolicy
    from chainrule.graph.tensor import Tensor as KerasTensor
    from chainrule.graph.variable import Variable as Variable
    from chainrule.initializers import Initializer as Initializer
    from chainrule.layers.base import InputSpec as InputSpec
    from chainrule.layers.base import Layer as Layer
    from chainrule.layers.input import Input as Input
    from chainrule.losses import Loss as Loss
    from chainrule.metrics import Metric as Metric
    from chainrule.models import Model as Model
    from chainrule.models import Sequential as Sequential
    from chainrule.optimizers import Optimizer as Optimizer
    from chainrule.regularizers import Regularizer as Regularizer

MODULES = (
    "activations", "backend", "callbacks", "config", "constraints", "datasets", "errors", "initializers", "layers",
    "losses", "metrics", "models", "ops", "optimizers", "random", "regularizers", "saving", "testing", "utils",
)  # fmt: skip
HOMES = {
    "DTypePolicy": "chainrule.config:DTypePolicy",
    "Initializer": "chainrule.initializers:Initializer",
    "Input": "chainrule.layers.input:Input",
    "InputSpec": "chainrule.layers.base:InputSpec",
    "KerasTensor": "chainrule.graph.tensor:Tensor",
    "Layer": "chainrule.layers.base:Layer",
    "Loss": "chainrule.losses:Loss",
    "Metric": "chainrule.metrics:Metric",
    "Model": "chainrule.models:Model",
    "Optimizer": "chainrule.optimizers:Optimizer",
    "Regularizer": "chainrule.regularizers:Regularizer",
    "Sequential": "chainrule.models:Sequential",
    "Variable": "chainrule.graph.variable:Variable",
}

__all__ = [
    "DTypePolicy", "Initializer", "Input", "InputSpec", "KerasTensor", "Layer", "Loss", "Metric", "Model", "Optimizer",
    "Regularizer", "Sequential", "Variable", "__version__", "activations", "backend", "callbacks", "config",
    "constraints", "datasets", "errors", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers",
    "random", "regularizers", "saving", "testing", "utils", "version",
]  # fmt: skip


def version() -> str:
    """The version of this package.

    Example:
        >>> version() == __version__
        True
    """
    return __version__


def __getattr__(name: str) -> object:
    if name in HOMES:
        module, attribute = HOMES[name].split(":")
        value: object = getattr(importlib.import_module(module), attribute)
    elif name in MODULES:
        value = importlib.import_module(f"chainrule.{name}")
    else:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
