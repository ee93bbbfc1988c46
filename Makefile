.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := PYTHONPATH=scoring_program $(BIN)/python
CAMPAIGN := PYTHONPATH=scoring_program:tests/support:tests/campaigns $(BIN)/python
RESULTS ?= results
DIST ?= dist
REFERENCE ?= reference_data_stub/reference
FUZZING ?= fuzzing
RELIABILITY ?= reliability
LOAD_DATA ?= bench-data/v2-val
fuzz: SECONDS = 60
SUBMISSION ?= reference_data_stub/sample_submission.zip

.PHONY: help
help: ## print all targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/development: requirements-dev.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/runtime

# what only some targets need: browser, cluster, docs, fuzz, mutation, tools
$(VENV)/%: requirements-%.lock $(VENV)/development
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: score
score: $(VENV)/runtime ## score a submission (SUBMISSION=, REFERENCE=, RESULTS=); the sample without them
	$(RUN) -P -m lvos_eval score $(SUBMISSION) --reference $(REFERENCE) --output $(RESULTS)

.PHONY: check
check: $(VENV)/runtime ## report every problem of a submission (SUBMISSION=, REFERENCE=)
	$(RUN) -P -m lvos_eval check $(SUBMISSION) --reference $(REFERENCE)

.PHONY: check-reference
check-reference: $(VENV)/runtime ## find every error of reference data (REFERENCE=, AUDIT= folder for a page of suspicious masks, STORE=, SUBMISSIONS=)
	$(RUN) -P -m lvos_eval check-reference $(REFERENCE) $(if $(AUDIT),--audit $(AUDIT)) \
		$(if $(STORE),--store $(STORE)) $(if $(SUBMISSIONS),--submissions $(SUBMISSIONS))

.PHONY: rescore
rescore: $(VENV)/runtime ## score stored submissions again (SUBMISSIONS=, REFERENCE=, RESULTS=, STORE=, NAMES=, PREVIOUS=)
	$(RUN) -P -m lvos_eval rescore $(SUBMISSIONS) --reference $(REFERENCE) --output $(RESULTS) $(if $(STORE),--store $(STORE)) \
		$(if $(NAMES),--names $(NAMES)) $(if $(PREVIOUS),--previous $(PREVIOUS))

.PHONY: compare
compare: $(VENV)/runtime ## print the differences between two results or leaderboards (OLD=, NEW=)
	$(RUN) -P -m lvos_eval compare $(OLD) $(NEW)

.PHONY: new-competition
new-competition: $(VENV)/development ## write a folder with settings and pages of a competition, to be edited (DIR=)
	$(RUN) -m competition.settings.new $(DIR)

.PHONY: import-bundle
import-bundle: $(VENV)/development ## turn an exported CodaLab competition into such a folder (ZIP=, DIR=, START= day of its first phase)
	$(RUN) -m competition.imports.run $(ZIP) $(DIR) $(if $(START),--start $(START))

.PHONY: templates
templates: $(VENV)/runtime ## compile the templates of the pages, after one of them was changed
	$(RUN) -P -c "from lvos_eval.reporting import compiled_templates as c, html; c.write_compiled(html.environment())"

.PHONY: bundle
bundle: $(VENV)/development ## build both competition bundles (COMPETITION= folder, REFERENCE= hidden data, VALIDATION= public data, PHASES=, IMAGE=, CHECK_IMAGE=)
	$(RUN) -m competition.bundles.build $(REFERENCE) --output $(DIST) $(if $(COMPETITION),--competition $(COMPETITION)) \
		$(if $(VALIDATION),--validation $(VALIDATION)) \
		$(if $(PHASES),--phases $(PHASES)) $(if $(IMAGE),--image $(IMAGE)) $(if $(CHECK_IMAGE),--check-image $(CHECK_IMAGE))

.PHONY: platform-rerun
platform-rerun: $(VENV)/development ## correct the board of a running competition (RERUN="FOLDER --competition ID --phase NAME --dry-run")
	$(RUN) -m competition.corrections.run $(RERUN)

