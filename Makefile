# One command each. They need only make and Python 3.11 or newer with venv: the first one called
# builds .venv from requirements.lock, by pip, every download checked by its hash.
#
#   make demo ARGS=--exit      flags for the command behind the target
#   make test PYTHON=python3.13    another interpreter
#   make test UV=1             uv instead of pip, where you have it

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
READY := .venv/.installed
PYTEST := $(BIN)/python -m pytest
# Of the tests of the wire, those in which the official client does what most people do.
FAST := tests/unit tests/contract $(addprefix tests/wire/test_,clients.py evals.py files.py grading.py \
	output_items.py runs.py)
WORKERS := -n 2 --dist loadfile
# Slow tests wait more than they work: for processes that start, for rows that take their time. The
# files that take minutes come first (tests/conftest.py), where xdist would have those of few tests last.
WAITING := -n 3 --dist loadfile --no-loadscope-reorder
# These measure, or print what they found at their end: they run when nothing else does.
ALONE := tests/acceptance/test_startup.py tests/chaos tests/clients tests/engine/test_fairness.py \
	tests/engine/test_quick_run.py tests/fuzz tests/sandbox tests/wire/test_large_bodies.py

# Without bytecode, each of the many processes of the tests would compile, and pytest rewrite, every
# module again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-all browser clients client-table chaos style types contracts lint house check fix fuzz laws bench bench-archives bench-comparisons bench-gateway bench-graders bench-large bench-logs bench-metrics bench-pages bench-peers bench-reports bench-rows bench-workers lock pictures clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(READY) ## a real eval against a server of your own, nothing to set up
	@$(BIN)/evald demo $(ARGS)

test: $(READY) ## unit and contract tests and the official client, in about a minute
	@$(PYTEST) $(FAST) -q -m "not slow" --hypothesis-profile=quick $(WORKERS) $(ARGS)

test-all: clients browser ## every test, the slow ones (crashes, restarts, large bodies, other clients) too
	@$(PYTEST) tests -q -m "not slow" $(WORKERS) $(ARGS)
	@$(PYTEST) tests $(ALONE:%=--ignore=%) -q -rs -m slow $(WAITING) $(ARGS)
	@$(PYTEST) $(ALONE) -q -rs -m slow $(ARGS)

clients: $(READY) ## an environment for each client that test-all drives, below .clients
	@$(BIN)/python -m tests.clients.environments $(if $(filter 1,$(UV)),--uv)

# As root where there is apt-get, Debian's; else Playwright's own, which is kept in the user's cache.
browser: $(READY) ## Chromium for tests/browser, unless there is one
	@for each in chromium chromium-browser google-chrome; do \
		if command -v $$each >/dev/null; then exit 0; fi; done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -q && apt-get install -y -q chromium; \
	else $(BIN)/python -m playwright install --with-deps chromium || \
		$(BIN)/python -m playwright install chromium; fi || \
	echo "Chromium cannot be installed here: the tests in tests/browser will be passed over."

pictures: $(READY) browser ## the pictures of the documentation, taken of the demo
	@$(BIN)/python -m tools.pictures

client-table: $(READY) ## write into docs/compatibility.md which client makes which call
	@$(BIN)/python -m tests.clients.claims

lint: style types contracts ## format, ruff, types, import contracts

house: $(READY) ## the house rules alone: contracts, ceilings, words, docs, locks
	@$(PYTEST) tests/house -q $(ARGS)

# The house tests are among the tests, and the contracts among the house tests: nothing runs twice.
check: style types test-all ## everything that must hold before a commit: lint, house and all tests

fix: $(READY) ## format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

fuzz: $(READY) ## odd requests to every route, 2,000 each; ARGS=--fuzz-examples=… and --fuzz-seed=…
	@$(PYTEST) tests/fuzz -q --timeout=0 --fuzz-examples=2000 --fuzz-seed=new $(ARGS)

laws: $(READY) ## the tests that hold for any input, with 2,000 new examples each instead of CI's 100
	@$(PYTEST) tests -q -m hypothesis --ignore=tests/fuzz --hypothesis-profile=laws --timeout=0 $(WORKERS) $(ARGS)

chaos: $(READY) ## kill a server and workers a hundred times each; ARGS=--chaos-seed=…
	@$(PYTEST) tests/chaos -q -s --timeout=0 --chaos-kills=100 $(ARGS)

bench: $(READY) ## measure: every figure beside its target, under three minutes
	@$(BIN)/python -m bench.aims $(ARGS)

bench-rows: $(READY) ## measure: one run beside the floor; ARGS=--latency-ms=… and --concurrency=…
	@$(BIN)/python -m bench.rows $(ARGS)

bench-large: $(READY) ## measure: 1,000,000 rows, how they go on and how they are read; ARGS=--rows=…
	@$(BIN)/python -m bench.large $(ARGS)

bench-peers: $(READY) ## measure: the same rows through promptfoo and Inspect AI, where installed
	@$(BIN)/python -m bench.peers $(ARGS)

bench-gateway: $(READY) ## measure: what a call through the gateway adds to one that goes past it
	@$(BIN)/python -m bench.gateway $(ARGS)

bench-archives: $(READY) ## measure: items per second of rescue and import, and their memory
	@$(BIN)/python -m bench.archives $(ARGS)

bench-logs: $(READY) ## measure: queries over 1,000,000 stored logs, and how long a run over 100,000 takes to plan
	@$(BIN)/python -m bench.logs $(ARGS)

bench-graders: $(READY) ## measure: grades per second of each grader
	@$(BIN)/python -m bench.graders $(ARGS)

bench-metrics: $(READY) ## measure: what counting and tracing cost on the way of a row
	@$(BIN)/python -m bench.metrics $(ARGS)

bench-comparisons: $(READY) ## measure: two runs of 100,000 items compared; ARGS=--items=… and --runs=…
	@$(BIN)/python -m bench.comparisons $(ARGS)

bench-pages: $(READY) ## measure: the pages of a run of 100,000 items, against 200 ms and 100 KB
	@$(BIN)/python -m bench.pages $(ARGS)

bench-reports: $(READY) ## measure: pages of a run of 1,000,000 items, filtered, searched and grouped
	@$(BIN)/python -m bench.reports $(ARGS)

bench-workers: $(READY) ## measure: what a second worker adds, on PostgreSQL
	@$(BIN)/python -m bench.workers $(ARGS)

# Always against the public index, so that no address of one's own mirror gets into uv.lock.
lock: ## resolve anew (needs uv): uv.lock, and requirements.lock from it; ARGS=--upgrade for newer versions
	uv lock --no-config --default-index https://pypi.org/simple $(ARGS)
	uv export --no-config --quiet --frozen --all-extras --all-groups --no-emit-project \
		--output-file requirements.lock

clean: ## remove .venv, caches and built files; data folders stay
	rm -rf .venv .clients build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

style: $(READY)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: $(READY)
	@$(BIN)/mypy --no-error-summary

contracts: $(READY)
	@$(BIN)/lint-imports --no-logo

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "'$(PYTHON)' is not Python 3.11 or newer; name one that is: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into .venv what requirements.lock lists; the first time this takes a minute or two."
ifeq ($(UV),1)
	@uv venv --quiet --allow-existing --python "$(PYTHON)" .venv
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@
