"""ModelCheckpoint: save the model on the way."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from chainrule.callbacks.base import Callback, Logs
from chainrule.callbacks.monitor import Better, checked_mode
from chainrule.errors import ArgumentError


class ModelCheckpoint(Callback):
    """Save the model, or its weights, after epochs or batches.

    Args:
        filepath: where to; may hold {epoch}, {batch} and keys of the logs, as in
            "digits-{epoch:02d}-{val_loss:.2f}.keras".
        monitor: the key of the logs that says which model is best.
        verbose: 1 to say what is saved.
        save_best_only: whether to save only what is better than all before.
        save_weights_only: whether to save the weights alone, into a file .weights.h5.
        mode: "min", "max", or "auto": what the loss or metric of that name says.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: what the first model to be saved must beat, where given.

    Raises:
        ArgumentError: a path or an argument that does not go with the others.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__()
        self.filepath = os.fspath(filepath)
        wanted = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(wanted):
            raise ArgumentError(
                "the name does not say what is saved", where="ModelCheckpoint",
                expected=f"a filepath that ends in {wanted[0]}", got=self.filepath,
            )  # fmt: skip
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ArgumentError(
                "not a frequency", where="ModelCheckpoint", expected='"epoch" or a number of batches',
                got=save_freq,
            )  # fmt: skip
        self.monitor, self.verbose, self.save_best_only = monitor, verbose, save_best_only
        self.save_weights_only, self.save_freq = save_weights_only, save_freq
        self.mode = checked_mode(mode, "ModelCheckpoint")
        self.best = initial_value_threshold
        self.watches_batches = save_freq != "epoch"
        self._better = Better(monitor, self.mode, 0, "ModelCheckpoint")
        self._epoch = self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remember which epoch it is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save after every so many batches."""
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches % int(self.save_freq) == 0:
            self.save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save after an epoch."""
        if self.save_freq == "epoch":
            self.save(epoch, None, logs)

    def save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """Save, if this is a model to be saved."""
        path = self.path(epoch, batch, logs or {})
        if self.save_best_only:
            current = (logs or {}).get(self.monitor)
            if current is None:
                warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=2)
                return
            if not self._better(float(current), self.best, self.model):
                self._say(f"Epoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
            before = None if self.best is None else f"{self.best:.5f}"
            self._say(
                f"Epoch {epoch + 1}: {self.monitor} improved from {before} to {current:.5f}, "
                f"saving model to {path}"
            )
            self.best = float(current)
        else:
            self._say(f"Epoch {epoch + 1}: saving model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._say(f"Epoch {epoch + 1}: finished saving model to {path}")

    def path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        """The file's name for this epoch.

        Raises:
            ArgumentError: the name asks for a key that the logs do not have.
        """
        numbers = {"epoch": epoch + 1, **logs} | ({} if batch is None else {"batch": batch + 1})
        try:
            return self.filepath.format(**numbers)
        except KeyError as error:
            raise ArgumentError(
                f"the filepath asks for {error}, which is not logged", where="ModelCheckpoint",
                expected=", ".join(numbers), got=self.filepath,
            ) from None  # fmt: skip

    def _say(self, text: str) -> None:
        if self.verbose > 0:
            print(f"\n{text}")