.PHONY: bundle-check
bundle-check: $(VENV)/development ## check the built bundles against every rule of the platforms
	$(RUN) -m competition.checks.selfcheck $(DIST)

.PHONY: test
test: $(VENV)/development ## run the tests, the page in a browser and clusters aside (FILE= for some of them)
	$(BIN)/python -m pytest -q $(if $(FILE),$(FILE),-n auto -m "not browser and not cluster and not slow")

NOT_POSIX := $(addprefix tests/,cli execution formats metrics reference rescoring scoring)

.PHONY: test-not-posix
test-not-posix: $(VENV)/development ## run tests without the functions that Windows lacks, with spawned workers (FILE= for others)
	PYTHONPATH=tests/support/not_posix $(BIN)/python -m pytest -q $(if $(FILE),$(FILE),-n auto -m "not slow" $(NOT_POSIX))

.PHONY: test-slow
test-slow: $(VENV)/development ## run the tests that `make test` leaves out for their length
	$(BIN)/python -m pytest -n auto -q -m slow

.PHONY: test-cluster
test-cluster: $(VENV)/cluster ## rescore on a Dask cluster on this machine
	$(BIN)/python -m pytest tests/cluster --require-cluster dask -q

.PHONY: test-browser
test-browser: $(VENV)/browser ## test the detail page in Chromium (apt-get install chromium)
	$(BIN)/python -m pytest tests/browser --require-browser -n auto -q

.PHONY: docs
docs: $(VENV)/docs ## write the generated tables and build the documentation into site/
	$(RUN) -P docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "site/index.html"

.PHONY: screenshots
screenshots: $(VENV)/browser ## draw the pictures of the detail page in docs/ again (apt-get install chromium)
	PYTHONPATH=scoring_program:tests/support:. $(BIN)/python docs/make_screenshots.py

.PHONY: image
image: ## build the container image
	container/run.sh build

.PHONY: sbom
sbom: ## list what the image holds, as CycloneDX (needs the image: make image)
	@mkdir -p $(DIST)
	@container/run.sh sbom >$(DIST)/sbom.json && echo "$(DIST)/sbom.json"

.PHONY: base-digest
base-digest: $(BIN)/python ## pin the base image in the Dockerfile to the digest of its tag, where its registry answers
	@$(BIN)/python -m supply.base_digest

.PHONY: audit
audit: $(VENV)/tools ## look for known vulnerabilities of every locked package; needs the network
	@$(BIN)/python -m supply.audit

.PHONY: docker-check
docker-check: ## like check, in a container (SUBMISSION=, REFERENCE=)
	@container/run.sh check "$(SUBMISSION)" "$(REFERENCE)"

.PHONY: docker-score
docker-score: OUTPUT ?= $(RESULTS)
docker-score: ## like score, in a container (SUBMISSION=, REFERENCE=, OUTPUT=)
	@container/run.sh score "$(SUBMISSION)" "$(REFERENCE)" "$(OUTPUT)"

.PHONY: docker-test
docker-test: $(VENV)/development ## build the image and run it for real; brings its own engine as root on Debian
	@tests/container/engine.sh tests/container/live.sh $(BIN)/python live_image.py

.PHONY: platform-test
platform-test: $(VENV)/development ## run the bundle in the image the way Codabench and CodaLab do
	@tests/container/engine.sh tests/container/live.sh $(BIN)/python live_platforms.py

.PHONY: matrix
matrix: $(VENV)/tools ## compare the outputs on every Python and set of packages (MATRIX="--sets lowest newest --save FILE")
	$(CAMPAIGN) tests/campaigns/matrix.py $(RELIABILITY)/matrix $(MATRIX)

.PHONY: fuzz
fuzz: $(VENV)/fuzz ## look for bytes that crash the reading of submissions (SECONDS=)
	mkdir -p $(FUZZING)/finds
	$(CAMPAIGN) tests/campaigns/fuzz.py $(FUZZING)/corpus -max_total_time=$(SECONDS) -artifact_prefix=$(FUZZING)/finds/ \
		-max_len=4096 -timeout=5 -rss_limit_mb=1000

