"""The same number of threads for every program."""

from __future__ import annotations

import os

POOLS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS", "CHAINRULE_THREADS", "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # the thread pool of XLA on a CPU
)  # fmt: skip


def environment(threads: int) -> dict[str, str]:
    """The variables by which libraries learn how many threads to use; no GPU is used by any."""
    eigen = "true" if threads > 1 else "false"
    return {
        **dict.fromkeys(POOLS, str(threads)),
        "BENCH_THREADS": str(threads),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "1",
    }


def pin() -> None:
    """Give this process, and those it starts, as many cores as threads, so that nothing can use more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: number()])


def number() -> int:
    """How many threads this process may use."""
    return int(os.environ["BENCH_THREADS"])
