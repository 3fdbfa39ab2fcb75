# Space of Wonder. `make run` serves, `make test` runs every test; both set up what they need first.

.DEFAULT_GOAL := help
.PHONY: help run extras test test-python test-static check bench soak pictures lock clean programs
.DELETE_ON_ERROR:

PYTHON ?= $(or $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done),no-python)
# One of them has all that sounds in browsers, and all else together takes as long.
JOBS ?= 2
BIN := .venv/bin
BUILD := .build
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start hundreds of processes of ours: each would compile our modules anew where this is set, as in images.
unexport PYTHONDONTWRITEBYTECODE
NEED_PYTHON := Python 3.11 or newer with the venv module is needed (Debian and Ubuntu: apt-get install python3 python3-venv).
NEED_NODE := Node.js 20 or newer with npm is needed for the tests of the page (Debian and Ubuntu: apt-get install nodejs npm).

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(BUILD)/runtime ## Serve http://localhost:8080 with its data in ./data (OPTIONS="--port 9000" for more)
	@exec $(BIN)/python -m server serve --data data $(OPTIONS)

extras: $(BUILD)/extras ## Install what captions, better voices and Telegram need, for `make run`

test: test-static test-python ## Run every test, real browsers included (TESTS=tests/server, JOBS=1: one after another)

test-python: $(BUILD)/development programs
	@$(BIN)/python -m pytest --numprocesses=$(JOBS) $(TESTS)

test-static: $(BUILD)/node
	@npm test --silent

check: $(BUILD)/development $(BUILD)/node ## Lint, formatting and types, Python and JavaScript
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@npm run --silent check

bench: $(BUILD)/development programs ## Measure, and print the table of docs/performance.md
	@$(BIN)/python -m bench

soak: $(BUILD)/development programs ## Run the long tests: a thousand kills, hours of radio (TESTS=tests/soak: three minutes)
	@$(BIN)/python -m pytest -m soak --timeout=7200 $(TESTS)

pictures: $(BUILD)/development programs ## Take the pictures of the documents anew
	@$(BIN)/python -m tests.support.pictures

lock: $(BUILD)/development ## Write the constraints anew (UPGRADE=--upgrade takes newer versions)
	@$(BIN)/python .ci/lock.py $(UPGRADE)

clean: ## Remove what was set up and built; never ./data
	rm -rf .venv $(BUILD) node_modules

# --- set up: each stamp says that its step was done for the files it depends on -----------------------------

$(BUILD)/venv:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(NEED_PYTHON)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@mkdir -p $(BUILD) && touch $@

# `make extras` and `make test` install all they need with one call of pip, and so leave the stamps of the others too.
$(BUILD)/runtime: constraints.txt pyproject.toml | $(BUILD)/venv
	@echo "Installing what the server needs ..."
	@$(PIP) install --require-hashes --only-binary :all: -r constraints.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(BUILD)/extras: constraints.txt constraints-extras.txt pyproject.toml | $(BUILD)/venv
	@echo "Installing the server and its optional parts ..."
	@$(PIP) install --require-hashes --only-binary :all: -r constraints.txt -r constraints-extras.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(BUILD)/runtime $@

# The three files name all there is, so pip need not look what depends on what; one of them could not be had else.
$(BUILD)/development: constraints.txt constraints-extras.txt constraints-dev.txt pyproject.toml | $(BUILD)/venv
	@echo "Installing what the server, its optional parts and its tests need ..."
	@$(PIP) install --no-deps --require-hashes --only-binary :all: $(addprefix -r ,$(filter constraints%,$^))
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(BUILD)/runtime $(BUILD)/extras $@

$(BUILD)/node: package.json package-lock.json
	@command -v node npm >/dev/null || .ci/programs nodejs npm || { echo "$(NEED_NODE)" >&2; exit 1; }
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p $(BUILD) && touch $@

# No stamp: to look whether they are there takes no time.
programs:
	@.ci/programs
