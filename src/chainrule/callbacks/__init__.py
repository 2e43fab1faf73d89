"""Callbacks, with Keras's names, arguments, messages and defaults."""

from chainrule.callbacks.base import Callback, CallbackList
from chainrule.callbacks.checkpoint import ModelCheckpoint
from chainrule.callbacks.csv_logger import CSVLogger
from chainrule.callbacks.early_stopping import EarlyStopping
from chainrule.callbacks.history import History
from chainrule.callbacks.lambda_callback import LambdaCallback
from chainrule.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from chainrule.callbacks.progbar import ProgbarLogger
from chainrule.callbacks.swap_ema import SwapEMAWeights
from chainrule.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
]
