"""Training: whole epochs after one to warm up, as every program's own loop runs them."""

from __future__ import annotations

import math
import time

from bench import data
from bench.networks import MLP, TABULAR, Network
from bench.programs import Program
from bench.workloads.workload import Case, Figures, Setting, Workload

TRAINERS = (
    "chainrule", "floor", "floor-pytorch", "jax", "jax-scan", "pytorch", "pytorch-fused", "pytorch-compile",
    "keras-jax", "keras-tensorflow", "keras-pytorch", "scikit-learn",
)  # fmt: skip


class Training(Workload):
    """Seconds of an epoch, scaled to the workload's unit.

    Attributes:
        scale: units in a second, for one epoch of `samples` in batches of `batch`.
    """

    def epochs(
        self, program: Program, network: Network, samples: int, batch: int, setting: Setting
    ) -> tuple[list[float], float | None]:
        """Seconds of each measured epoch, and the loss of the last."""
        x, y = data.training_set(network, samples, setting.data)
        epoch = program.load().trainer(network, x, y, batch, **program.options)
        epoch()
        seconds, loss = [], math.nan
        for _ in range(1 if setting.smoke else 3):
            start = time.perf_counter()
            loss = epoch()
            seconds.append(time.perf_counter() - start)
        return seconds, loss if math.isfinite(loss) else None


class TrainMLP(Training):
    """The network of a thousand tutorials."""

    name = "mlp"
    title = "An epoch of MNIST: 784-512-10, ReLU and softmax, Adam, batch 100"
    unit = "s"
    programs = TRAINERS

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        return [Case("epoch", {"samples": 500 if smoke else 60000})]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        seconds, loss = self.epochs(program, MLP, case.settings["samples"], 100, setting)
        return {"": Figures(seconds, loss)}


class Tabular(Training):
    """A step of a few microseconds of arithmetic, where what surrounds it is everything."""

    name = "tabular"
    title = "A training step of a small table's network: 20-64-32-1, mean squared error, Adam, batch 32"
    unit = "µs"
    programs = TRAINERS

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        return [Case("step", {"steps": 20 if smoke else 2000})]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        steps = case.settings["steps"]
        seconds, loss = self.epochs(program, TABULAR, 32 * steps, 32, setting)
        return {"": Figures([1e6 * s / steps for s in seconds], loss)}


class Scaling(Training):
    """How time grows with the batch, the width and the threads."""

    name = "scaling"
    title = "Training 784-width-10, time for a sample"
    unit = "µs"
    programs = ("chainrule", "floor", "jax", "pytorch", "keras-tensorflow")
    has_curves = True

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        batches, widths = ((50,), (32,)) if smoke else ((10, 32, 100, 320, 1000), (32, 128, 512, 2048))
        numbers = sorted({1, threads})
        samples = 500 if smoke else 12000
        return [
            *(Case(f"batch {b}", {"batch": b, "width": 512, "samples": samples}) for b in batches),
            *(Case(f"width {w}", {"batch": 100, "width": w, "samples": samples}) for w in widths),
            *(Case(f"threads {n}", {"batch": 100, "width": 512, "samples": samples}, n) for n in numbers),
        ]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        samples = case.settings["samples"]
        network = Network((784, case.settings["width"], 10))
        seconds, loss = self.epochs(program, network, samples, case.settings["batch"], setting)
        return {"": Figures([1e6 * s / samples for s in seconds], loss)}
