"""Prediction of one sample and of many, from NumPy arrays to NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bench.networks import CONVNET, MLP, RESNET, Network
from bench.programs import Program
from bench.timing import seconds_each
from bench.workloads.training import check_network
from bench.workloads.workload import Case, Figures, Setting, Workload

PREDICTORS = (
    "chainrule", "floor", "onnxruntime", "jax", "pytorch", "pytorch-compile", "keras-jax", "keras-tensorflow",
    "keras-pytorch",
)  # fmt: skip


class Prediction(Workload):
    """A call, after a few to warm up.

    Attributes:
        network: what predicts, with random weights.
        sizes: numbers of samples.
        piece: samples at a time, since what many images need of memory at once makes most programs slower; all where
            None.  Keras's `predict` cuts them itself, and its default is left to it.
    """

    unit = "µs"
    network: Network
    sizes: tuple[int, ...] = (1, 8, 64, 10000)
    piece: int | None = None

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        sizes = (1, 40) if smoke else self.sizes
        return [Case("1 sample" if n == 1 else f"{n:,} samples", {"samples": n}) for n in sizes]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        n = case.settings["samples"]
        x = np.random.default_rng(0).random((n, *self.network.shape), dtype=np.float32)
        blocks, block_seconds = (1, 0.0) if setting.smoke else (5, 0.2)
        ways, parameters = program.load().predictors(self.network, **program.options)
        check_network(program, self.network, parameters)
        figures = {}
        for way, predict in ways.items():
            if self.piece and self.piece < n and way != "predict":
                predict = partial(_in_pieces, predict, self.piece)
            shape = predict(x).shape
            assert shape == (n, self.network.outputs), f"{program.label} {way} returned {shape}"
            seconds = seconds_each(lambda predict=predict: predict(x), blocks, block_seconds)
            figures[way] = Figures([1e6 * s for s in seconds])
        return figures


def _in_pieces(predict: Callable[[np.ndarray], np.ndarray], piece: int, x: np.ndarray) -> np.ndarray:
    return np.concatenate([predict(x[start : start + piece]) for start in range(0, len(x), piece)])


class PredictMLP(Prediction):
    name = "predict"
    title = "Prediction with 784-512-10"
    programs = (*PREDICTORS, "numpy", "scikit-learn")
    network = MLP


class PredictConvnet(Prediction):
    name = "predict-convnet"
    title = "Prediction with Keras's mnist_convnet: 10,000 samples 128 at a time"
    programs = (*PREDICTORS, "floor-pytorch")
    few = ("chainrule", "floor", "onnxruntime", "pytorch", "keras-tensorflow")
    network = CONVNET
    piece = 128


class PredictResNet(Prediction):
    """Where normalisation and the convolution before it can be made one."""

    name = "predict-resnet"
    title = "Prediction with ResNet-20 on 32x32x3"
    programs = (*PREDICTORS, "floor-pytorch")
    few = ("chainrule", "floor", "onnxruntime", "pytorch", "keras-tensorflow")
    network = RESNET
    sizes = (1, 8, 64)
