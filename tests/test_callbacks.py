"""Callbacks: what Keras's do on the same training, their messages, and progress that harms nobody."""

from __future__ import annotations

import doctest
import importlib
import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule
from chainrule import callbacks, metrics
from chainrule.errors import ArgumentError, NonFiniteError, UnknownNameError
from chainrule.training import progress
from chainrule.training.progress import Progress
from golden import cases

TOLERANCE = 1e-4  # several epochs of float32 steps, each of which rounds by 1e-7 of numbers near 1
GOLDEN = cases.load("callbacks")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_training_goes_as_in_keras(case, tmp_path):
    seen, recorder = cases.recorder(chainrule)
    with np.errstate(over="ignore", invalid="ignore"):  # one case diverges on purpose
        callback = cases.build_callback(chainrule, case["callback"], tmp_path)
        ran = cases.fit(chainrule, case, [callback, recorder])
    assert list(ran["history"]) == case["order"]
    assert sorted(path.name for path in tmp_path.iterdir()) == case["files"]
    assert seen == case["calls"]
    lengths = {key: len(values) for key, values in case["history"].items()}
    assert {key: len(values) for key, values in ran["history"].items()} == lengths
    if case.id != "nan-diverging":
        for key, values in case["history"].items():
            assert cases.gap(ran["history"][key], values) < TOLERANCE
        assert cases.gap(ran["weights"], case["weights_after"]) < TOLERANCE


class FakeModel:
    """What callbacks need of a model."""

    def __init__(self):
        self.weights = [np.zeros(1)]
        self.stop_training = False
        self.optimizer = SimpleNamespace(learning_rate=0.1)
        self.metrics = [
            metrics.MeanAbsoluteError(name="mae"),
            metrics.Accuracy(name="acc"),
        ]
        self.saved = []

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = [np.array(w) for w in weights]

    def save(self, path, overwrite=True):
        self.saved.append(Path(path).name)

    save_weights = save


def run(callback, logs, key="loss"):
    """Epochs with these values of a key; the model, and how many epochs ran."""
    model = FakeModel()
    many = callbacks.CallbackList(
        [callback], add_history=True, model=model, epochs=len(logs), steps=1, verbose=0
    )
    many.on_train_begin()
    for epoch, value in enumerate(logs):
        model.weights = [np.array([float(epoch)])]
        many.on_epoch_begin(epoch)
        many.on_epoch_end(epoch, {key: value})
        if model.stop_training:
            break
    many.on_train_end()
    return model


def test_early_stopping_says_so_and_restores(capsys):
    stop = callbacks.EarlyStopping("loss", patience=2, verbose=1, restore_best_weights=True)
    model = run(stop, [3.0, 1.0, 2.0, 2.0, 2.0])
    assert model.history.epoch == [0, 1, 2, 3]
    assert model.weights[0].item() == 1
    assert capsys.readouterr().out == (
        "Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 2.\n"
    )


def test_direction_is_the_metrics_own():
    assert run(callbacks.EarlyStopping("acc"), [0.1, 0.2, 0.1, 0.3], "acc").history.epoch == [0, 1, 2]
    assert run(callbacks.EarlyStopping("val_mae"), [0.3, 0.2, 0.1], "val_mae").history.epoch == [0, 1, 2]
    with pytest.raises(ArgumentError, match="mode='max'"):
        run(callbacks.EarlyStopping("mine"), [1.0], "mine")
    assert run(callbacks.EarlyStopping("mine", mode="max"), [1.0, 2.0], "mine").history.epoch == [0, 1]


def test_a_key_that_is_not_logged_is_told():
    with pytest.warns(UserWarning, match="conditioned on metric `val_loss` which is not available"):
        run(callbacks.EarlyStopping(), [1.0])
    with pytest.warns(UserWarning, match="mode 'up' is unknown, fallback to auto"):
        callbacks.EarlyStopping(mode="up")


def test_plateau_messages(capsys):
    model = run(callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, verbose=1, cooldown=1), [1.0] * 4)
    assert model.history.history["learning_rate"] == [0.1, 0.1, 0.05, 0.025]
    assert capsys.readouterr().out.splitlines()[1] == (
        "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.05."
    )
    with pytest.raises(ArgumentError, match="factor < 1"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_scheduler_takes_one_argument_or_two(capsys):
    run(callbacks.LearningRateScheduler(lambda epoch: 1 / (epoch + 1), verbose=1), [1.0, 1.0])
    assert "Epoch 2: LearningRateScheduler setting learning rate to 0.5." in capsys.readouterr().out
    assert (
        run(callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2), [1.0, 1.0]).optimizer.learning_rate
        == 0.025
    )
    with pytest.raises(ArgumentError, match="something other than a number"):
        run(callbacks.LearningRateScheduler(lambda epoch: "fast"), [1.0])


def test_checkpoint_messages_and_names(tmp_path, capsys):
    best = callbacks.ModelCheckpoint(
        tmp_path / "{epoch:02d}-{loss:.1f}.keras", "loss", verbose=1, save_best_only=True
    )
    assert run(best, [2.0, 3.0, 1.0]).saved == ["01-2.0.keras", "03-1.0.keras"]
    said = capsys.readouterr().out
    assert "Epoch 1: loss improved from None to 2.00000, saving model to" in said
    assert "Epoch 2: loss did not improve from 2.00000" in said
    with pytest.raises(ArgumentError, match="'val_loss', which is not logged"):
        run(callbacks.ModelCheckpoint("{val_loss}.keras"), [1.0])


