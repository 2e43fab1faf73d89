"""Compiling kernels, and a disk cache of them that is never fatal.

Numba's own cache keeps an index that processes overwrite for each other, and runs code that was
compiled for another machine.  Ours has no index: one file for each compiled signature, whose name says
what it depends on, in one folder for each version of Python, Numba and chainrule and kind of processor.
A file appears whole or not at all, a digest is checked before anything is run, and whatever cannot be
read is compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import platform
import sys
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding as llvm
from numba import types
from numba.core.bytecode import FunctionIdentity
from numba.core.ccallback import CFunc
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from chainrule.kernels.ahead import start
from chainrule.kernels.linked import for_callers_only
from chainrule.kernels.threads import wait_briefly
from chainrule.version import __version__

wait_briefly()

# Compiled code is linked by name, and where two functions have one name, the first that was loaded takes the place
# of both.  Numba tells functions of one name apart by counting them, but each process counts from one, and code from
# the cache would meet other functions of its name and number.  A number drawn at random is never drawn again.
FunctionIdentity._unique_ids = iter(lambda: uuid.uuid4().int, None)

# Contraction to fused multiply-adds is allowed, and no more: NaN and infinity mean what they do in formulas.
EXACT = {"contract"}
# Sums may also be reordered, by the compiler and so always in the same way: they then use vector registers.
REORDERED = {"contract", "reassoc", "nsz"}


def compiled(
    function: Callable[..., Any] | None = None,
    *,
    name: str = "",
    parallel: bool = False,
    reorder: bool = False,
    cached: bool = True,
) -> Any:
    """Compile a function on its first call, or load it from the cache.

    Args:
        function: the function; the decorator may also be written with arguments and without it.
        name: of its own, if it is made inside another function.  Compiled code is linked by name, code from the
            cache too, so that of two functions with one name a caller might get the wrong one.
        parallel: its `prange` loops are shared out among threads.
        reorder: its sums may be reordered.
        cached: whether it goes into the cache on its own; a part that only compiled code calls need not, and cannot
            be called from Python.
    """
    if function is None:
        return lambda f: compiled(f, name=name, parallel=parallel, reorder=reorder, cached=cached)
    if name:
        function.__name__ = function.__qualname__ = name
    assert "<locals>" not in function.__qualname__, f"{function.__qualname__} needs a name of its own"
    inner = {} if cached else {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher = numba.njit(
        function, parallel=parallel, fastmath=REORDERED if reorder else EXACT, nogil=True, error_model="numpy", **inner
    )
    if cached:
        dispatcher._cache = _Cache(f"{function.__qualname__}-{parallel}-{reorder}", _sources())
    else:
        for_callers_only(dispatcher)
    return dispatcher


def native(function: Callable[..., None], name: str, kinds: tuple[Any, ...], stamp: str = "") -> Any:
    """Compiled code with an address that other compiled code can call, or that of the cache.

    Args:
        function: of numbers and pointers.
        name: of its own, which says everything that the code depends on beside sources.
        kinds: of its arguments.
        stamp: a digest of its source, where that stands in no file.
    """
    digest = hashlib.sha256(f"{name} {stamp}".encode()).hexdigest()[:16]
    function.__name__ = function.__qualname__ = f"{name.split('-')[0]}_{digest}"
    code: Any = CFunc(
        function, (kinds, types.void), locals={},
        options={"nopython": True, "error_model": "numpy", "fastmath": EXACT},
    )  # fmt: skip
    code._cache = _Cache(name, stamp or _sources())
    code.compile()
    return code


def cache_folder() -> Path:
    """Where compiled kernels lie: `CHAINRULE_CACHE`, or the user's cache folder."""
    root = os.environ.get("CHAINRULE_CACHE")
    if root is None:
        if sys.platform == "win32":
            root = os.path.join(os.environ.get("LOCALAPPDATA", str(Path.home())), "chainrule")
        elif sys.platform == "darwin":
            root = str(Path.home() / "Library" / "Caches" / "chainrule")
        else:
            root = os.path.join(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")), "chainrule")
    return Path(root) / "kernels" / _machine()


@cache
def _machine() -> str:
    features = llvm.get_host_cpu_features().flatten()
    facts = (llvm.get_host_cpu_name(), features, numba.__version__, __version__, platform.machine())
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
    return f"{__version__}-py{sys.version_info[0]}{sys.version_info[1]}-{digest}"


@cache
def _sources() -> str:
    """A digest of every file of kernels: they call each other, so a change in one may concern all."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


class _Cache:
    """The compiled signatures of one function, as Numba's dispatcher asks for them.

    Args:
        name: of the function, and of what it is compiled for.
        stamp: a digest of what its code depends on.
    """

    def __init__(self, name: str, stamp: str) -> None:
        self._facts = (name, stamp)

    def _path(self, signature: Any, codegen: Any) -> Path:
        key = repr((*self._facts, _sources(), signature, codegen.magic_tuple()))
        function, digest = self._facts[0].split("-")[0], hashlib.sha256(key.encode()).hexdigest()
        return cache_folder() / f"{function}-{digest[:32]}"

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled code, or None where there is none that can be used."""
        target_context.refresh()
        with contextlib.suppress(Exception):  # whatever is wrong with a file, the kernel can be compiled
            content = self._path(signature, target_context.codegen()).read_bytes()
            digest, body = content[:32], content[32:]
            if hashlib.sha256(body).digest() == digest:
                # Our own compiled code, from the user's own cache folder.
                return CompileResult._rebuild(target_context, *pickle.loads(body))
        start()
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep compiled code, if it makes sense outside this process and there is a place for it."""
        if result.library.has_dynamic_globals or any(not part.can_cache for part in result.lifted):
            return
        with contextlib.suppress(Exception):  # a cache that cannot be written costs time, no more
            path = self._path(signature, result.codegen)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            body = dumps(result._reduce())
            unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
            try:
                unfinished.write_bytes(hashlib.sha256(body).digest() + body)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
