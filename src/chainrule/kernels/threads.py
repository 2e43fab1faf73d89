"""Who may use which cores: one thread pool at a time.

Both BLAS's threads and the compiler's spin while they wait, and with both at work an
epoch takes five times as long.  So while a plan runs, BLAS is held to one thread and
called from inside parallel loops; afterwards the user's limits are as they were.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numba

from chainrule import config

_counting = threading.Lock()
_inside: list[None] = []  # one entry for each call of `one_pool` that has not ended
_before: list[int] = []  # the user's limits
SPINS = 10_000  # turns of a waiting thread, about 20 microseconds, before it sleeps and leaves its core to others


def wait_briefly() -> None:
    """Let threads that wait for each other sleep soon; called before the pool is made, unless the user has said how.

    Left alone, GNU's OpenMP spins for milliseconds, and on a machine that does something else as well a step then
    takes ten times as long (docs/decisions/0009).
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


@cache
def _blas() -> tuple[Any, ...]:
    """The BLAS libraries of this process (found once: looking through all loaded libraries takes milliseconds)."""
    from threadpoolctl import ThreadpoolController

    import chainrule.kernels.gemm  # noqa: F401  (loads the BLAS that the kernels call)

    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)


def pool_size() -> int:
    """Threads that a parallel loop gets."""
    return min(config.threads(), int(numba.config.NUMBA_NUM_THREADS))


@contextmanager
def one_pool() -> Iterator[None]:
    """Inside, only the kernels' own loops run in parallel; the last to leave restores the user's limits."""
    with _counting:
        if not _inside:
            _before[:] = [library.num_threads for library in _blas()]
            for library in _blas():
                library.set_num_threads(1)
        _inside.append(None)
    loops = numba.get_num_threads()  # of the calling thread
    numba.set_num_threads(pool_size())
    try:
        yield
    finally:
        numba.set_num_threads(loops)
        with _counting:
            _inside.pop()
            if not _inside:
                for library, number in zip(_blas(), _before, strict=True):
                    library.set_num_threads(number)
