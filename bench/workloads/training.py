"""Training: whole epochs after one to warm up, as every program's own loop runs them."""

from __future__ import annotations

import math
import time
from abc import abstractmethod

from bench import data
from bench.networks import MLP, TABULAR, Network, convnet, dense
from bench.programs import Program
from bench.workloads.workload import Case, Figures, Setting, Workload

LONG = 30  # seconds after which no further epoch is begun
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
        """Seconds of each measured epoch, three unless they take too long, and the loss of the last."""
        x, y = data.training_set(network, samples, setting.data)
        epoch, parameters = program.load().trainer(network, x, y, batch, **program.options)
        check_network(program, network, parameters)
        first = loss = epoch()
        seconds: list[float] = []
        while len(seconds) < (1 if setting.smoke else 3) and sum(seconds) < LONG:
            start = time.perf_counter()
            loss = epoch()
            seconds.append(time.perf_counter() - start)
        if not setting.smoke:
            check_learning(program, first, loss)
        return seconds, loss if math.isfinite(loss) else None


def check_network(program: Program, network: Network, parameters: int) -> None:
    """Refuse figures of another network."""
    if parameters != network.parameters():
        raise AssertionError(f"{program.label} has {parameters:,} parameters, not {network.parameters():,}")


def check_learning(program: Program, first: float, last: float) -> None:
    """Refuse figures of a loop that learns nothing; the floor has no loss."""
    if not program.is_floor and not last < first:
        raise AssertionError(f"{program.label} did not learn: its loss was {first:.4g} first and {last:.4g} in the end")


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
    """How time grows with the batch, the width and the threads.

    Attributes:
        batches, widths: for the curves, each with the middle one of the other.
        samples: in an epoch.
    """

    unit = "µs"
    programs = ("chainrule", "floor", "jax", "pytorch", "keras-tensorflow")
    has_curves = True
    batches: tuple[int, ...]
    widths: tuple[int, ...]
    samples: int

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        batch, width = self.batches[len(self.batches) // 2], self.widths[len(self.widths) // 2]
        if smoke:
            few = {"batch": 50, "width": self.widths[0], "samples": 100}
            return [Case("batch 50", few), Case(f"width {self.widths[0]}", few), Case("threads 1", few, 1)]
        return [
            *(Case(f"batch {b}", {"batch": b, "width": width, "samples": self.samples}) for b in self.batches),
            *(Case(f"width {w}", {"batch": batch, "width": w, "samples": self.samples}) for w in self.widths),
            *(
                Case(f"threads {n}", {"batch": batch, "width": width, "samples": self.samples}, n)
                for n in sorted({1, threads})
            ),
        ]

    @abstractmethod
    def network(self, width: int) -> Network:
        """The network of some width."""

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        samples = case.settings["samples"]
        network = self.network(case.settings["width"])
        seconds, loss = self.epochs(program, network, samples, case.settings["batch"], setting)
        return {"": Figures([1e6 * s / samples for s in seconds], loss)}


class ScalingMLP(Scaling):
    name = "scaling"
    title = "Training 784-width-10, time for a sample"
    batches = (10, 32, 100, 320, 1000)
    widths = (32, 128, 512, 2048)
    samples = 12000

    def network(self, width: int) -> Network:
        return dense(784, width, 10)


class ScalingConvnet(Scaling):
    name = "scaling-convnet"
    title = "Training mnist_convnet, time for a sample: width is the first convolution's, the second has twice as many"
    batches = (8, 32, 128, 512)
    widths = (8, 16, 32, 64)
    samples = 2048

    def network(self, width: int) -> Network:
        return convnet(width)
