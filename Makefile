# Each target does its own set-up in .venv; it needs python3 (3.11 or later), python3-venv and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Most of what is installed is never imported, so bytecode is left to who imports: half a minute less.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile

.PHONY: demo test bench results peers docs gallery lint audit image-test clean

demo: $(VENV)/.core
	$(BIN)/evacroute demo --out demo/

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --doctest-modules evacroute tests

bench: $(VENV)/.dev
	$(BIN)/python -m pytest tests/benchmarks -o addopts=-ra -s

# The figures of docs/benchmarks.md and docs/evaluation.md and tables elsewhere: half an hour on two quiet
# cores; ONLY="replan floods load" makes those named. Needs the shared inputs (EVACROUTE_SHARED).
ONLY ?=
results: $(VENV)/.dev
	$(PIP) -e '.[dev,bench]'
	$(BIN)/python tests/benchmarks/all.py --results docs/results $(ONLY); failed=$$?; \
	  $(BIN)/python docs/write_results.py && exit $$failed

# Other people's solvers and simulators; INSTANCES="venice_100k" needs the shared inputs.
INSTANCES ?= district_four_classes lagoon_50k
peers: $(VENV)/.dev
	$(PIP) -e '.[dev,bench]'
	$(BIN)/python tests/benchmarks/against.py $(INSTANCES) --judge hydraulic --judge sumo

docs: $(VENV)/.dev
	$(BIN)/python docs/build.py site/

# Runs all examples and keeps what they print and draw.
gallery: $(VENV)/.dev
	$(BIN)/python docs/gallery.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known vulnerabilities of what the image holds, and the list of its parts (CycloneDX) in
# build/sbom.json. SERVICE is who is asked: pypi or osv. Fails where nobody could be asked.
AUDIT := build/audit
SERVICE ?= pypi
audit: | $(BIN)/python
	rm -rf $(AUDIT) build/sbom.json
	$(PYTHON) -m venv $(AUDIT)/tools
	$(PYTHON) -m venv --without-pip $(AUDIT)/shipped
	$(AUDIT)/tools/bin/python -m pip install --quiet pip-audit cyclonedx-bom
	$(AUDIT)/tools/bin/python -m pip --python $(AUDIT)/shipped/bin/python install --quiet '.[serving]'
	$(AUDIT)/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o build/sbom.json $(AUDIT)/shipped/bin/python
	-$(AUDIT)/tools/bin/pip-audit --progress-spinner off --format json -s $(SERVICE) \
	  --path "$$(echo $(AUDIT)/shipped/lib/python3*/site-packages)" -o $(AUDIT)/found.json
	$(BIN)/python examples/kserve/image/audit.py $(AUDIT)/found.json

# Builds the image and asks it, without a container engine: needs root, buildah and debootstrap.
image-test: $(VENV)/.core
	$(BIN)/python examples/kserve/image/try_image.py

clean:
	rm -rf $(VENV) demo site build dist .numba_cache evacroute/_kernels/__pycache__

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "evacroute needs Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps are rewritten when the dependencies may have changed.
$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.core
