"""What the documents promise: code that runs, links that lead somewhere, derivations that are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).parents[1]
SOURCE = Path(chainrule.__file__).parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks(ROOT / "README.md", "python"))))
def test_code_of_the_readme_runs(number: int, tmp_path: Path) -> None:
    code = blocks(ROOT / "README.md", "python")[number]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_readme_has_an_example() -> None:
    assert blocks(ROOT / "README.md", "python")


def anchors(document: Path) -> set[str]:
    """The places in a document that a link can name."""
    titles = re.findall(r"^#+ +(.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link}: no such file"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: no such heading"


def test_the_lines_to_read_first_are_as_many_as_promised() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    promised, part = re.search(r"## The ([\d,]+) lines to read first\n(.*?)\n## ", text, re.DOTALL).groups()  # type: ignore[union-attr]
    files = re.findall(r"`([\w/]+\.py)`", part)
    found = sum(len((SOURCE / file).read_text().splitlines()) for file in files)
    assert abs(found / int(promised.replace(",", "")) - 1) < 0.1, f"{found} lines"
    assert f"the {promised} lines" in (ROOT / "README.md").read_text()


def test_named_derivations_exist() -> None:
    named = set()
    for file in [*SOURCE.rglob("*.py"), *DOCUMENTS]:
        named |= set(re.findall(r"docs/(?:derivations|decisions)/[\w\-]+\.md", file.read_text()))
    for name in sorted(named):
        assert (ROOT / name).exists(), name


def test_every_derivation_is_listed() -> None:
    folder = ROOT / "docs" / "derivations"
    listed = (folder / "README.md").read_text()
    for file in folder.glob("*.md"):
        assert file.name == "README.md" or file.name in listed, file.name


def test_commands_that_the_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"`make (\w+)", document.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
