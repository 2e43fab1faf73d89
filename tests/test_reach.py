"""Kernels reach for nothing outside their arrays, which here end or begin where memory does.

An index outside an array usually meets memory that is there, and spoils something else.  Here it meets a page
that nobody may touch, which ends the process: another one for that reason, which names each case before it runs.
"""

import ctypes
import mmap
import os
import subprocess
import sys

import numba
import numpy as np
import pytest

import test_conv_kernels as convolutions
import test_primitives as primitives
from chainrule.kernels.threads import one_pool
from chainrule.ops.primitive import Example
from chainrule.spec import TensorSpec

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pages are protected by POSIX's mprotect")
SIDES = ("end", "begin")
UNTOUCHABLE = 0  # PROT_NONE


def fenced(shape, dtype, side):
    """An array of zeros that ends ("end") or begins ("begin") at a page that nobody may touch."""
    dtype, page = np.dtype(dtype), mmap.PAGESIZE
    count = int(np.prod(shape))
    room = -(-count * dtype.itemsize // page) * page
    memory = mmap.mmap(-1, page + room + page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for fence in (address, address + page + room):
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(fence), ctypes.c_size_t(page), UNTOUCHABLE) == 0
    first = page + (room - count * dtype.itemsize if side == "end" else 0)
    return np.frombuffer(memory, dtype, count, first).reshape(shape)


def run(primitive, example, dtype, side):
    """The kernels of an example, with all their arrays fenced."""

    def moved(x):
        copy = fenced(x.shape, x.dtype, side)
        copy[...] = x
        return copy

    def room(workspace):
        specs = workspace(*map(TensorSpec.of, inputs), **attrs)
        return {"workspace": tuple(fenced(s.shape, s.dtype, side) for s in specs)} if specs else {}

    rng, kernels, attrs = np.random.default_rng(0), primitive.kernels, example.attrs
    inputs = list(map(moved, primitives.draw(example, rng, dtype)))
    outputs = list(map(moved, primitives.forward(primitive, inputs, attrs)))
    kernels.forward(*outputs, *inputs, **attrs, **room(kernels.forward_workspace)).run()
    if primitive.vjp is None:
        return
    dy = moved(primitives.upstream(outputs[0], rng))
    gradients = primitives.vjp(primitive, dy, inputs, outputs, attrs)
    wanted = primitives.wanted_by(primitive, inputs, gradients)
    targets = [fenced(x.shape, x.dtype, side) if w else None for x, w in zip(inputs, wanted, strict=True)]
    arrays, shapes = primitives.saved(primitive, inputs, outputs)
    kernels.vjp(*targets, dy, *arrays.values(), **shapes, **attrs, **room(kernels.vjp_workspace)).run()


def run_all():
    """Each kernel that other tests compile: those of the registry, and the convolutions that only larger images get."""
    cases = [(case.id, *case.values) for case in primitives.COMPILED]
    for name, (x, w, b, _, attrs) in convolutions.CASES.items():
        example = Example(lambda rng, given=(x, w, b): dict(zip("xwb", given, strict=True)), attrs)
        cases.append((name, convolutions.CONV, example, "float32"))
    with one_pool():
        for name, primitive, example, dtype in cases:
            for side in SIDES if primitive.kernels else ():
                print(name, side, flush=True)
                run(primitive, example, dtype, side)


@numba.njit
def fill(x, count):
    for i in range(count):
        x[i] = 1


def trespass(side):
    """A kernel that writes one number after the array, or before it where the array is turned round."""
    x = fenced((1000,), "float32", side)[:: 1 if side == "end" else -1]
    for count in (x.size, x.size + 1):
        print(count, flush=True)
        fill(x, count)


def process(*arguments):
    run = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout.splitlines()[-1:], run.stderr


def test_kernels_reach_for_nothing_outside_their_arrays():
    code, last, errors = process()
    assert code == 0, f"{last}: {errors}"


@pytest.mark.parametrize("side", SIDES)
def test_a_kernel_that_does_is_found(side):
    code, last, _ = process(side)
    assert code < 0  # a signal
    assert last == ["1001"]


if __name__ == "__main__":
    trespass(*sys.argv[1:]) if sys.argv[1:] else run_all()
