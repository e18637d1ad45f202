# Two commands do all set-up: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
MODULE := $(BIN)/python -m

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: install
install: .venv/installed  ## Make .venv and install the package with its tested versions

.PHONY: demo
demo: .venv/installed  ## Draw phantom scans, train GBMnet on them for a few epochs, score it
	$(MODULE) brain_tumor.train experiment=demo

.PHONY: doctor
doctor: .venv/installed  ## Check whether a training would run on this machine
	@$(MODULE) brain_tumor.doctor

# Runs lie at runs/<experiment>/<model or sweep>/<run>; the newest run tells the experiment.
LOGDIR = $(shell ls -t runs/*/*/*/run.json 2>/dev/null | head -n 1 | cut -d / -f 1,2)

.PHONY: tensorboard
tensorboard:  ## Show the curves of the newest experiment in TensorBoard; LOGDIR=FOLDER shows others
	@test -d "$(LOGDIR)" || { echo "There is no run in $(or $(LOGDIR),runs): train one (make demo)," \
		"or name a folder of runs as LOGDIR=FOLDER." >&2; exit 1; }
	@$(MAKE) --no-print-directory .venv/installed
	@# TensorBoard would keep ten pictures of each tag.
	$(BIN)/tensorboard --logdir "$(LOGDIR)" --samples_per_plugin images=1000

.PHONY: benchmark
benchmark: .venv/installed-benchmark  ## Time the package beside its peers: on phantoms, or BRAIN_TUMOR_DATA=FOLDER
	$(MODULE) benchmarks $(if $(BRAIN_TUMOR_DATA),,data=phantom)

.PHONY: results
results: .venv/installed  ## Make the tables of experiments/, README and docs from the runs kept there
	$(MODULE) experiments.results

.PHONY: docs
docs: .venv/installed-docs  ## Build the documentation site: build/site/index.html, readable without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: release-checkpoint
release-checkpoint:  ## Make a folder of RUN=FOLDER to upload: ONNX, model card, scores; OUT=FOLDER names it
	@test -n "$(RUN)" || { echo "Name a run folder: make release-checkpoint RUN=FOLDER" >&2; exit 1; }
	@$(MAKE) --no-print-directory .venv/installed-export
	$(MODULE) brain_tumor.export "run=$(RUN)" overwrite=true "release=$(or $(OUT),build/release)"

.PHONY: notebooks
notebooks: .venv/installed-notebooks  ## Run the notebooks on phantoms, and keep what they show in their files
	$(MODULE) notebooks.run

.PHONY: test
test: .venv/installed-test  ## Run the default test suite (no network, no scans)
	$(MODULE) pytest -n auto

.PHONY: test-slow
test-slow: .venv/installed-test  ## Run the slow tests: real scans (BRAIN_TUMOR_DATA), wheel, child processes
	$(MODULE) pytest -m slow -n 2

.PHONY: fuzz
fuzz: .venv/installed-test  ## Try 2,000 mutated files of each format: a long run
	$(MODULE) pytest -n auto -rP --hypothesis-profile=fuzz tests/test_fuzz_files.py \
		tests/files/test_fuzz_tables.py tests/data/prepared/test_fuzz_pixels.py

.PHONY: conformance
conformance: .venv/installed-test  ## Compare the reader with Pillow, pydicom, nibabel: FOLDER=..., or files of packages
	@$(BIN)/python tests/conformance.py $(if $(FOLDER),"$(FOLDER)")

.PHONY: lint
lint: .venv/installed-test  ## Check style and formatting
	$(MODULE) ruff check .
	$(MODULE) ruff format --check .

.PHONY: format
format: .venv/installed-test  ## Put style and formatting right
	$(MODULE) ruff check --fix .
	$(MODULE) ruff format .

.PHONY: type
type: .venv/installed-test  ## Check types strictly
	$(MODULE) mypy

.PHONY: clean
clean:  ## Remove .venv and caches; data/ and runs/ stay
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

# OpenCV's wheel wants libGL, which a bare Debian or Ubuntu lacks; any other fault shows as it is.
.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(MODULE) pip install --quiet --constraint constraints.txt --editable .
	@if $(BIN)/python -c 'import cv2' 2>&1 | grep -qE 'lib(GL|gthread)' && command -v apt-get >/dev/null; \
		then $(MAKE) --no-print-directory system-libraries; fi
	@$(BIN)/python -c 'import cv2'
	@touch $@

.venv/installed-test: .venv/installed
	$(MODULE) pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

.venv/installed-benchmark: .venv/installed
	$(MODULE) pip install --quiet --constraint constraints.txt --editable '.[benchmark]'
	@touch $@

.venv/installed-export: .venv/installed
	$(MODULE) pip install --quiet --constraint constraints.txt --editable '.[export]'
	@touch $@

.venv/installed-docs: .venv/installed
	$(MODULE) pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

.venv/installed-notebooks: .venv/installed
	$(MODULE) pip install --quiet --constraint constraints.txt --editable '.[notebooks]'
	@touch $@

.PHONY: browser
browser:  ## Install Chromium on Debian or Ubuntu (as root): the slow tests look at report pages in it
	apt-get update -qq && apt-get install -qq -y chromium

.PHONY: strace
strace:  ## Install strace on Debian or Ubuntu (as root): the slow tests look for connections with it
	apt-get update -qq && apt-get install -qq -y strace

.PHONY: system-libraries
system-libraries:  ## Install the two libraries that OpenCV wants on a bare Debian or Ubuntu
	apt-get update -qq && apt-get install -qq -y libgl1 libglib2.0-0