@pytest.mark.parametrize(
    "arguments",
    [
        {"filepath": "x"},
        {"filepath": "x.keras", "save_weights_only": True},
        {"filepath": "x.keras", "save_freq": "day"},
    ],
    ids=str,
)
def test_checkpoint_refuses(arguments):
    with pytest.raises(ArgumentError):
        callbacks.ModelCheckpoint(**arguments)


def test_nan_ends_training(capsys):
    callback, model = callbacks.TerminateOnNaN(), FakeModel()
    callback.set_model(model)
    callback.on_train_batch_end(0, {"loss": 1.0})
    assert not model.stop_training
    callback.on_train_batch_end(1, {"loss": float("inf")})
    assert model.stop_training
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"
    with pytest.raises(NonFiniteError, match="encountered at batch 3"):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": float("nan")})


def test_csv_can_go_on(tmp_path):
    path = tmp_path / "log.csv"
    run(callbacks.CSVLogger(path), [1.0])
    run(callbacks.CSVLogger(path, append=True), [0.5])
    assert path.read_text() == "epoch,loss,val_loss\n0,1.0,NA\n0,0.5,NA\n"


def test_batches_cost_nothing_where_nobody_watches_them():
    class Watches(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    def watched(*many):
        return callbacks.CallbackList(
            list(many), add_history=True, add_progbar=True, verbose=0
        ).has_batch_hooks

    assert not watched(callbacks.EarlyStopping(), callbacks.ModelCheckpoint("x.keras"))
    assert watched(callbacks.ModelCheckpoint("x.keras", save_freq=3))
    assert watched(Watches())
    assert watched(callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None))
    assert not watched(callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None))


def test_an_error_leaves_the_terminal_as_it_was():
    before, out = sys.stdout, Terminal()
    many = callbacks.CallbackList(add_progbar=True, verbose=1, steps=3)
    many.callbacks[0].progress.stream = out
    many.on_test_begin()
    many.close()
    assert sys.stdout is before
    assert out.getvalue().endswith("\x1b[?25h") or "\x1b[?25l" not in out.getvalue()  # the cursor is shown


def test_lambda_refuses_unknown_hooks():
    with pytest.raises(UnknownNameError, match="on_epoch_end"):
        callbacks.LambdaCallback(on_epoch_ends=print)


class Terminal(io.StringIO):
    """Looks like a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def epoch(shown, logs):
    shown.begin("Epoch 1/2", steps=10, samples=320)
    for done in range(1, 11):
        shown.tick(done, lambda: {"loss": 1.0})
    shown.end(logs)


def test_a_plain_line_where_there_is_no_terminal():
    out = io.StringIO()
    epoch(Progress(1, out), {"accuracy": 0.5, "loss": 0.25, "val_loss": 2e-5})
    line = out.getvalue()
    assert line.count("\n") == 1
    assert line.startswith("Epoch 1/2  10 batches  ")
    assert line.endswith("samples/s  loss 0.2500  accuracy 0.5000  val_loss 2e-05\n")


def test_silence():
    out = Terminal()
    epoch(Progress(0, out), {"loss": 0.25})
    assert out.getvalue() == ""


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    out = Terminal()
    epoch(Progress("auto", out), {"loss": 0.25})
    assert "Epoch 1/2" in out.getvalue()
    assert "10/10" in out.getvalue()
    assert "loss 0.2500" in out.getvalue()


def test_logs_are_made_only_to_be_drawn():
    def never():
        raise AssertionError("nobody can see it")

    shown = Progress(1, Terminal())
    shown.begin("Epoch 1/1", steps=2)
    shown.tick(1, never)  # less than the interval has passed
    shown.close()
    plain = Progress(2, io.StringIO())
    plain.begin("Epoch 1/1", steps=2)
    plain.tick(1, never)


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_closed_or_narrow_stream_is_no_reason_to_end(verbose):
    closed = Terminal()
    closed.close()
    epoch(Progress(verbose, closed), {"loss": 0.25})
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    epoch(Progress(verbose, ascii_only), {"größe": 0.25})
    ascii_only.seek(0)
    assert "gr??e 0.2500" in ascii_only.read()


@pytest.mark.parametrize(
    "name",
    ["callbacks.base", "callbacks.history", "callbacks.lambda_callback", "training.progress"],
)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"chainrule.{name}")).failed == 0


def test_the_bar_gives_way_to_the_numbers(monkeypatch):
    monkeypatch.setenv("COLUMNS", "106")
    out = Terminal()
    epoch(Progress(1, out), {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.5})
    last = out.getvalue().rstrip().split("\r")[-1]
    assert "loss 0.2500  accuracy 0.5000  val_loss 0.5000" in last
    assert last.count("━") < 24


def test_eighty_columns_hold_the_numbers_of_training_and_validation(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()
    shown = Progress(1, out)
    shown.begin("Epoch 10/10", steps=469, samples=60_000)
    shown.end({"loss": 0.0625, "accuracy": 0.98, "val_loss": 0.07, "val_accuracy": 0.979})
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()))
    assert any(line.endswith("accuracy 0.9800, val 0.9790") for line in lines)
    assert all(len(line) < 80 for line in lines)
