# The course's everyday commands. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# argon2-cffi-bindings 26 and cryptography 49 have no wheel for Macs with Intel processors.
ALSO := nbval 'argon2-cffi-bindings<26' 'cryptography<49'
DEV_TOOLS := axe-playwright-python coverage distributed hatchling==1.33.0 hypothesis mypy playwright pytest pytest-cov pytest-xdist ruff types-defusedxml uv
AWS_CLI := awscli==1.45.64
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup lab course test test-localstack bench bench-grading lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: .venv/.setup ## install everything the labs need into .venv

lab: setup ## start the emulator and open JupyterLab on the first notebook
	$(BIN)/lab open

course: setup ## run all notebooks with their solutions, as a test that this machine can
	$(BIN)/lab notebooks run

test: .venv/.dev ## run the linters, the type checker and all tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 4 --no-loadscope-reorder

test-localstack: .venv/.dev ## run the labs' tests on the LocalStack at AWS_ENDPOINT_URL
	@test -n "$(AWS_ENDPOINT_URL)" || { \
	  echo "Say where LocalStack is: make test-localstack AWS_ENDPOINT_URL=http://127.0.0.1:4566"; exit 2; }
	$(BIN)/pytest tests/labs tests/test_localstack.py --emulator localstack --numprocesses 2
	$(BIN)/pytest tests/test_panel_on_either_emulator.py --emulator localstack  # alone: it watches the account

bench: .venv/.dev ## measure the harness beside other tools
	$(BIN)/python -m benchmarks

bench-grading: .venv/.dev ## measure lab grade beside nbgrader and otter-grader; ARGS=--no-large leaves out the 1,000
	$(BIN)/python -m benchmarks.grading $(ARGS)

lock: .venv/.dev ## write the requirements files anew; UPGRADE=--upgrade takes the newest versions
	printf '%s\n' $(ALSO) | $(LOCK) $(UPGRADE) pyproject.toml - -o requirements.txt
	printf '%s\n' $(DEV_TOOLS) | $(LOCK) $(UPGRADE) -c requirements.txt - -o requirements-dev.txt
	printf '%s\n' $(AWS_CLI) | $(LOCK) $(UPGRADE) - -o requirements-aws-cli.txt

clean: ## remove what was installed and cached; your progress in .lab and your notebooks stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .coverage artifacts build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

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

# The AWS CLI pins another botocore than the emulator does, so it lives in a folder of its own:
# PYTHONPATH=.venv/aws-cli .venv/bin/python -m awscli
.venv/.dev: .venv/.setup requirements-dev.txt requirements-aws-cli.txt
	$(PIP) --requirement requirements.txt --requirement requirements-dev.txt
	rm -rf .venv/aws-cli
	$(PIP) --no-warn-conflicts --target .venv/aws-cli --requirement requirements-aws-cli.txt
	@touch $@
