# SPDX-License-Identifier: EUPL-1.2
# Every target does its own set-up on a machine with Debian, Python 3.11+ with venv, and make. A repeat is instant:
# .stamps/ remembers what was installed, and a changed lock or pyproject.toml installs again.

PYTHON ?= python3
ARGS ?=
KILLS ?= 200
SEED ?= 1
RIJEN ?= 200000
GEBEURTENISSEN ?= 1000000

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
LOCKED := $(PIP) --require-hashes -r
WEB := hub/api/static/vendor/VERSIES.json

.DEFAULT_GOAL := help
.PHONY: help demo demo-kafka test chaos check lint format types arrows documents bench web wheel docs lock clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

help:  ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .stamps/base $(WEB)  ## simulators, hub and several hundred moves; pass options with ARGS="--exit --json"
	@$(BIN)/wissel demo $(ARGS)

demo-kafka: .stamps/kafka $(WEB)  ## the same on a Kafka broker and PostgreSQL: web, two workers; options with ARGS="..."
	@scripts/parts default-jre-headless maven postgresql
	@$(BIN)/wissel demo --motor kafka $(ARGS)

test: .stamps/test $(WEB)  ## all tests but the measurements; pick some with ARGS="tests/unit -k name"
	@scripts/parts
	@scripts/proeven $(ARGS)

chaos: .stamps/test $(WEB)  ## everything of an installation killed KILLS times (SEED=s) while moves run; a judge looks after it
	@scripts/parts default-jre-headless maven postgresql
	@PYTHONPATH=.:tests $(BIN)/python -m chaos.storm --kills $(KILLS) --seed $(SEED) $(ARGS)

check: lint format types arrows documents  ## ruff, mypy --strict, the import arrows, and docs against code

lint: .stamps/test
	$(BIN)/ruff check .

format: .stamps/test
	$(BIN)/ruff format --check .

types: .stamps/test
	$(BIN)/mypy

arrows: .stamps/test
	$(BIN)/lint-imports

documents: .stamps/test
	$(BIN)/python -m pytest -q tests/unit/test_docs.py tests/unit/test_house.py

bench: .stamps/bench $(WEB)  ## measure speed as ratios to bare loops of the same run; sizes with RIJEN=r GEBEURTENISSEN=g
	@scripts/parts default-jre-headless maven postgresql
	@WISSEL_BENCH_RIJEN=$(RIJEN) WISSEL_BENCH_GEBEURTENISSEN=$(GEBEURTENISSEN) $(BIN)/python -m pytest tests/bench -q -s --timeout=0 $(ARGS)

web: $(WEB)  ## fetch the pinned style sheets and htmx for the pages

wheel: .stamps/base $(WEB)  ## build dist/wissel-*.whl with the web files inside
	$(BIN)/python -m pip wheel --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

docs: .stamps/test  ## rewrite the generated tables of docs/reference from the code
	$(BIN)/python scripts/reference.py

lock: .stamps/lock  ## rewrite requirements/*.txt and web/package-lock.json (UPGRADE=1 takes newer versions)
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/lock $(if $(UPGRADE),--upgrade)

clean:  ## remove everything the targets made, the data of the demo too
	rm -rf .venv .stamps .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo-data
	rm -rf web/node_modules hub/api/static/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up ---------------------------------------------------------------------------------------------------------

$(BIN)/pip:
	@PYTHON=$(PYTHON) scripts/venv

.stamps/base: $(BIN)/pip requirements/base.txt requirements/build.txt pyproject.toml
	@echo "wissel: installing the locked packages into .venv"
	@$(LOCKED) requirements/base.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@mkdir -p .stamps && touch $@

.stamps/test: .stamps/base requirements/test.txt
	@echo "wissel: installing the locked packages for the tests"
	@$(LOCKED) requirements/test.txt
	@touch $@

.stamps/kafka: .stamps/base requirements/kafka.txt requirements/postgres.txt
	@echo "wissel: installing the locked packages for Kafka and PostgreSQL"
	@$(LOCKED) requirements/kafka.txt -r requirements/postgres.txt
	@touch $@

.stamps/bench: .stamps/base requirements/bench.txt
	@echo "wissel: installing the locked packages for the measurements"
	@$(LOCKED) requirements/bench.txt
	@touch $@

.stamps/lock: $(BIN)/pip requirements/lock.txt
	@$(LOCKED) requirements/lock.txt
	@mkdir -p .stamps && touch $@

$(WEB): $(BIN)/pip web/package.json web/package-lock.json scripts/web.py
	@echo "wissel: fetching the web files of the pages"
	@$(BIN)/python scripts/web.py
