# `make` alone prints this list. Only python3 (3.11 to 3.13) and make are needed; everything else goes into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SPARK  := $(VENV)/.spark
AZURITE := .azurite/.installed

USERS    ?= 20000
SEED     ?= 7
SCENARIO ?= default

# Every command starts Python processes of ours; without bytecode each compiles our sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup spark azurite demo docs test lint types bench soak lock clean

help:  ## Print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP)  ## Make .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@echo "Making $(VENV) from requirements.lock (about two minutes the first time)"
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python {v[0]}.{v[1]} is not supported: use 3.11, 3.12 or 3.13, for example make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# What pip would do on one core, and for the tests of all packages. A file for another Python is left as it is.
	@$(BIN)/python -m compileall -qq -j 0 -x "/tests?/" $(VENV)/lib || true
	@touch $@

spark: $(SPARK)  ## Apache Spark, to compare with (300 MB; only where java is)

# Without Java there is no stamp, so that this rule runs on the day it is installed.
$(SPARK): requirements-spark.lock requirements-spark-build.lock $(STAMP)
	@if command -v java > /dev/null; then \
	  echo "Installing Apache Spark into $(VENV) from requirements-spark.lock" && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    -r requirements-spark-build.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation \
	    -r requirements-spark.lock && touch $@; \
	else echo "No java on the PATH: Apache Spark is left out, and the tests that need it are skipped."; fi

azurite: $(AZURITE)  ## Azurite, for the landing zone on Azure (60 MB; only where node and npm are)

# Without Node, or without the registry, there is no stamp either.
$(AZURITE): local_platform/landing_zone/azurite/package.json local_platform/landing_zone/azurite/package-lock.json
	@if command -v node > /dev/null && command -v npm > /dev/null; then \
	  echo "Installing Azurite into .azurite from package-lock.json" && mkdir -p .azurite && \
	  cp -R $(dir $<)package.json $(dir $<)package-lock.json .azurite && \
	  if npm ci --prefix .azurite --ignore-scripts --no-audit --no-fund --loglevel=error; then touch $@; \
	  else echo "Azurite could not be installed: the tests that need it are skipped."; fi; \
	else echo "No node and npm on the PATH: Azurite is left out, and the tests that need it are skipped."; fi

demo: $(STAMP)  ## The seven steps on the local platform [USERS= SEED= SCENARIO= USE_CASE= | EVENTS= AS_OF= TARGET= HORIZON= REPEATABLE=1]
	@$(BIN)/python -m flows.demo --users $(USERS) --seed $(SEED) --scenario $(SCENARIO) \
	  $(if $(USE_CASE),--use-case '$(USE_CASE)') \
	  $(if $(EVENTS),--events '$(EVENTS)') $(if $(AS_OF),--as-of '$(AS_OF)') $(if $(TARGET),--target '$(TARGET)') \
	  $(if $(HORIZON),--horizon '$(HORIZON)') $(if $(filter 1 true yes,$(REPEATABLE)),--repeatable)

# Files in their order: the long ones of end_to_end begin early, and the short ones of unit fill the end.
test: $(STAMP)  ## Every check: lint, types, dbt parse, import arrows, pytest
	@$(MAKE) --no-print-directory --jobs=2 lint types $(SPARK) $(AZURITE)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project 2>/dev/null

types: $(STAMP)
	@$(BIN)/mypy

docs: $(STAMP)  ## The dbt project's documentation into .docs/index.html, built on the local platform
	@$(BIN)/propensity docs --local --out .docs

bench: $(STAMP)  ## Benchmarks as ratios, into .bench/results.json
	@$(BIN)/python -m tests.benchmarks

soak: $(STAMP) $(SPARK)  ## The long campaigns in full
	@$(BIN)/python -m pytest -m soak

lock:  ## Write requirements.lock and Azurite's package-lock.json anew (needs uv and npm)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --no-strip-extras --output-file requirements.lock
	npm install --prefix local_platform/landing_zone/azurite --package-lock-only --omit-lockfile-registry-resolved

clean:  ## Remove what the demo made (.venv stays)
	rm -rf .demo .bench .docs
