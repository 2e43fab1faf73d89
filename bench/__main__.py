"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import data, machine, report
from bench.programs import PROGRAMS
from bench.turns import Plan, take_turns
from bench.workloads import WORKLOADS
from bench.workloads.workload import Workload

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure, print, write, draw; 1 if a program failed, 0 otherwise."""
    arguments = _arguments()
    if arguments.draw:
        summary = json.loads((arguments.out / f"{arguments.name}.json").read_text())
        return _draw(summary, arguments)
    selected = arguments.workloads or list(WORKLOADS)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        origin = data.prepare(Path(folder), arguments.smoke)
        summary = {
            "name": arguments.name,
            "date": datetime.date.today().isoformat(),
            "smoke": arguments.smoke,
            "data": origin,
            "threads": arguments.threads,
            "rounds": arguments.rounds,
            "machine": machine.describe(),
            "versions": machine.versions(),
            "workloads": {},
        }
        print(_heading(summary), flush=True)
        plan = Plan(arguments.rounds, arguments.threads, arguments.smoke, Path(folder), _say)
        chosen = arguments.programs or list(PROGRAMS)
        absent = [key for key in chosen if PROGRAMS[key].missing()]
        for workloads in _together(selected, arguments.smoke):
            programs = [key for key in chosen if key not in absent]
            for name, outcome in take_turns(workloads, programs, plan).items():
                summary["workloads"][name] = report.summarise(WORKLOADS[name], outcome, absent)
                print(f"\n{report.table(name, summary['workloads'][name])}", flush=True)
            _write(summary, arguments)  # after each, so that an interrupted run keeps what it has
    failed = any(w["failed"] for w in summary["workloads"].values())
    print(f"\n{time.perf_counter() - start:.0f} s in all", flush=True)
    return _draw(summary, arguments) or int(failed)


def _together(names: list[str], smoke: bool) -> list[list[Workload]]:
    """Workloads that share their processes: none where times count, all where only proof is wanted."""
    workloads = [WORKLOADS[name] for name in names]
    return [workloads] if smoke else [[workload] for workload in workloads]


def _arguments() -> argparse.Namespace:
    names, programs = ", ".join(WORKLOADS), ", ".join(PROGRAMS)
    parser = argparse.ArgumentParser(prog="python -m bench", description="The same work on chainrule and its peers.")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {names}; all by default")
    parser.add_argument(
        "--programs", nargs="+", choices=PROGRAMS, metavar="PROGRAM",
        help=f"of {programs}; all that are installed by default",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, help="turns of each program; 5 by default")
    parser.add_argument("--threads", type=int, default=2, help="of each program; 2 by default")
    parser.add_argument("--smoke", action="store_true", help="everything tiny and once, to prove that it works")
    parser.add_argument("--name", default="local", help="of the files with the results")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the files; bench/results by default")
    parser.add_argument("--no-charts", action="store_true", help="a table and JSON only")
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw the charts of --name again")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.workloads) - set(WORKLOADS)):
        parser.error(f"no workload {', '.join(unknown)}; there are {names}")
    cores = machine.describe()["cores"]
    if not 1 <= arguments.threads <= cores:
        parser.error(f"--threads {arguments.threads}: this machine has {cores} cores")
    arguments.rounds = arguments.rounds or (1 if arguments.smoke else 5)
    return arguments


def _heading(summary: dict[str, Any]) -> str:
    m = summary["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items())
    return (
        f"{m['processor']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}, Python {m['python']}\n"
        f"{versions}\n"
        f"{summary['data']}, {summary['threads']} threads each, medians of {summary['rounds']} rounds"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write(summary: dict[str, Any], arguments: argparse.Namespace) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{arguments.name}.json"
    unfinished = path.with_suffix(".json.unfinished")
    unfinished.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    os.replace(unfinished, path)


def _draw(summary: dict[str, Any], arguments: argparse.Namespace) -> int:
    if arguments.no_charts:
        return 0
    try:
        from bench import charts, overview
    except ModuleNotFoundError as error:
        _say(f"no charts: {error.name} is not installed")
        return 0
    for path in (*charts.draw(summary, arguments.out), *overview.draw(summary, arguments.out)):
        _say(f"drew {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
