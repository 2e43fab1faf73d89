"""What is measured."""

from __future__ import annotations

from bench.workloads.convolutional import TrainConvnet, TrainLeNet, TrainResNet, TrainSeparable, TrainVGG
from bench.workloads.importing import Importing
from bench.workloads.installed import InstalledSize
from bench.workloads.prediction import PredictConvnet, PredictMLP, PredictResNet
from bench.workloads.script import ColdStart, PeakMemory
from bench.workloads.training import ScalingConvnet, ScalingMLP, Tabular, TrainMLP
from bench.workloads.workload import Workload

WORKLOADS: dict[str, Workload] = {
    w.name: w
    for w in (
        TrainMLP(), Tabular(), TrainConvnet(), TrainLeNet(), TrainVGG(), TrainResNet(), TrainSeparable(),
        PredictMLP(), PredictConvnet(), PredictResNet(), Importing(), ColdStart(), PeakMemory(), InstalledSize(),
        ScalingMLP(), ScalingConvnet(),
    )
}  # fmt: skip
