"""How much `pip install` puts on the disk."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from pathlib import Path

from packaging.requirements import Requirement

from bench.programs import Program
from bench.workloads.workload import Case, Figures, Setting, Workload


class InstalledSize(Workload):
    """A program's packages and all that they require, each counted once, without compiled bytecode."""

    name = "size"
    title = "Installed size with all dependencies"
    unit = "MB"
    programs = (
        "chainrule", "numpy", "onnxruntime", "jax", "pytorch", "scikit-learn", "keras-jax",
        "keras-tensorflow", "keras-pytorch",
    )  # fmt: skip
    repeated = False

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        return [Case("installed")]

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        owners = importlib.metadata.packages_distributions()
        roots = [owners.get(name, [name])[0] for name in program.needs if name != "onnx"] or ["numpy"]
        needed: set[str] = set()
        for root in roots:
            _require(root, needed)
        return {"": Figures([sum(_bytes(name) for name in needed) / 1e6])}


def _require(name: str, needed: set[str]) -> None:
    """Add a distribution and all that it requires here, without extras."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in needed:
        return
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    needed.add(key)
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            _require(requirement.name, needed)


def _bytes(name: str) -> int:
    """The size of a distribution's files; of an editable one, of the folder that it points to."""
    files = importlib.metadata.distribution(name).files or ()
    paths = {Path(str(file.locate())) for file in files if file.suffix != ".pyc"}
    spec = None if any(path.suffix == ".py" for path in paths) else importlib.util.find_spec(name.replace("-", "_"))
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        paths |= {path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    return sum(path.stat().st_size for path in paths if path.is_file())
