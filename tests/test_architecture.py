"""ARCHITECTURE.md says which way imports go; here its list is read, and every file held to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).parents[1]
SOURCE = Path(chainrule.__file__).parent
DOCUMENT = (ROOT / "ARCHITECTURE.md").read_text()
LINES = [
    [name.strip() for name in line.split(",")]
    for line in DOCUMENT.split("## Which way imports go")[1].split("```")[1].strip().splitlines()
]
ENTRANCES = {SOURCE / "__init__.py", SOURCE / "__main__.py"}
FILES = sorted(set(SOURCE.rglob("*.py")) - ENTRANCES)


def rank(module: str) -> int:
    """The line of the longest name that the module is, or lies under."""
    found = [
        (len(name), k)
        for k, names in enumerate(LINES)
        for name in names
        if module in (name, f"{name}/__init__") or module.startswith(f"{name}/")
    ]
    assert found or module == "graph/__init__", f"{module} is in no line of ARCHITECTURE.md"
    return max(found, default=(0, 0))[1]


def module_of(dotted: str, name: str | None) -> str | None:
    """The file that an import loads, as a path under the package; None for the package itself."""
    path = dotted.split(".")[1:]
    if name is not None and (SOURCE.joinpath(*path, f"{name}.py").exists() or SOURCE.joinpath(*path, name).is_dir()):
        path.append(name)
    if not path:
        return None
    return "/".join([*path, "__init__"] if SOURCE.joinpath(*path).is_dir() else path)


def imports(body: list[ast.stmt]) -> Iterator[str]:
    """What is imported when a module is: not inside functions, and not for types alone."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "chainrule":
            yield from filter(None, (module_of(str(node.module), alias.name) for alias in node.names))
        elif isinstance(node, ast.Import):
            ours = (a.name for a in node.names if a.name.split(".")[0] == "chainrule")
            yield from filter(None, (module_of(name, None) for name in ours))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from imports([*node.body, *node.orelse])
        elif isinstance(node, (ast.ClassDef, ast.Try, ast.With)):
            yield from imports(node.body)


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_imports_go_one_way(file: Path) -> None:
    module = file.relative_to(SOURCE).with_suffix("").as_posix()
    for imported in imports(ast.parse(file.read_text()).body):
        assert rank(imported) <= rank(module), f"{module} imports {imported}, which stands below it"


def test_every_name_of_the_list_exists() -> None:
    for name in (name for names in LINES for name in names):
        assert (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").exists(), name


def test_what_the_document_names_exists() -> None:
    """File names between backticks, such as `ops/dense.py`."""
    for word in DOCUMENT.split("`")[1::2]:
        if word.endswith(".py"):
            assert (SOURCE / word).exists() or (ROOT / word).exists(), word


def test_files_are_short_enough_to_read() -> None:
    """One idea a file: most are under 250 lines, and none is a drawer."""
    lengths = sorted(len(p.read_text().splitlines()) for p in FILES)
    assert lengths[len(lengths) // 2] < 250
    assert not [p for p in FILES if p.name in ("utils.py", "helpers.py", "misc.py", "common.py")]
