# `make train` and `make test` need Python 3.11 or newer, make and a package index; nothing else.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: train test slow lint oldest bench clean

train: .venv/installed
	$(BIN)/chainrule train $(ARGS)

test: .venv/installed-test
	$(BIN)/python -m pytest -n 2 -m "not slow" $(ARGS)

slow: .venv/installed-test
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

oldest: .venv-oldest/installed
	.venv-oldest/bin/python -m pytest -n 2 -m "not slow" $(ARGS)

bench: .venv/installed-bench
	$(BIN)/python -m bench $(ARGS)

.venv/bin/python:
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'chainrule needs Python 3.11 or newer'"
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/installed-%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@ .venv/installed

.venv-oldest/installed: pyproject.toml oldest.txt
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --constraint oldest.txt --editable '.[test]'
	touch $@

clean:
	rm -rf .venv .venv-oldest build dist .pytest_cache .mypy_cache .ruff_cache
