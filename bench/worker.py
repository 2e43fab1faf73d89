"""One process: one program, some cases of one or several workloads.  Started by `turns.run_process`."""

from __future__ import annotations

import dataclasses
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from bench import threads
from bench.programs import PROGRAMS, Program
from bench.workloads import WORKLOADS
from bench.workloads.workload import Setting

MARK = "bench result: "


def main() -> None:
    """Measure what the argument says; then, for each workload, print figures or failure."""
    job = json.loads(sys.argv[1])
    threads.pin()
    setting = Setting(Path(job["data"]), job["smoke"])
    for name, labels in job["cases"].items():
        try:
            figures = _measure(name, labels, PROGRAMS[job["program"]], setting, job["threads"])
            print(MARK + json.dumps({"workload": name, "figures": figures}), flush=True)
        except Exception:  # whatever goes wrong with a peer belongs into the table
            print(MARK + json.dumps({"workload": name, "failure": traceback.format_exc()[-2000:]}), flush=True)


def _measure(name: str, labels: list[str], program: Program, setting: Setting, count: int) -> dict[str, Any]:
    """Figures by case and way."""
    workload = WORKLOADS[name]
    return {
        case.label: {way: dataclasses.asdict(f) for way, f in workload.measure(program, case, setting).items()}
        for case in workload.cases(setting.smoke, count)
        if case.label in labels
    }


if __name__ == "__main__":
    main()
