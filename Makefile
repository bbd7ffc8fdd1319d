# Fringeworks: `make demo` and `make test` need nothing but Python 3.11 or later, pip and make.
# They make their own environment in .venv the first time; `make help` lists the rest.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
FRINGEWORKS_DATA ?= $(abspath ../shared/data)
MEXICO_CITY := $(FRINGEWORKS_DATA)/interferograms-mexico-city/cropA
WORKERS ?= 2
export FRINGEWORKS_DATA

.DEFAULT_GOAL := help
.PHONY: help demo demo-slc real test soak check format docs docs-pages changelog bench-env bench validate lock clean

help:  ## List what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'

# A clone that was moved needs a new environment: its paths are absolute.
ifneq ($(wildcard $(VENV)/.place),)
ifneq ($(shell cat $(VENV)/.place),$(CURDIR))
$(shell rm -f $(VENV)/.stamp-*)
endif
endif

$(VENV)/.stamp-%: pyproject.toml requirements-lock.txt tools/environment.sh
	@sh tools/environment.sh $* $(VENV)

demo: $(VENV)/.stamp-run  ## Simulate 40 dates, map the motion, compare with the truth: demo-out/out/report.html
	@$(BIN)/fringeworks demo

demo-slc: $(VENV)/.stamp-run  ## Invent Sentinel-1 images, map the motion, compare with the truth: demo-slc-out/out/report.html
	@$(BIN)/fringeworks demo --slc --out demo-slc-out

real: $(VENV)/.stamp-run  ## Map Mexico City from real interferograms (FRINGEWORKS_DATA): real-out/report.html
	@if [ -d "$(MEXICO_CITY)" ]; then $(BIN)/fringeworks demo --real "$(MEXICO_CITY)"; else \
	  echo "The real interferograms are not here: no folder $(MEXICO_CITY)"; \
	  echo "What to do: make real FRINGEWORKS_DATA=/folder/that/holds/interferograms-mexico-city"; exit 3; fi

test: $(VENV)/.stamp-test  ## Run the test suite
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --durations 10

soak: $(VENV)/.stamp-test  ## Run the long tests that the suite leaves out
	@$(BIN)/python -m pytest -q -m soak --timeout 7200

check: $(VENV)/.stamp-dev  ## Format, lint, types, import contracts, generated pages
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python tools/make_docs.py --check

format: $(VENV)/.stamp-dev  ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs-pages: $(VENV)/.stamp-dev  ## Write the pages that are made from code
	@$(BIN)/python tools/make_docs.py

docs: docs-pages  ## Write the pages and build the site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Documentation: site/index.html"

changelog: $(VENV)/.stamp-dev  ## Collect docs/changes into CHANGELOG.md: make changelog VERSION=0.1.0
	@$(BIN)/python tools/make_changelog.py $(VERSION)

bench-env:  ## Build the environments of the programs we compare with, under .bench/
	@sh benchmarks/make_env.sh

bench: $(VENV)/.stamp-test  ## Measure speed against peers and write docs/quality/benchmarks.md
	@$(BIN)/python tools/measure.py bench

validate: $(VENV)/.stamp-test  ## Measure accuracy and write docs/quality/accuracy.md
	@$(BIN)/python tools/measure.py validate

lock: $(VENV)/.stamp-dev  ## Write requirements-lock.txt from the environment
	@$(BIN)/python tools/make_lock.py

clean:  ## Remove the environment, caches and everything that was made
	rm -rf $(VENV) .venv-* .bench demo-out demo-slc-out real-out site build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis \
	  .import_linter_cache .coverage htmlcov src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
