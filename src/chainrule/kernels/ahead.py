"""A first run on two cores: a second process compiles from the end of a plan, this one from its start.

Compiling takes seconds, and the compiler one core at a time.  Where a plan finds kernels missing in the cache,
a copy of the process is forked off that binds the same steps in reverse and leaves what it compiles in the
cache; where the two meet, each finds the other's work there.  The copy runs no kernel, and is ended with the
binding at the latest.  Where processes cannot be forked, one compiles everything.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chainrule import config

_work: list[Callable[[], object]] = []  # what a second process could do, innermost last


@contextmanager
def from_behind(work: Callable[[], object]) -> Iterator[None]:
    """Inside, `work` is begun by a second process as soon as something must be compiled."""
    possible = sys.platform == "linux" and config.threads() > 1
    before, started = list(_work), list(_children)
    _work[:] = [work] if possible else []
    try:
        yield
    finally:
        _work[:] = before
        for child in [c for c in _children if c not in started]:
            _end(child)


_children: list[int] = []  # processes that have been started and not ended


def start() -> None:
    """Something must be compiled: let a second process begin at the other end."""
    if not _work:
        return
    work = _work.pop()
    with warnings.catch_warnings():
        # Python warns of forking where there are threads: what they hold stays held.  Then the copy waits and is ended.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            child = os.fork()
        except OSError:  # no room for another process: this one compiles everything
            return
    if child:
        _children.append(child)
        return
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which ends this one
        _children.clear()
        work()
    finally:
        os._exit(0)


def _end(child: int) -> None:
    if child not in _children:  # another thread's binding has ended it
        return
    _children.remove(child)
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
