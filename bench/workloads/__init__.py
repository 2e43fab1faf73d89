"""What is measured."""

from __future__ import annotations

from bench.workloads.importing import Importing
from bench.workloads.installed import InstalledSize
from bench.workloads.prediction import Prediction
from bench.workloads.script import ColdStart, PeakMemory
from bench.workloads.training import Scaling, Tabular, TrainMLP
from bench.workloads.workload import Workload

WORKLOADS: dict[str, Workload] = {
    w.name: w
    for w in (
        TrainMLP(), Tabular(), Prediction(), Importing(), ColdStart(), PeakMemory(),
        InstalledSize(), Scaling(),
    )
}  # fmt: skip
