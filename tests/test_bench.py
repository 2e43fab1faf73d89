"""The benchmark runs, and reckons ratios rightly; no time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bench import report
from bench.networks import MLP, Network
from bench.peers import floor
from bench.programs import PROGRAMS
from bench.turns import Outcome, Plan, take_turns
from bench.workloads import WORKLOADS
from bench.workloads.installed import InstalledSize
from bench.workloads.training import TrainMLP
from bench.workloads.workload import Setting

ROOT = Path(__file__).parent.parent


def test_a_smoke_run_measures_chainrule_and_the_floor(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "bench", "mlp", "tabular", "predict", "--smoke", "--no-charts", "--threads", "1",
        "--programs", "chainrule", "floor", "--name", "proof", "--out", str(tmp_path),
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "CHAINRULE_DATA"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "→ chainrule" in done.stdout

    summary = json.loads((tmp_path / "proof.json").read_text())
    assert list(summary["workloads"]) == ["mlp", "tabular", "predict"]
    assert str(tmp_path) not in json.dumps(summary)
    for workload in summary["workloads"].values():
        assert workload["failed"] == {}
        for case in workload["cases"].values():
            assert case["share_of_floor"] > 0
            assert all(row["median"] > 0 for row in case["programs"].values())
    assert np.isfinite(summary["workloads"]["mlp"]["cases"]["epoch"]["programs"]["chainrule"]["loss"])


def test_ratios_are_paired_by_round_and_losses_stay() -> None:
    outcome = Outcome({"epoch": {
        "chainrule": [1.0, 4.0, 1.0],
        PROGRAMS["floor"].label: [0.5, 2.0, 0.5],
        "PyTorch": [2.0, 8.0, 2.0],
        "scikit-learn": [0.1, 0.4, 0.1],
    }}, failed={"jax": "Traceback …\nRuntimeError: out of order"})  # fmt: skip
    summary = report.summarise(TrainMLP(), outcome, ["keras-jax", "onnxruntime"])
    case = summary["cases"]["epoch"]
    assert case["programs"]["PyTorch"]["ratio"] == pytest.approx(0.5)
    assert case["programs"]["scikit-learn"]["ratio"] == pytest.approx(10)
    assert case["share_of_floor"] == pytest.approx(0.5)
    assert summary["absent"] == ["Keras on JAX"]  # onnxruntime does not train

    lines = report.table("mlp", summary).splitlines()
    order = [line.strip().removeprefix("→ ").split("  ")[0] for line in lines[2:6]]
    assert order == ["scikit-learn", PROGRAMS["floor"].label, "chainrule", "PyTorch"]
    assert "not installed: Keras on JAX" in lines[-2]
    assert lines[-1].endswith("RuntimeError: out of order")


def test_a_failure_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    lines: list[str] = []
    plan = Plan(rounds=2, threads=1, smoke=True, data=tmp_path / "nowhere", say=lines.append)
    outcome = take_turns([WORKLOADS["tabular"], WORKLOADS["mlp"]], ["floor"], plan)
    assert "FileNotFoundError" in outcome["mlp"].failed["floor"]
    assert len(outcome["tabular"].values["step"][PROGRAMS["floor"].label]) == 2


def test_products_of_a_step() -> None:
    assert MLP.training_products(100) == [
        (100, 784, 512), (100, 512, 10), (512, 100, 10), (784, 100, 512), (100, 10, 512),
    ]  # fmt: skip
    # Forward and back cost three times the forward pass, but for the gradient of the inputs.
    assert MLP.training_flops(1) == 2 * (3 * (784 * 512 + 512 * 10) - 784 * 512)


def test_the_floor_multiplies_what_a_network_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network((6, 5, 4, 3))
    seen: list[tuple[int, int, int]] = []

    def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        seen.append((*a.shape, b.shape[1]))
        np.matmul(a, b, out=out)

    monkeypatch.setattr(floor, "library_of", lambda library: (np.asarray, multiply))
    floor.trainer(network, np.zeros((7, 6), np.float32), np.zeros(7), batch=7)()
    assert sorted(seen) == sorted(network.training_products(7))


def test_every_program_of_a_workload_is_known() -> None:
    for workload in WORKLOADS.values():
        assert set(workload.programs) <= set(PROGRAMS)
        assert set(workload.few) <= set(workload.programs)
        labels = [case.label for case in workload.cases(smoke=False, threads=2)]
        assert len(labels) == len(set(labels))


def test_installed_size_counts_dependencies(tmp_path: Path) -> None:
    workload, setting = InstalledSize(), Setting(tmp_path, smoke=True)
    case = workload.cases(smoke=True, threads=1)[0]
    numpy = workload.measure(PROGRAMS["numpy"], case, setting)[""].values[0]
    ours = workload.measure(PROGRAMS["chainrule"], case, setting)[""].values[0]
    assert 5 < numpy < ours
