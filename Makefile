# Two commands on a fresh machine: `make run` and `make test`. Needs Python 3.11 or newer, make, git.
PYTHON ?= python3
BIN := .venv/bin
# More than processors: many tests wait for a browser or another process.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 2) * 3 // 2)')
CATALOGUES := $(wildcard locales/*/LC_MESSAGES/messages.po)

.PHONY: run test check bench torture messages lock clean

run: .venv/ready .venv/compiled          ## prepare everything and serve on http://127.0.0.1:8000
	@$(BIN)/kuska serve

test: .venv/ready-dev .venv/compiled     ## all tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: .venv/ready-dev .venv/compiled    ## format, lint, types, content
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/kuska check

bench: .venv/ready-dev .venv/compiled    ## speed and quality, printed, never asserted
	@$(BIN)/python -m bench

torture: .venv/ready-dev .venv/compiled  ## the long failure tests: killed processes, many repeats
	@$(BIN)/python -m pytest -q -m torture

messages: .venv/ready-dev                ## sentences of the flows into the catalogues
	@$(BIN)/pybabel -q extract -F locales/babel.cfg --no-location --sort-output --omit-header -o locales/messages.pot .
	@$(BIN)/pybabel -q update -N --ignore-obsolete -i locales/messages.pot -d locales
	@$(BIN)/pybabel -q compile -d locales
	@touch .venv/compiled

lock: .venv/ready-dev                    ## pin the dependencies of pyproject.toml with hashes
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --all-extras pyproject.toml -o requirements-dev.lock

clean:
	@rm -rf .venv build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Kuska needs Python 3.11 or newer: make PYTHON=python3.11 …"; exit 1)
	@$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python requirements.lock pyproject.toml
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/compiled: .venv/ready $(CATALOGUES)
	@$(BIN)/pybabel -q compile -d locales
	@touch $@
