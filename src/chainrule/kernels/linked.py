"""Functions that only other compiled functions call: linked into these, and optimized and made into machine code there.

Numba optimizes every function on its own and makes machine code of it, then takes it into its callers and
does all of that again.  For functions that nobody else calls the first time is for nothing, and was more than a
quarter of what compiling kernels takes (docs/decisions/0014).  Numba has no option for this: what is used here is
its inside, and where that is not as expected, functions are compiled as Numba does it.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock

USED = ("_optimize_final_module", "_finalize_final_module", "_finalize_dynamic_globals", "get_pointer_to_function")


class Linked(JITCodeLibrary):  # type: ignore[misc]
    """The code of a function for its callers."""

    def _optimize_final_module(self) -> None:
        """Done in the callers."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """None: there is no machine code."""
        return 0


def for_callers_only(dispatcher: Any) -> None:
    """Compile a function, whenever its callers ask for it, as something to link."""
    codegen, compile_for = dispatcher.targetctx.codegen(), dispatcher.compile
    known = all(hasattr(JITCodeLibrary, name) for name in USED)
    if not known or getattr(codegen, "_library_class", None) not in (JITCodeLibrary, Linked):
        return

    def compile_to_link(signature: Any) -> Any:
        with global_compiler_lock:
            before = codegen._library_class
            codegen._library_class = Linked
            codegen.set_env = lambda name, environment: None  # there is none to set without machine code
            try:
                return compile_for(signature)
            finally:
                codegen._library_class = before
                if before is not Linked:
                    del codegen.set_env

    dispatcher.compile = compile_to_link
