# Two commands on a machine with python3 (3.11 or newer), pip, venv and make: `make app` and `make test`.

PYTHON ?= python3
# Anything pip should be told, e.g. PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_ARGS ?=
# Anything the app or pytest should be told, e.g. make app ARGS="--port 8060 --no-browser", make test ARGS="-k genome"
ARGS ?=
# Tests wait for processes and pages as often as they compute: more at once than there are cores.
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The methods that Monae is measured against live apart; MONAE_PEERS names an environment that has them already.
PEERS := .venv-peers
PEERS_STAMP := $(if $(MONAE_PEERS),,$(PEERS)/.installed)
# So does cellxgene, which a long test opens our tables with; MONAE_CELLXGENE names an environment that has it.
CELLXGENE := .venv-cellxgene
CELLXGENE_STAMP := $(if $(MONAE_CELLXGENE),,$(CELLXGENE)/.installed)
SAMPLES := data_samples
# One thread a test: threads that spin for a core cost more than they bring.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
# Bytecode is kept even where images switch that off: tests start hundreds of processes.
PYTEST := $(ONE_THREAD) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help app test test-long lint fix bench bench-ui bench-scale peers cellxgene samples browser

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

app: $(STAMP) ## Open the app on the bundled sample
	$(BIN)/monae demo $(ARGS)

test: $(STAMP) browser ## Run every test that guards correctness, the real browser included
	$(PYTEST) -m "not long" -n $(WORKERS) --dist worksteal $(ARGS)

test-long: $(STAMP) browser ## Run the tests that take minutes each
	$(PYTEST) -m long $(ARGS)

lint: $(STAMP) ## Check style, format, types and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(STAMP) ## Repair what ruff can repair
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(STAMP) peers ## Measure quality and speed beside peers; fails when a figure is missed
	@missed=0; $(ONE_THREAD) $(BIN)/python -m tests.benchmarks.run $(ARGS) || missed=1; \
	for each in protein methylation batches alignment_null inferred_guidance label_transfer differential \
	    regulation markers imputation_check trajectory throughput; do \
		$(ONE_THREAD) $(BIN)/python -m tests.benchmarks.$$each || missed=1; \
	done; exit $$missed

bench-ui: $(STAMP) browser ## Measure the map in a real browser beside plotly; fails when a figure is missed
	$(ONE_THREAD) $(BIN)/python -m tests.benchmarks_ui.run $(ARGS)

bench-scale: $(STAMP) ## Measure how time and memory grow with the cells; MILLION=1 adds a million of each modality
	$(ONE_THREAD) MILLION=$(MILLION) $(BIN)/python -m tests.benchmarks.scale --write $(ARGS)

peers: $(PEERS_STAMP) ## Install the methods to measure against, into .venv-peers

cellxgene: $(CELLXGENE_STAMP) ## Install cellxgene to open our tables with, into .venv-cellxgene

# Fewer private axes than the default, and no checkpoint, keep the runs that travel with the app small.
samples: $(STAMP) ## Train the bundled runs anew; other methods beside them as far as `make peers` installed them
	cd $(SAMPLES)/mouse_cortex && ../../$(BIN)/monae run rna=rna.h5ad atac=atac.h5ad --genome mm10 --out run --seed 0 \
		--overwrite --set latent_shared=20 --set latent_private=5
	cd $(SAMPLES)/pbmc_protein && ../../$(BIN)/monae run rna=rna.h5ad protein=protein.h5ad --genome hg38 --out run \
		--seed 0 --overwrite
	cd $(SAMPLES)/mouse_cortex && ../../$(BIN)/monae run rna=rna.h5ad atac=atac.h5ad --genome mm10 --out run_monae-e \
		--seed 0 --overwrite --model monae-e --set latent_shared=20 --set latent_private=5
	cd $(SAMPLES)/pbmc_protein && ../../$(BIN)/monae run rna=rna.h5ad protein=protein.h5ad --genome hg38 \
		--out run_monae-e --seed 0 --overwrite --model monae-e
	cd $(SAMPLES)/myeloid && ../../$(BIN)/monae run rna=rna.h5ad --genome mm10 --out run --seed 0 --overwrite
	rm -f $(SAMPLES)/*/run*/checkpoint.safetensors
	for sample in $(SAMPLES)/mouse_cortex $(SAMPLES)/pbmc_protein; do $(BIN)/python -c 'import json, sys; \
		title = json.load(open(sys.argv[1] + "/sample.json"))["title"]; \
		json.dump({"name": title + ", by Monae-E"}, open(sys.argv[1] + "/run_monae-e/about.json", "w"))' $$sample; done
	for run in $(SAMPLES)/*/run*; do $(BIN)/python -m monae_app.jobs.long_holdout $$run; done
	for run in $(SAMPLES)/mouse_cortex/run* $(SAMPLES)/pbmc_protein/run*; do \
		$(BIN)/python -m monae_app.jobs.sample_regulation $$run cell_type; done
	for sample in $(SAMPLES)/mouse_cortex $(SAMPLES)/pbmc_protein; do \
		$(BIN)/python -m monae_app.jobs.sample_methods $$sample/run cell_type monae pca cca harmony scglue; \
		$(BIN)/python -m monae_app.jobs.sample_methods $$sample/run_monae-e cell_type monae; done
	$(BIN)/python -m monae_app.jobs.sample_trajectory $(SAMPLES)/myeloid/run cluster_slingshot 1

browser: $(STAMP)
	@.ci/browser $(BIN)/python

$(PEERS)/.installed: pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install $(PIP_ARGS) -e ".[peers]"
	@touch $@

$(CELLXGENE)/.installed:
	$(PYTHON) -m venv $(CELLXGENE)
	$(CELLXGENE)/bin/python -m pip install $(PIP_ARGS) cellxgene==1.3.0
	@touch $@

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements.lock
	$(BIN)/python -m pip install $(PIP_ARGS) --no-deps -e .
	@touch $@
