"""The programs that are compared, and which of them are here."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Program:
    """One way to do the work.

    Args:
        label: its name in tables and charts.
        module: the file in `peers/` that does it.
        needs: the packages it imports, beside NumPy.
        options: passed to the functions of the module.
        starts_with: what its user imports, and how a first model is then made: measured by `import`.
        script: the file in `scripts/` that does the whole MNIST job.
        backend: of Keras.
        is_floor: whether it only multiplies matrices, without learning anything.
    """

    label: str
    module: str
    needs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    starts_with: tuple[str, str] | None = None
    script: str | None = None
    backend: str | None = None
    is_floor: bool = False

    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def load(self) -> ModuleType:
        """The module that does the work; importing it imports the framework."""
        return importlib.import_module(f"bench.peers.{self.module}")


FIRST_MODEL = (
    "m = keras.Sequential([keras.Input((784,)), keras.layers.Dense(512, activation='relu'),"
    " keras.layers.Dense(10, activation='softmax')]);"
    " m.compile('adam', 'sparse_categorical_crossentropy')"
)
FIRST_TORCH_MODEL = (
    "from torch import nn; m = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10));"
    " o = torch.optim.Adam(m.parameters())"
)
FIRST_JAX_ARRAYS = "k = jax.random.key(0); w = jax.random.normal(k, (784, 512)); w.block_until_ready()"


def _keras(label: str, backend: str, needs: tuple[str, ...]) -> Program:
    package = "chainrule as keras" if backend == "chainrule" else "keras"
    return Program(
        label, "keras_api", needs, {"backend": backend}, starts_with=(f"import {package}", FIRST_MODEL),
        script="mnist_chainrule" if backend == "chainrule" else "mnist_keras", backend=backend,
    )  # fmt: skip


PROGRAMS: dict[str, Program] = {
    "chainrule": _keras("chainrule", "chainrule", ("chainrule",)),
    "chainrule-train": Program("chainrule train (the command)", "keras_api", ("chainrule",)),
    "floor": Program("bare products, NumPy's BLAS", "floor", is_floor=True),
    "floor-pytorch": Program(
        "bare products, PyTorch's BLAS", "floor", ("torch",), {"library": "torch"}, is_floor=True
    ),
    "numpy": Program("NumPy by hand", "numpy_by_hand"),
    "jax": Program(
        "JAX, jitted by hand", "jax_by_hand", ("jax",),
        starts_with=("import jax", FIRST_JAX_ARRAYS), script="mnist_jax",
    ),
    "jax-scan": Program("JAX, epoch by scan", "jax_by_hand", ("jax",), {"whole_epoch": True}),
    "pytorch": Program(
        "PyTorch", "pytorch", ("torch",),
        starts_with=("import torch", FIRST_TORCH_MODEL), script="mnist_pytorch",
    ),
    "pytorch-uint8": Program(
        "PyTorch, images kept as uint8", "pytorch", ("torch",), script="mnist_pytorch_uint8"
    ),
    "pytorch-fused": Program("PyTorch, fused Adam", "pytorch", ("torch",), {"fused": True}),
    "pytorch-compile": Program(
        "PyTorch, torch.compile", "pytorch", ("torch",), {"fused": True, "compiled": True}
    ),
    "keras-jax": _keras("Keras on JAX", "jax", ("keras", "jax")),
    "keras-tensorflow": _keras("Keras on TensorFlow", "tensorflow", ("keras", "tensorflow")),
    "keras-pytorch": _keras("Keras on PyTorch", "torch", ("keras", "torch")),
    "scikit-learn": Program(
        "scikit-learn", "scikit_learn", ("sklearn",), script="mnist_scikit_learn",
        starts_with=("from sklearn.neural_network import MLPClassifier", "m = MLPClassifier((512,))"),
    ),
    "onnxruntime": Program(
        "onnxruntime", "onnx_runtime", ("onnxruntime", "onnx"), starts_with=("import onnxruntime", "")
    ),
}  # fmt: skip
OURS = "chainrule"
