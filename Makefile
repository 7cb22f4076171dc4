# The course's everyday commands. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
# Where uv is installed it does what venv and pip do else, ten times as fast; `make setup UV=` does without it.
UV := $(filter-out $(CURDIR)/$(BIN)/uv,$(shell command -v uv 2>/dev/null))
# not for students
EXPORT := $(BIN)/uv export --quiet --frozen --no-hashes --no-emit-project
# /not for students

.DEFAULT_GOAL := help
.PHONY: help setup lab clean
# not for students
.PHONY: dev course test test-lab test-localstack picture bench bench-grading lock
# /not for students

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## install everything the labs need into .venv

# not for students
dev: ## install what the tests and the linters need, too

# /not for students
lab: setup ## start the emulator and open JupyterLab on the first notebook
	$(BIN)/lab open

# not for students
course: setup ## run all notebooks with their solutions, as a test that this machine can
	$(BIN)/lab notebooks run

# Where it is set, each of the tests' thousand processes would compile our modules anew.
test test-lab test-localstack: export PYTHONDONTWRITEBYTECODE :=

test: dev ## run the linters, the type checker and all tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/pytest --numprocesses 4 --no-loadscope-reorder --durations 10

test-lab: dev ## run all that is about one lab: make test-lab LAB=hello_lambda
	@test -n "$(LAB)" || { echo "Say which lab: make test-lab LAB=hello_lambda"; exit 2; }
	$(BIN)/ruff check labs/$(LAB) tests/labs/test_$(LAB).py
	$(BIN)/lab lint $(LAB)
	$(BIN)/pytest --lab $(LAB) --numprocesses 4 --no-loadscope-reorder --durations 10

test-localstack: dev ## run the labs' tests on the LocalStack at AWS_ENDPOINT_URL
	@test -n "$(AWS_ENDPOINT_URL)" || { \
	  echo "Say where LocalStack is: make test-localstack AWS_ENDPOINT_URL=http://127.0.0.1:4566"; exit 2; }
	$(BIN)/pytest tests/labs tests/emulators/test_localstack.py --emulator localstack --numprocesses 4
	$(BIN)/pytest tests/notebook/panel/test_panel_on_either_emulator.py --emulator localstack  # alone: it watches the account

picture: dev ## take docs/panel.png anew, README's picture of the panel
	$(BIN)/pytest --quiet tests/notebook/panel/test_panel_in_jupyterlab.py -k picture_of_the_panel
	cp artifacts/panel.png docs/panel.png

bench: dev ## measure the harness beside other tools
	$(BIN)/python -m benchmarks

bench-grading: dev ## measure lab grade beside nbgrader and otter-grader; ARGS=--no-large leaves out the 1,000
	$(BIN)/python -m benchmarks.grading $(ARGS)

lock: dev ## write uv.lock and the requirements files anew; UPGRADE=--upgrade takes the newest versions
	$(BIN)/uv lock --quiet $(UPGRADE)
	$(EXPORT) --output-file requirements.txt
	$(EXPORT) --only-group dev --output-file requirements-dev.txt

# /not for students
clean: ## remove what was installed and cached; your progress in .lab and your notebooks stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .coverage artifacts build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ifneq ($(UV),)

# --inexact: the developers' tools stay where only what the labs need is asked for. Compiled at once, as pip does: else
# each process that may not write there, such as a function's, would compile boto3 anew.
SYNC := $(UV) sync --quiet --frozen --inexact --compile-bytecode $(if $(filter-out python3,$(PYTHON)),--python $(PYTHON))

setup:
	$(SYNC)

# not for students
dev:
	$(SYNC) --group dev

# /not for students

else

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

setup: .venv/.setup
# not for students
dev: .venv/.dev
# /not for students

# pip is the last thing that venv installs, so it is there only when the rest is.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	  echo "The course needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)"; \
	  echo "Install one of these and name it, for example: make setup PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv

# The stamps make a second run instant: pip runs again only when what it would install has changed.
.venv/.setup: requirements.txt pyproject.toml | $(BIN)/pip
	@echo "Installing into .venv; the first time this takes about a minute."
	$(PIP) --requirement requirements.txt
	$(PIP) --no-deps --editable .
	@touch $@

# not for students
.venv/.dev: .venv/.setup requirements-dev.txt
	$(PIP) --requirement requirements.txt --requirement requirements-dev.txt
	@touch $@

# /not for students
endif
