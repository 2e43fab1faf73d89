"""Keras's helpers around a model, and readers of people's own data; each is loaded when first used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.backend import clear_session, is_keras_tensor, standardize_dtype
    from chainrule.data.folder import read_folder
    from chainrule.data.table import read_table
    from chainrule.saving.registry import (
        CustomObjectScope,
        custom_object_scope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from chainrule.training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from chainrule.utils.numerical import normalize, split_dataset, to_categorical
    from chainrule.utils.seeds import set_random_seed

HOMES = {
    "CustomObjectScope": "chainrule.saving.registry",
    "clear_session": "chainrule.backend",
    "custom_object_scope": "chainrule.saving.registry",
    "deserialize_keras_object": "chainrule.saving.registry",
    "get_custom_objects": "chainrule.saving.registry",
    "get_registered_name": "chainrule.saving.registry",
    "get_registered_object": "chainrule.saving.registry",
    "is_keras_tensor": "chainrule.backend",
    "normalize": "chainrule.utils.numerical",
    "read_folder": "chainrule.data.folder",
    "pack_x_y_sample_weight": "chainrule.training.data",
    "read_table": "chainrule.data.table",
    "register_keras_serializable": "chainrule.saving.registry",
    "serialize_keras_object": "chainrule.saving.registry",
    "set_random_seed": "chainrule.utils.seeds",
    "split_dataset": "chainrule.utils.numerical",
    "standardize_dtype": "chainrule.backend",
    "to_categorical": "chainrule.utils.numerical",
    "unpack_x_y_sample_weight": "chainrule.training.data",
}

__all__ = [
    "CustomObjectScope", "clear_session", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "is_keras_tensor", "normalize", "pack_x_y_sample_weight",
    "read_folder", "read_table", "register_keras_serializable", "serialize_keras_object", "set_random_seed",
    "split_dataset", "standardize_dtype", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(HOMES)
