"""The cache of compiled kernels: whatever happens to it, kernels run and are right."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from chainrule.kernels.compile import compiled
from chainrule.kernels.linked import Linked

PROGRAM = """
import sys
import numpy as np
from numba.core import event
from chainrule.ops.arithmetic import expm1
from chainrule.kernels.compile import cache_folder

compilations = 0

class Count(event.Listener):
    def on_start(self, e):
        global compilations
        compilations += 1

    def on_end(self, e):
        pass

event.register("numba:compile", Count())
x = np.linspace(-1, 1, 7)
y = np.empty_like(x)
expm1.kernels.forward(y, x).run()
np.testing.assert_allclose(y, np.expm1(x), rtol=1e-14)
print(compilations, cache_folder())
"""


def start(cache, program=PROGRAM):
    environment = {**os.environ, "CHAINRULE_CACHE": str(cache), "CHAINRULE_THREADS": "1"}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def finish(process):
    """How many compilations a process needed, and its cache folder."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    count, folder = output.split(maxsplit=1)
    return int(count), Path(folder.strip())


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    count, folder = finish(start(cache))
    assert count > 0
    return cache, folder


def test_a_second_process_compiles_nothing(filled):
    cache, _ = filled
    assert finish(start(cache))[0] == 0


def test_a_damaged_file_is_compiled_anew_and_replaced(filled):
    cache, folder = filled
    files = list(folder.iterdir())
    damages = {
        "truncated": lambda content: content[: len(content) // 2],
        "empty": lambda content: b"",
        "flipped bit": lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:],
        "flipped digest": lambda content: bytes([content[0] ^ 1]) + content[1:],
    }
    for kind, damage in damages.items():
        for file in files:
            file.write_bytes(damage(file.read_bytes()))
        assert finish(start(cache))[0] > 0, kind
        for file in files:
            digest, body = file.read_bytes()[:32], file.read_bytes()[32:]
            assert hashlib.sha256(body).digest() == digest, kind
    assert finish(start(cache))[0] == 0


def test_processes_that_write_at_once_all_succeed(tmp_path):
    processes = [start(tmp_path) for _ in range(2)]
    folders = {finish(p)[1] for p in processes}
    assert len(folders) == 1
    assert not [f for f in folders.pop().iterdir() if f.suffix]  # no unfinished file is left behind
    assert finish(start(tmp_path))[0] == 0


def test_code_for_another_processor_is_not_run(filled):
    cache, folder = filled
    other = PROGRAM.replace(
        "compilations = 0\n",
        "compilations = 0\nfrom llvmlite import binding\nbinding.get_host_cpu_name = lambda: 'another'\n"
        "import chainrule.kernels.compile as c\nc._machine.cache_clear()\n",
        1,
    )
    count, elsewhere = finish(start(cache, other))
    assert count > 0
    assert elsewhere != folder


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path):
    place = tmp_path / "file"
    place.write_text("a file where the folder should be")
    assert finish(start(place))[0] > 0


OPTIMIZERS = ("SGD(0.1, momentum=0.9)", "Adagrad(0.1)")  # the same arguments in their loops
STEPS = """
import sys
import numpy as np
import chainrule as keras
from chainrule.graph.variable import Variable
from chainrule.plan.parameters import Parameters

for name in sys.argv[1:]:
    weights = Parameters([Variable(np.linspace(-1, 1, 50, dtype="float32"))])
    optimizer = eval("keras.optimizers." + name)
    optimizer.bind(weights)
    for step in range(3):
        weights.gradient[:] = np.cos(np.arange(50) + step)
        optimizer.step()
    print(name, weights.theta.tobytes().hex())
"""


def test_kernels_from_other_processes_do_not_take_each_others_place(tmp_path):
    """Compiled code is linked by name: kernels that were compiled apart must stay apart when loaded together."""
    environment = {**os.environ, "CHAINRULE_CACHE": str(tmp_path)}

    def steps(*names):
        run = subprocess.run(
            [sys.executable, "-c", STEPS, *names], capture_output=True, text=True, env=environment, check=False
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.splitlines()

    apart = [line for name in OPTIMIZERS for line in steps(name)]
    assert steps(*OPTIMIZERS) == apart
    assert steps(*reversed(OPTIMIZERS)) == list(reversed(apart))


HELPERS = """
import sys
import numba
from chainrule.kernels.compile import compiled

def counting(step):
    @numba.njit
    def count(n):  # calls itself, so that it is not taken into its callers
        return step if n < 2 else count(n - 1) + count(n - 2)

    @compiled(name=f"kernel_{step}")
    def kernel(n):
        return count(n)

    return kernel

for step in map(int, sys.argv[1:]):
    print(counting(step)(10))
"""


def test_what_kernels_from_other_processes_call_is_their_own(tmp_path):
    """The functions that kernels call may be named alike, as some of Numba's are, and have the same numbers."""
    environment = {**os.environ, "CHAINRULE_CACHE": str(tmp_path)}

    def counts(*steps):
        command = [sys.executable, "-c", HELPERS, *map(str, steps)]
        run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert run.returncode == 0, run.stderr
        return [int(line) for line in run.stdout.split()]

    assert counts(1) == [89]
    assert counts(2, 1) == [178, 89]  # 2 is compiled, as the first in this process, and 1 loaded


TWO = """
import chainrule
from chainrule.kernels import ahead
import numpy as np
from numba.core import event

compiled, children = [], []

class Note(event.Listener):
    def on_start(self, e):
        compiled.append(e.data["dispatcher"])

    def on_end(self, e):
        pass

event.register("numba:compile", Note())
end = ahead._end
ahead._end = lambda child: (children.append(child), end(child))
chainrule.random.set_seed(0)
layers = [chainrule.layers.Dense(4, activation=name) for name in ("tanh", "sigmoid", "softplus")]
model = chainrule.Sequential([chainrule.Input((3,)), *layers])
model.compile("sgd", "mse")
x = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
model.fit(x, x[:, [0, 1, 2, 0]], epochs=2, verbose=0, shuffle=False)
print(len(compiled), len(children), model.predict(x, verbose=0).tobytes().hex())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="where processes are forked")
def test_a_second_process_compiles_from_the_end(tmp_path):
    """It is there where there are threads, takes work away, is ended, and changes no bit."""

    def run(threads, cache):
        environment = {**os.environ, "CHAINRULE_CACHE": str(tmp_path / cache), "CHAINRULE_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", TWO], capture_output=True, text=True, env=environment, check=False
        )
        assert run.returncode == 0, run.stderr
        assert not run.stderr
        return run.stdout.split()

    alone, _, bits = run("1", "one")
    some, children, same = run("2", "two")
    assert bits == same
    assert int(children) > 0
    assert int(some) < int(alone)
    assert run("2", "two") == ["0", "0", bits]  # nothing is missing, nobody is started


def test_functions_that_only_compiled_ones_call_are_linked_and_no_more():
    """It fails where Numba's inside has changed: compiling is right then, and slower (kernels/linked.py)."""

    @compiled(name="test_linked_part", cached=False)
    def part(x):
        return x + 1

    @numba.njit
    def whole(x):
        return 2 * part(x)

    assert whole(3) == 8
    (code,) = part.overloads.values()
    assert Linked in map(type, code)
    assert "set_env" not in vars(part.targetctx.codegen())  # what is compiled otherwise is compiled as before