.PHONY: format
format: $(VENV)/development ## write the code as ruff wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: texts
texts: $(VENV)/development ## write the texts of problems that the tests expect again (tests/data/problems)
	PYTHONPATH=scoring_program:tests/support $(BIN)/python tests/submission/test_problem_codes.py
	git diff --stat tests/data/problems

.PHONY: lint
lint: $(VENV)/development ## ruff, mypy, import-linter, shellcheck, hadolint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=scoring_program $(BIN)/lint-imports
	$(BIN)/shellcheck container/* tests/container/*.sh .ci/run
	$(BIN)/hadolint Dockerfile

.PHONY: package
package: $(VENV)/tools ## build the wheel and the sdist, and check them
	$(BIN)/python -m build --no-isolation --outdir $(DIST)/python .
	$(BIN)/python -m twine check --strict $(DIST)/python/*

.PHONY: stub
stub: $(VENV)/runtime ## write the synthetic reference and the sample submission again
	$(RUN) reference_data_stub/make_stub.py

.PHONY: bench-data
bench-data: $(VENV)/runtime ## write the masks that the benchmark measures on (about 75 MB, a minute)
	$(RUN) -m perf.data bench-data/mixed-720p --preset mixed-720p --zip
	$(RUN) -m perf.data bench-data/hd-1080p --preset hd-1080p --trackers good
	$(RUN) -m perf.data bench-data/long --preset long --trackers good
	$(RUN) -m perf.data bench-data/short --preset long --frames 200 --trackers good
	$(RUN) -m perf.data bench-data/tiny --preset tiny --trackers good

.PHONY: bench
bench: bench-data ## measure the speed next to the textbook program (BENCH="--rounds 9 --against TREE --write")
	$(RUN) -m perf.bench $(BENCH)

.PHONY: load-data
load-data: $(VENV)/runtime ## write masks of the size of LVOS V2 validation (LOAD_DATA=; 1 GB, half an hour on one core)
	$(RUN) -m perf.data $(LOAD_DATA) --preset v2-val --trackers good --zip

.PHONY: load
load: load-data ## measure time and memory of the commands on them, from one zip on two cores
	$(RUN) -m perf.commands $(LOAD_DATA)

.PHONY: soak
soak: $(VENV)/development ## score 500 random submissions in a row under random faults (SOAK="--runs 30 --seed 7")
	$(CAMPAIGN) -m soak $(SOAK)

.PHONY: differential
differential: $(VENV)/development ## compare J and F with the textbook on 2 million pairs of masks (DIFFERENTIAL="--pairs 100000 --seed 7")
	$(CAMPAIGN) tests/campaigns/differential.py $(DIFFERENTIAL)

.PHONY: mutate
mutate: $(VENV)/mutation ## change the code in every small way and see whether the tests notice (MUTATE="--groups metrics --sample 100")
	$(BIN)/python tests/campaigns/mutation.py $(RELIABILITY)/mutation $(MUTATE)

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
RUNTIME := pyproject.toml --extra fast --extra unsupervised --extra container

.PHONY: lock
lock: $(VENV)/tools ## resolve the dependencies into the lock files (LOCK_OPTIONS= keeps the versions that are there)
lock: LOCK_OPTIONS ?= --upgrade
lock:
	$(LOCK) $(LOCK_OPTIONS) $(RUNTIME) --output-file requirements.lock
	$(LOCK) $(LOCK_OPTIONS) $(RUNTIME) --group test --group lint --group bundle --group package \
		--constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) $(LOCK_OPTIONS) pyproject.toml --extra dask --constraint requirements-dev.lock --output-file requirements-cluster.lock
	set -e; for group in browser docs fuzz mutation tools; do \
		$(LOCK) $(LOCK_OPTIONS) --group pyproject.toml:$$group --constraint requirements-dev.lock \
			--output-file requirements-$$group.lock; done

.PHONY: clean
clean: ## remove everything that the other targets made
	rm -rf $(VENV) $(RESULTS) $(DIST) build site bench-data $(FUZZING) $(RELIABILITY) .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
