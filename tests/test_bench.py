"""The benchmark runs, and reckons ratios rightly; no time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bench import machine, overview, report
from bench.layers import Depthwise, walk
from bench.networks import CONVNET, LENET, MLP, RESNET, SEPARABLE, TABULAR, VGG, Network, dense
from bench.peers import floor
from bench.programs import PROGRAMS
from bench.turns import Outcome, Plan, take_turns
from bench.workloads import WORKLOADS
from bench.workloads.convolutional import Convolutional
from bench.workloads.installed import InstalledSize
from bench.workloads.prediction import Prediction
from bench.workloads.training import TrainMLP, check_learning, check_network
from bench.workloads.workload import Setting, Workload

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
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


def test_an_overview_of_all_training_is_drawn(tmp_path: Path) -> None:
    faster, slower = (PROGRAMS[key].label for key in ("floor", "floor-pytorch"))
    rows = {"chainrule": [2.0], faster: [1.0], slower: [1.5], "PyTorch": [4.0]}
    workloads = {name: report.summarise(WORKLOADS[name], Outcome({"step": rows}), []) for name in ("convnet", "vgg")}
    summary = {
        "name": "run", "smoke": False, "threads": 2, "rounds": 1, "machine": machine.describe(), "versions": {},
        "workloads": workloads | {"scaling": workloads["vgg"]},
    }  # fmt: skip
    assert overview.multiples_of(workloads["vgg"]) == {faster: 0.5, "PyTorch": 2.0}
    assert [path.name for path in overview.draw(summary, tmp_path)] == ["run-overview.png"]
    assert (tmp_path / "run-overview.png").stat().st_size > 10_000
    summary["workloads"] = {"convnet": report.summarise(WORKLOADS["convnet"], Outcome(), [])}
    assert not list(overview.draw(summary, tmp_path))


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


@pytest.mark.parametrize(("network", "parameters"), [
    (CONVNET, 34_826),  # as Keras's example says
    (LENET, 61_706),
    (RESNET, 272_474),  # 0.27 million in the paper
    (VGG, 2_197_706),
    (SEPARABLE, 274_250),
    (TABULAR, 3_457),
])  # fmt: skip
def test_networks_are_those_of_the_literature(network: Network, parameters: int) -> None:
    assert network.parameters() == parameters


def test_shapes_of_convolutional_networks() -> None:
    shapes = {layer: shape for layer, shape in walk(SEPARABLE.layers, SEPARABLE.shape) if isinstance(layer, Depthwise)}
    assert list(shapes.values())[-1] == (8, 8, 256)
    assert CONVNET.sample_products() == [(26 * 26, 9, 32), (11 * 11, 9 * 32, 64), (1, 1600, 10)]
    assert len(RESNET.sample_products()) == 19 + 2 + 1  # convolutions, shortcuts, dense


@pytest.fixture
def multiplied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """What the floor multiplies, as (m, k, n)."""
    seen: list[tuple[int, int, int]] = []

    def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        seen.append((*a.shape, b.shape[1]))
        np.matmul(a, b, out=out)

    monkeypatch.setattr(floor, "library_of", lambda library, count: (np.asarray, multiply))
    monkeypatch.setenv("BENCH_THREADS", "2")
    return seen


def test_the_floor_multiplies_what_a_network_multiplies(multiplied: list[tuple[int, int, int]]) -> None:
    network = dense(6, 5, 4, 3)
    epoch, _ = floor.trainer(network, np.zeros((7, 6), np.float32), np.zeros(7), batch=7)
    epoch()
    assert sorted(multiplied) == sorted(network.training_products(7))


def test_the_floor_of_a_convolutional_network_leaves_nothing_out(multiplied: list[tuple[int, int, int]]) -> None:
    epoch, _ = floor.trainer(LENET, np.zeros((7, 28, 28, 1), np.float32), np.zeros(7), batch=7)
    epoch()
    assert sum(2 * m * k * n for m, k, n in multiplied) == LENET.training_flops(7)


def test_figures_of_another_network_or_of_one_that_does_not_learn_are_refused() -> None:
    check_network(PROGRAMS["pytorch"], CONVNET, 34_826)
    with pytest.raises(AssertionError, match="PyTorch has 34,794 parameters, not 34,826"):
        check_network(PROGRAMS["pytorch"], CONVNET, 34_794)
    check_learning(PROGRAMS["pytorch"], 2.3, 2.2)
    check_learning(PROGRAMS["floor"], float("nan"), float("nan"))
    for loss in (2.4, float("nan")):
        with pytest.raises(AssertionError, match="PyTorch did not learn"):
            check_learning(PROGRAMS["pytorch"], 2.3, loss)


@pytest.mark.parametrize(
    "workload", [w for w in WORKLOADS.values() if isinstance(w, Convolutional | Prediction)], ids=lambda w: w.name
)
def test_even_the_smallest_run_compares_with_the_floor(workload: Workload) -> None:
    for smoke in (False, True):
        assert workload.takes_part("chainrule", smoke)
        assert workload.takes_part("floor", smoke)


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
