"""Training of convolutional networks: some steps, and as many before them to warm up."""

from __future__ import annotations

from bench.networks import CONVNET, LENET, RESNET, SEPARABLE, VGG, Network
from bench.programs import Program
from bench.workloads.training import Training
from bench.workloads.workload import Case, Figures, Setting


class Convolutional(Training):
    """Seconds of a step, times what the unit makes of them.

    Attributes:
        network, batch: what is trained.
        steps: of one figure; there are three figures, or fewer where they take long.
        scale: units in a second's step: 1000 for milliseconds, the steps of an epoch for an epoch's seconds.
    """

    unit = "ms"
    programs = (
        "chainrule", "floor", "floor-pytorch", "jax", "pytorch", "pytorch-compile", "keras-jax",
        "keras-tensorflow", "keras-pytorch",
    )  # fmt: skip
    few = ("chainrule", "floor", "pytorch", "keras-tensorflow")
    network: Network
    batch: int
    steps: int
    scale: float = 1e3

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        if smoke:
            return [Case("step", {"steps": 2, "batch": 4})]
        return [Case("step", {"steps": self.steps, "batch": self.batch})]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        steps, batch = case.settings["steps"], case.settings["batch"]
        seconds, loss = self.epochs(program, self.network, steps * batch, batch, setting)
        return {"": Figures([self.scale * s / steps for s in seconds], loss)}


class TrainConvnet(Convolutional):
    """Keras's own example."""

    name = "convnet"
    title = "An epoch of MNIST with Keras's mnist_convnet: 469 steps of 128, reckoned from 3 times 60 after 60"
    unit = "s"
    network, batch, steps, scale = CONVNET, 128, 60, 469


class TrainLeNet(Convolutional):
    name = "lenet"
    title = "An epoch of MNIST with LeNet-5: 938 steps of 64, reckoned from 3 times 200 after 200"
    unit = "s"
    network, batch, steps, scale = LENET, 64, 200, 938


class TrainVGG(Convolutional):
    """Wide 3x3 convolutions, which the big frameworks do best."""

    name = "vgg"
    title = "A training step of a VGG-like net: 32x32x3, twice 64, 128 and 256 channels, batch normalisation, batch 64"
    network, batch, steps = VGG, 64, 6


class TrainResNet(Convolutional):
    """Narrow 3x3 convolutions, normalised, with shortcuts."""

    name = "resnet"
    title = "A training step of ResNet-20: 32x32x3, 16, 32 and 64 channels, batch normalisation, batch 64"
    network, batch, steps = RESNET, 64, 12


class TrainSeparable(Convolutional):
    """Little arithmetic for much memory."""

    name = "separable"
    title = "A training step of a depthwise-separable net: 32x32x3, 32 to 512 channels, batch normalisation, batch 64"
    network, batch, steps = SEPARABLE, 64, 6
