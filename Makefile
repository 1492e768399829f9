# Everything runs from a local .venv made from requirements.lock: names, versions and hashes only.
# The first Python that runs and is new enough (a name on the PATH alone proves nothing: version managers leave shims).
PYTHON  ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
             $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV    := .venv
BIN     := $(VENV)/bin
UV      := $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(BIN)/uv)
READY   := $(VENV)/.ready
SEED    ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast mutate lint bench bench-portal screens lock clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "venv is not complete: on Debian, install the package python3-venv."; exit 2; }
	@$(UV) --version >/dev/null 2>&1 || { echo "Installing uv into $(VENV)…"; $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	@echo "Installing the locked packages into $(VENV)…"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Sample group → lake → marts → checks → portal, on this machine (Ctrl-C stops it all; RECORDS=1000000)
	@$(BIN)/lake demo --records $(or $(RECORDS),1000000) --seed $(SEED)

test: $(READY) ## All tests: unit, integration on a real mongod, dbt, portal, browser
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

test-fast: $(READY) ## Unit tests only
	@$(BIN)/python -m pytest tests/unit -q

mutate: $(READY) ## Put faults into the code, one at a time: does a test notice? (SAMPLE=640 SEED=1); writes docs/testing.md
	@$(BIN)/python -m tests.mutation --sample $(or $(SAMPLE),640) --seed $(SEED)

lint: $(READY) ## ruff, mypy strict, import rules
	@$(BIN)/ruff check lake apps tests
	@$(BIN)/ruff format --check lake apps tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## Ratios against bare references, in one run (RECORDS=1000000); writes docs/benchmarks.md
	@$(BIN)/python -m tests.bench --records $(or $(RECORDS),1000000)

bench-portal: $(READY) ## Twenty analysts at once on the lake of LAKE_DATA; writes its section of docs/benchmarks.md
	@$(BIN)/python -m tests.bench portal

screens: $(READY) ## Screenshots of every page in both languages into docs/screens
	@$(BIN)/python -m tests.e2e.screens

lock: ## Resolve requirements.lock again from pyproject.toml
	@$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --group dev pyproject.toml --output-file requirements.lock

clean: ## Remove the local lake and every cache (asks nothing; .venv stays)
	@rm -rf .lake target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
