"""The plain script that a user of each program would write for MNIST, as a whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.programs import Program
from bench.workloads.workload import Case, Figures, Setting, Workload

SCRIPTS = Path(__file__).parent.parent / "scripts"


@dataclass(frozen=True)
class Run:
    """What a process took."""

    seconds: float
    peak_mib: float


def run(program: Program, setting: Setting, caches: Path) -> Run:
    """Run a program's script, with the compilers' caches in a given folder."""
    environment = os.environ | {
        "CHAINRULE_CACHE": str(caches / "chainrule"),
        "TORCHINDUCTOR_CACHE_DIR": str(caches / "torch"),
    }
    if program.backend:
        environment["KERAS_BACKEND"] = program.backend
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            _command(program, setting, caches), env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode:
            output.seek(0)
            raise RuntimeError(output.read().decode(errors="replace").strip()[-2000:])
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return Run(seconds, usage.ru_maxrss / unit)


def _command(program: Program, setting: Setting, caches: Path) -> list[str]:
    if program.script is None:
        # The command reads MNIST itself where it is at hand, and the same arrays from a file where it is not.
        has_mnist = os.environ.get("CHAINRULE_DATA") and not setting.smoke
        source = "mnist" if has_mnist else str(setting.data / "mnist.npz")
        options = ["--epochs", "1", "--output", str(caches / "model")]
        return [sys.executable, "-m", "chainrule", "train", source, *options]
    return [sys.executable, str(SCRIPTS / f"{program.script}.py"), str(setting.data)]


class ColdStart(Workload):
    """From the start of the process until the network is trained for an epoch and tested.

    The first run begins with empty caches of compiled code; a later one finds what an earlier one left there.
    """

    name = "cold"
    few = ("chainrule", "jax", "pytorch", "scikit-learn", "keras-tensorflow")
    title = "From the start of the process to a trained and tested 784-512-10: one epoch of MNIST"
    unit = "s"
    programs = (
        "chainrule", "jax", "pytorch", "scikit-learn", "keras-jax", "keras-tensorflow", "keras-pytorch",
    )  # fmt: skip

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        later, first = Case("later runs", {"earlier": 1}), Case("first run, empty caches", {"earlier": 0})
        return [first] if smoke else [later, first]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(case.settings["earlier"]):
                run(program, setting, Path(folder))
            return {"": Figures([run(program, setting, Path(folder)).seconds])}


class PeakMemory(Workload):
    """The most memory that the process held at once."""

    name = "memory"
    few = ("chainrule", "chainrule-train", "pytorch-uint8")
    title = "Peak memory of training 784-512-10 on MNIST"
    unit = "MiB"
    programs = (
        "chainrule", "chainrule-train", "jax", "pytorch", "pytorch-uint8", "scikit-learn", "keras-jax",
        "keras-tensorflow", "keras-pytorch",
    )  # fmt: skip

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        return [Case("peak")]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        with tempfile.TemporaryDirectory() as folder:
            if not setting.smoke:
                run(program, setting, Path(folder))  # so that compiling does not count
            return {"": Figures([run(program, setting, Path(folder)).peak_mib])}
