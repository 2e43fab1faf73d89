"""Prediction of one sample and of many, from NumPy arrays to NumPy arrays."""

from __future__ import annotations

import numpy as np

from bench.networks import MLP
from bench.programs import Program
from bench.timing import seconds_each
from bench.workloads.workload import Case, Figures, Setting, Workload


class Prediction(Workload):
    """A call, after a few to warm up."""

    name = "predict"
    title = "Prediction with 784-512-10"
    unit = "µs"
    programs = (
        "chainrule", "floor", "numpy", "onnxruntime", "jax", "pytorch", "pytorch-compile", "scikit-learn",
        "keras-jax", "keras-tensorflow", "keras-pytorch",
    )  # fmt: skip

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        sizes = (1, 40) if smoke else (1, 8, 64, 10000)
        return [Case("1 sample" if n == 1 else f"{n:,} samples", {"samples": n}) for n in sizes]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        n = case.settings["samples"]
        x = np.random.default_rng(0).random((n, MLP.widths[0]), dtype=np.float32)
        blocks, block_seconds = (1, 0.0) if setting.smoke else (5, 0.2)
        figures = {}
        for way, predict in program.load().predictors(MLP, **program.options).items():
            shape = predict(x).shape
            assert shape == (n, 10), f"{program.label} {way} returned {shape}"
            seconds = seconds_each(lambda predict=predict: predict(x), blocks, block_seconds)
            figures[way] = Figures([1e6 * s for s in seconds])
        return figures
