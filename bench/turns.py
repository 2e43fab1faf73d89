"""Programs take turns, each in its own process: what the machine does meanwhile then falls on all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench import threads
from bench.programs import OURS, PROGRAMS
from bench.worker import MARK
from bench.workloads.workload import Workload

ROOT = Path(__file__).parent.parent
PATIENCE = 1800  # seconds for one process


@dataclass(frozen=True)
class Plan:
    """How to measure.

    Args:
        rounds: how many turns each program has.
        threads: for each process.
        smoke: whether all is tiny, and two processes may run at once since nobody looks at the times.
        data: the folder with the arrays.
        say: takes a line of progress.
    """

    rounds: int
    threads: int
    smoke: bool
    data: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """One process.

    Args:
        program: a key of `PROGRAMS`.
        threads: for this process.
        cases: labels of the cases, by name of the workload.
    """

    program: str
    threads: int
    cases: dict[str, list[str]]


@dataclass
class Outcome:
    """The figures of a workload: `values[case][program label]` is a list with one figure of each round."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def take_turns(workloads: list[Workload], programs: list[str], plan: Plan) -> dict[str, Outcome]:
    """Run programs in turn, for several rounds.

    Args:
        workloads: what each process measures; several at once save the time to start them.
        programs: keys of `PROGRAMS`, all installed.
        plan: how to measure.
    """
    outcomes = {w.name: Outcome({case.label: {} for case in w.cases(plan.smoke, plan.threads)}) for w in workloads}
    turns = list(_turns(workloads, programs, plan).values())
    rounds = plan.rounds if any(w.repeated for w in workloads) else 1
    with ThreadPoolExecutor(2 if plan.smoke else 1) as pool:
        for number in range(rounds):
            left = [turn for turn in turns if not all(turn.program in outcomes[w].failed for w in turn.cases)]
            for turn, results in zip(left, pool.map(lambda turn: run_process(turn, plan), left), strict=True):
                label = PROGRAMS[turn.program].label
                plan.say(f"{', '.join(turn.cases)}: round {number + 1} of {rounds}, {label}")
                for name, result in results.items():
                    _gather(outcomes[name], turn.program, result)
                    if isinstance(result, str):
                        plan.say(f"    failed: {last_line(result)}")
    return outcomes


def _turns(workloads: list[Workload], programs: list[str], plan: Plan) -> dict[tuple[int, str], Turn]:
    """One process for each program and number of threads, in the order in which they take turns."""
    turns: dict[tuple[int, str], Turn] = {}
    for key in programs:
        for workload in (w for w in workloads if w.takes_part(key, plan.smoke)):
            for case in workload.cases(plan.smoke, plan.threads):
                count = case.threads or plan.threads
                turn = turns.setdefault((count, key), Turn(key, count, {}))
                turn.cases.setdefault(workload.name, []).append(case.label)
    return dict(sorted(turns.items(), key=lambda item: item[0][0]))


def run_process(turn: Turn, plan: Plan) -> dict[str, dict[str, Any] | str]:
    """What one process measured, by workload, or its last words."""
    job = {
        "program": turn.program, "cases": turn.cases, "threads": plan.threads, "smoke": plan.smoke,
        "data": str(plan.data),
    }  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.worker", json.dumps(job)],
            env=os.environ | threads.environment(turn.threads), cwd=ROOT, capture_output=True, text=True,
            errors="replace", check=False, timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return dict.fromkeys(turn.cases, f"not ready after {PATIENCE} s")
    results: dict[str, dict[str, Any] | str] = dict.fromkeys(turn.cases, done.stderr.strip()[-2000:])
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            report = json.loads(line.removeprefix(MARK))
            results[report["workload"]] = report.get("failure") or report["figures"]
    return results


def _gather(outcome: Outcome, key: str, result: dict[str, Any] | str) -> None:
    if isinstance(result, str):
        outcome.failed[key] = result
        return
    for case, ways in result.items():
        for way, figures in ways.items():
            label = label_of(key, way)
            outcome.values[case].setdefault(label, []).append(median(figures["values"]))
            if figures["loss"] is not None:
                outcome.losses.setdefault(case, {})[label] = figures["loss"]


def label_of(key: str, way: str = "") -> str:
    """A program's name in tables, with the way it took where it has several."""
    return f"{PROGRAMS[key].label}, {way}" if way else PROGRAMS[key].label


def is_ours(label: str) -> bool:
    """Whether a label is chainrule's."""
    return label.startswith(PROGRAMS[OURS].label)


def last_line(message: str) -> str:
    """The line of a traceback that says what is wrong."""
    return message.strip().splitlines()[-1] if message.strip() else "without a word"
