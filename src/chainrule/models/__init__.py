"""Models: layers put together, trained, saved and asked for predictions."""

from chainrule.models.functional import Functional as Functional
from chainrule.models.model import Model as Model
from chainrule.models.sequential import Sequential as Sequential
from chainrule.saving.registry import register

register(Model, module="keras", name="Model")
register(Sequential, module="keras", name="Sequential")
register(Functional, module="keras.src.models.functional", name="Functional")  # where Keras's files have it
register(Functional, module="keras", name="Functional")


def __getattr__(name: str) -> object:
    if name in ("load_model", "model_from_json", "save_model"):
        from chainrule import saving

        return getattr(saving, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
