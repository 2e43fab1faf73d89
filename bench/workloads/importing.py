"""How long `import` takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from bench.programs import Program
from bench.workloads.workload import Case, Figures, Setting, Workload

TIMED = """
import time, numpy
start = time.perf_counter()
{imports}
{model}
print(time.perf_counter() - start)
"""


class Importing(Workload):
    """Each figure from a fresh interpreter whose files were read before.

    chainrule imports its parts when they are first used, so the import alone would say too little: a second
    case goes on until a model stands there, compiled, as a user's next lines do.
    """

    name = "import"
    few = ("chainrule", "onnxruntime", "keras-jax")
    title = "Import"
    unit = "ms"
    programs = (
        "chainrule", "onnxruntime", "jax", "pytorch", "scikit-learn", "keras-jax", "keras-tensorflow",
        "keras-pytorch",
    )  # fmt: skip

    def cases(self, smoke: bool, threads: int) -> list[Case]:
        first_model = Case("import and a first model, beyond NumPy's", {"model": True})
        return [first_model] if smoke else [
            Case("import, beyond NumPy's", {"model": False}),
            first_model,
            Case("whole process that imports", {"whole": True}),
        ]  # fmt: skip

    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        assert program.starts_with is not None
        imports, model = program.starts_with
        environment = os.environ | ({"KERAS_BACKEND": program.backend} if program.backend else {})
        whole = case.settings.get("whole", False)
        if whole:
            code = imports
        else:
            code = TIMED.format(imports=imports, model=model if case.settings["model"] else "")
        figures = []
        for _ in range(1 if setting.smoke else 4):
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            seconds = time.perf_counter() - start if whole else float(done.stdout.split()[-1])
            figures.append(1e3 * seconds)
        return {"": Figures(figures if setting.smoke else figures[1:])}
