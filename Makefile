# Playhead. Targets set up what they need, and do nothing twice. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
UV_VERSION := 0.13.9

.PHONY: help setup system demo up down status test browser pictures test-fast check format docs bench scaling limits hazard notebook faults soak badinput oracle requirements contracts clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: $(READY)  ## Python packages into .venv (pinned, hashed); jars are fetched by the first command that needs them

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
		|| { echo "Playhead needs Python 3.11 or 3.12; run: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@# Compiled here, once: where Python is told to write no bytecode (most container images), every process would compile all it imports.
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q include
	@touch $@

system: $(READY)  ## System packages that tests and the real player use (chromium, ffmpeg, node), with apt where it may
	@$(BIN)/python -m playhead.local.system_packages

demo: $(READY) system  ## Run the whole lakehouse on real parts and show its answers; the stack stays up
	@$(BIN)/playhead demo

up: $(READY)  ## Start the embedded stack
	@$(BIN)/playhead up

down: $(READY)  ## Stop the embedded stack
	@$(BIN)/playhead down

status: $(READY)  ## What runs, and where
	@$(BIN)/playhead status

test: $(READY) system  ## All tests, on real parts; a small demo from end to end is among them
	$(BIN)/pytest -n 2

browser: $(READY) system  ## Only the small demo on a stack of its own: books, oracle, backfill, pages, mails, written commands, load; ends with a line of JSON
	$(BIN)/pytest tests/e2e

pictures: $(READY) system  ## Take the pictures of the docs, from a demo of full size
	PLAYHEAD_PICTURES=1 $(BIN)/pytest -m "e2e and browser"

test-fast: $(READY)  ## The inner loop: no stack, no browser
	$(BIN)/pytest -m "not stack and not browser and not e2e and not slow"

check: $(READY)  ## Style, types, architecture, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/architecture
	@if git rev-parse --quiet --verify HEAD~1 >/dev/null; then $(BIN)/playhead contracts check --against HEAD~1; fi

bench: $(READY)  ## Measure beside peers: NAME=ingest for one bench, RUNS=5 alternations, SIZE=records; writes benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks $(NAME) $(if $(RUNS),--runs $(RUNS)) $(if $(SIZE),--size $(SIZE))

docs: $(READY)  ## The docs as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && echo "site/index.html written"

notebook: $(READY)  ## Run the analysts' notebook on the warehouse that PLAYHEAD_* names; writes .playhead/where-viewers-wait.ipynb
	@mkdir -p .playhead
	@$(BIN)/papermill --no-progress-bar --log-level ERROR docs/notebooks/where-viewers-wait.ipynb .playhead/where-viewers-wait.ipynb
	@echo ".playhead/where-viewers-wait.ipynb written"

scaling: $(READY)  ## Measure how cost grows, step by step: USERS and DAYS of the smallest size; writes docs/scaling.md
	@$(BIN)/python -m benchmarks.scaling $(if $(USERS),--users $(USERS)) $(if $(DAYS),--days $(DAYS))

limits: $(READY)  ## Measure what stands in the way of goals that were not reached: RUNS, SIZE=records; writes docs/limits.md
	@$(BIN)/python -m benchmarks.limits $(if $(RUNS),--runs $(RUNS)) $(if $(SIZE),--size $(SIZE))

hazard: $(READY)  ## Hold the churn model against the hazard that the simulator planted: USERS, DAYS; writes docs/generated/churn.md
	@$(BIN)/python -m benchmarks.hazard $(if $(USERS),--users $(USERS)) $(if $(DAYS),--days $(DAYS))

faults: $(READY)  ## Break the system at exact points and take its books: NAME=planned for one fault; writes docs/generated/faults.md
	@$(BIN)/python -m faults $(NAME)

soak: $(READY)  ## Put a whole stack under load: half its capacity, a spike, a kill: FOR=300 seconds; writes docs/generated/load.md
	@$(BIN)/python -m load_test $(if $(FOR),--seconds $(FOR))

oracle: $(READY)  ## Recompute gold and the BI views of the running stack from its Kafka's records, by other means, and compare
	@$(BIN)/python tests/oracle

badinput: $(READY)  ## Send 100,000 records of all classes of bad and odd input through broker and app, and hold each to its class
	@$(BIN)/python -m bad_input $(if $(RECORDS),--records $(RECORDS))

format: $(READY)  ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

requirements:  ## Compile requirements.txt from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --quiet -o requirements.txt

contracts: $(READY)  ## Regenerate what is derived from contracts and code and kept in git
	@$(BIN)/playhead contracts suites
	@$(BIN)/playhead contracts reference --write docs/tables.md
	@$(BIN)/playhead metrics --write docs/metrics.md
	@$(BIN)/playhead prometheus --write docs/prometheus.md
	@$(BIN)/playhead reference --write docs/cli.md

clean: down  ## Stop the stack and delete its state (.playhead)
	rm -rf .playhead
