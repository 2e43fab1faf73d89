"""The public names: Keras's arguments and defaults, nothing by accident, lazy imports, and examples that run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import chainrule
from chainrule.ops.primitive import Primitive

DATA = Path(__file__).parent / "golden" / "data"
SIGNATURES: dict[str, str] = json.loads((DATA / "signatures.json").read_text())

# Where the arguments differ from Keras's, and why.
DIFFERENT = {
    "Variable": "neither layouts nor synchronization between devices",
    "losses.deserialize": "the argument is a config, and is called so in all our modules",
    "losses.serialize": "the argument is called obj in all our modules",
    "metrics.serialize": "the argument is called obj in all our modules",
    "Model#loss": "the loss that compile was given",
    "Sequential#loss": "the loss that compile was given",
    "layers.Conv3DTranspose": "output_padding comes before data_format, as in the other two",
    "layers.Convolution3DTranspose": "output_padding comes before data_format, as in the other two",
    "saving.save_weights": "shards are among the keyword arguments",
    "Metric#add_variable": "shape and initializer have defaults",
    "Optimizer#from_config": "custom objects come by custom_object_scope",
}


def find(name: str) -> Any:
    dotted, _, method = name.partition("#")
    thing = reduce(getattr, dotted.split("."), chainrule)
    return getattr(thing, method) if method else thing


def exists(name: str) -> bool:
    try:
        return callable(find(name))
    except (AttributeError, ImportError):
        return False


def arguments(thing: Any) -> list[tuple[str, str | None]]:
    """Names and defaults, in order."""
    signature = inspect.signature(thing.forward if isinstance(thing, Primitive) else thing)
    return [
        (p.name, None if p.default is p.empty else repr(p.default))
        for p in signature.parameters.values()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name != "self"
    ]


def stated(text: str) -> list[tuple[str, str | None]]:
    """The same, of a signature as text."""
    function = ast.parse(f"def f{text}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    found = function.args
    defaults = [None] * (len(found.args) - len(found.defaults)) + [ast.unparse(d) for d in found.defaults]
    named = list(zip((a.arg for a in found.args), defaults, strict=True))
    named += [(a.arg, d and ast.unparse(d)) for a, d in zip(found.kwonlyargs, found.kw_defaults, strict=True)]
    return [(name, default) for name, default in named if name != "self"]


def one_for_all(given: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """The same, with 1 for (1, 1): a number that is the same on every axis."""
    return [(name, default and re.sub(r"^\((\d+)(, \1)+\)$", r"\1", default)) for name, default in given]


def comparable() -> list[str]:
    return [name for name, text in SIGNATURES.items() if stated(text) and name not in DIFFERENT and exists(name)]


@pytest.mark.parametrize("name", comparable())
def test_arguments_and_defaults_are_those_of_keras(name: str) -> None:
    theirs, ours = one_for_all(stated(SIGNATURES[name])), one_for_all(arguments(find(name)))
    more = {p.name for p in inspect.signature(find(name)).parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert [(k, d) for k, d in ours if (k, d) in theirs or k not in more] == theirs


def test_the_differences_are_still_there() -> None:
    assert all(arguments_differ(name) for name in DIFFERENT)


def arguments_differ(name: str) -> bool:
    return not exists(name) or arguments(find(name)) != stated(SIGNATURES[name])


# Names


MODULES = sorted(chainrule.MODULES)


def public(module: ModuleType) -> list[str]:
    """What a module defines, or imports as its own: `from … import X as X`."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    names: set[str] = set()
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            names |= {a.asname for a in node.names if a.asname == a.name}
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return sorted(n for n in names if not n.startswith("_"))


@pytest.mark.parametrize("name", ["chainrule", *(f"chainrule.{m}" for m in MODULES)])
def test_every_public_name_can_be_had(name: str) -> None:
    module = importlib.import_module(name)
    for attribute in getattr(module, "__all__", None) or dir(module):
        getattr(module, attribute)


def test_public_names_are_as_they_were() -> None:
    """A name that goes breaks people's code: then say so in CHANGELOG.md, and write the list anew."""
    path = DATA / "public_names.json"
    names = {m: public(importlib.import_module(f"chainrule.{m}")) for m in MODULES}
    names["chainrule"] = sorted(chainrule.__all__)
    lost = {m: sorted(set(old) - set(names.get(m, ()))) for m, old in json.loads(path.read_text()).items()}
    assert not {m: gone for m, gone in lost.items() if gone}


def test_unknown_names_are_attribute_errors() -> None:
    for module in (chainrule, chainrule.utils, chainrule.models, chainrule.saving):
        assert not hasattr(module, "nonsense")


# Imports


HEAVY = {"numba", "llvmlite", "scipy", "h5py", "rich", "pooch", "PIL", "pandas", "matplotlib", "threadpoolctl"}


@pytest.mark.parametrize("statement", ["import chainrule", "import chainrule as keras; keras.layers.Dense(3)"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    program = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


# Examples


def all_modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(chainrule.__path__, "chainrule.")]
    return ["chainrule", *(name for name in found if "__main__" not in name)]


@pytest.mark.parametrize("name", all_modules())
def test_examples_in_docstrings_run(name: str) -> None:
    chainrule.backend.clear_session()
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
