"""Files: models and weights in Keras's formats, and the names that files may hold."""

from typing import Any

from chainrule.saving.registry import CustomObjectScope as CustomObjectScope
from chainrule.saving.registry import custom_object_scope as custom_object_scope
from chainrule.saving.registry import deserialize_keras_object as deserialize_keras_object
from chainrule.saving.registry import get_custom_objects as get_custom_objects
from chainrule.saving.registry import get_registered_name as get_registered_name
from chainrule.saving.registry import get_registered_object as get_registered_object
from chainrule.saving.registry import register_keras_serializable as register_keras_serializable
from chainrule.saving.registry import serialize_keras_object as serialize_keras_object

_OF_MODELS = ("load_extra", "load_model", "load_weights", "model_from_json", "save_model", "save_weights")


def __getattr__(name: str) -> Any:
    """Whatever needs models comes on use: models themselves need the registry."""
    if name in _OF_MODELS:
        from chainrule.saving import models

        return getattr(models, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
