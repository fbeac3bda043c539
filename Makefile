# cityops: every way to build, run and check it. `make` alone lists the targets.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PACKAGE := pyproject.toml setup.cfg setup.py
LOCK := uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet
SOURCES := cityops migrations scripts tests benchmarks setup.py
NO_DATABASE := not database and not browser and not process

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run check lint test bench migration lock translations diagrams vendor clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/installed ## install into .venv, from the locked requirements, without starting anything
	@:

run: setup ## start the city: web, worker, scheduler and Redis; Ctrl-C stops all of it
	@exec $(BIN)/cityops serve

check: $(VENV)/tested ## lint, types, import contracts, and the tests that need no database: under a minute
	@$(MAKE) --no-print-directory lint
	@echo "== tests without a database"
	@$(BIN)/pytest -q -n 2 -m "$(NO_DATABASE)"

lint: $(VENV)/tested
	@echo "== ruff" && $(BIN)/ruff check $(wildcard $(SOURCES)) && $(BIN)/ruff format --check $(wildcard $(SOURCES))
	@echo "== mypy" && $(BIN)/mypy
	@echo "== imports" && $(BIN)/lint-imports --no-cache > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

test: $(VENV)/tested ## everything: checks, both databases, the processes, the journeys in a browser
	@scripts/system_packages
	@$(MAKE) --no-print-directory lint
	@echo "== all tests"
	@$(BIN)/pytest -q -n 2 --dist loadgroup --durations 10

bench: $(VENV)/tested ## measure, ONLY=life,clocks some of it, the life among CASES=1_000_000; JSON on stdout
	@$(BIN)/python -m benchmarks $(ONLY) $(if $(CASES),--cases $(CASES))

migration: $(VENV)/tested ## write the next migration from the row classes: make migration words="Give a case its weather"
	@$(BIN)/python scripts/new_migration.py "$(words)"

lock: $(VENV)/tested ## renew the locked requirements from requirements/*.in
	cd requirements && ../$(BIN)/$(LOCK) --upgrade main.in -o main.txt
	cd requirements && ../$(BIN)/$(LOCK) --upgrade dev.in -o dev.txt

translations: $(VENV)/tested ## collect the msgids, bring the Chinese catalogue up to date and compile it
	@$(BIN)/python scripts/translations.py

diagrams: $(VENV)/tested ## draw the workflow and the rooms into docs/, from the code
	@$(BIN)/python -m scripts.draw_workflow

vendor: ## fetch the front end's pinned parts into static/vendor (needs npm)
	@scripts/vendor

clean: ## remove what setup, checks and builds have made; the data folder stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find cityops tests migrations benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Its words go to stderr: what `make bench` prints on stdout is data.
$(VENV)/installed: requirements/main.txt $(PACKAGE)
	@PYTHON="$(PYTHON)" scripts/make_venv $(VENV) >&2
	@echo "== installing what cityops runs on (a minute or two on a slow line)" >&2
	@$(BIN)/python -m pip install --require-hashes --requirement requirements/main.txt >&2
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . 2> $(VENV)/install.log || { cat $(VENV)/install.log; exit 1; }
	@touch $@

$(VENV)/tested: $(VENV)/installed requirements/dev.txt
	@echo "== installing what cityops is tested with" >&2
	@$(BIN)/python -m pip install --require-hashes --requirement requirements/dev.txt >&2
	@touch $@
