# Leeway: everything a person types. `make` alone lists it.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPECS ?= models
# The extras of requirements-sources.lock: the clients of every store and table that needs no Java
SOURCES := athena azure bigquery delta gcs iceberg redshift
OUT ?= build
SERVICE ?= pypi
# Else every process that a test starts compiles the whole project again.
unexport PYTHONDONTWRITEBYTECODE

DEV_STAMP := $(VENV)/.dev-stamp
RUN_STAMP := $(VENV)/.run-stamp
DOCS_STAMP := .venv-docs/.stamp
RELEASE := .venv-release/bin
RELEASE_STAMP := .venv-release/.stamp
EMULATOR := tests/servers/bigquery_emulator
EMULATOR_STAMP := .venv-bigquery/.stamp
SPARK_STAMP := .spark/.stamp

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN_STAMP) ## See it work: a simulated model that drifts, its gauges, dashboards, rules and routes; no account needed
	@$(BIN)/leeway demo

.PHONY: test
test: check ## The same as check

.PHONY: check
check: ## All that CI runs: lint, types, layers, the docs and every test
	@$(MAKE) --no-print-directory tools install
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target spark bigquery
	@$(MAKE) --no-print-directory --jobs=2 static unit
	@$(MAKE) --no-print-directory azure test-grafana

.PHONY: static
static: ## Check all that is checked without running it, and install what few tests run; beside the tests, which often wait
	@$(MAKE) --no-print-directory --output-sync=target lint layers types docs-site azurite grafana

.PHONY: generate
generate: $(RUN_STAMP) ## Write dashboards, rules and routes for SPECS (models) into OUT (build)
	@$(BIN)/leeway generate --out $(OUT) $(SPECS)

.PHONY: install
install: $(DEV_STAMP) ## Make the virtual environment from the lock file, with the development tools

.PHONY: tools
tools: ## Find or install the programs that the tests run: prometheus, promtool, alertmanager, amtool, java
	@.ci/tools

.PHONY: bigquery
bigquery: $(EMULATOR_STAMP) ## Make the environment of the BigQuery emulator that the tests run

.PHONY: spark
spark: $(SPARK_STAMP) ## Unpack the Spark that the tests run

.PHONY: format
format: $(DEV_STAMP) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: lint
lint: $(DEV_STAMP) ## Check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(DEV_STAMP) ## Check types
	@$(BIN)/mypy

.PHONY: layers
layers: $(DEV_STAMP) ## Check who imports whom
	@$(BIN)/lint-imports

.PHONY: unit
unit: $(DEV_STAMP) $(EMULATOR_STAMP) $(SPARK_STAMP) ## Run every test: unit, contract, golden, end to end
	@$(BIN)/pytest

.PHONY: azurite
azurite: ## Install the emulator of Azure's storage that tests run, where npm is on the PATH
	@if command -v npm >/dev/null; then .ci/azurite; fi

.PHONY: azure
azure: $(DEV_STAMP) azurite ## Run the tests on the emulator of Azure's storage, where npm is on the PATH
	@if command -v npm >/dev/null; then $(BIN)/pytest -m azurite tests/exporter/sources/stores/test_azure.py tests/exporter/sources/test_browsing.py; \
	else echo "Without npm on the PATH the tests on Azure's storage do not run."; fi

.PHONY: grafana
grafana: ## Install Grafana's package of transformations that tests run, where npm is on the PATH
	@if command -v npm >/dev/null; then .ci/grafana; fi

.PHONY: test-grafana
test-grafana: $(DEV_STAMP) grafana ## Compare what tests take for Grafana's rules with its own package, where npm is on the PATH
	@if command -v npm >/dev/null; then $(BIN)/pytest -n0 -m grafana tests/dashboards/test_frames.py; \
	else echo "Without npm on the PATH the tests with Grafana's own package do not run."; fi

.PHONY: golden
golden: $(DEV_STAMP) ## Write the golden files and the plain Kubernetes manifests again; read the diff before you commit it
	@$(BIN)/python tests/data/golden.py

.PHONY: docs
docs: $(DEV_STAMP) ## Write what is made from the code: metrics, spec reference, notifications, rooms and layers, drawings
	@$(BIN)/python docs/pages.py
	@$(BIN)/python docs/messages.py
	@$(BIN)/python docs/house.py
	@$(BIN)/python docs/drawings.py

.PHONY: docs-site
docs-site: $(DOCS_STAMP) ## Build the docs as a site with search into build/site; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict
	@echo "Open build/site/index.html, or serve it: python3 -m http.server --directory build/site"

.PHONY: pictures
pictures: $(DEV_STAMP) ## Draw the previews of the dashboards again from their JSON and the demo's past, and the alert
	@$(BIN)/python docs/pictures.py
	@$(BIN)/python docs/notification.py
	@$(BIN)/python docs/drawings.py

.PHONY: bench
bench: $(DEV_STAMP) $(EMULATOR_STAMP) $(SPARK_STAMP) ## Measure what the README promises about speed
	@for script in $(filter-out benchmarks/fuzz.py benchmarks/soak.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script; done

.PHONY: mutate
mutate: $(DEV_STAMP) ## Put mistakes into the generated rules, and count how many their generated tests notice
	@$(BIN)/python benchmarks/mutation.py

.PHONY: build
build: $(DEV_STAMP) ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

.PHONY: release
release: $(DEV_STAMP) $(RELEASE_STAMP) ## Cut the release VERSION=1.2.3: changelog, sdist, wheel, SBOM, checksums in dist/; uploads nothing
	@.ci/release $(VERSION)

.PHONY: sbom
sbom: $(RELEASE_STAMP) ## Write the bill of materials of requirements.lock as CycloneDX into dist/
	@.ci/sbom

.PHONY: audit
audit: $(RELEASE_STAMP) ## Look for known vulnerabilities of requirements.lock at SERVICE (pypi or osv); one not looked up is an error
	@$(RELEASE)/pip-audit --strict --vulnerability-service $(SERVICE) --require-hashes --disable-pip \
		--progress-spinner off -r requirements.lock

.PHONY: lock
lock: $(DEV_STAMP) ## Resolve the dependencies again and write the lock files
	@$(BIN)/uv pip compile -q pyproject.toml --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate -o requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --upgrade $(addprefix --extra ,$(SOURCES)) -c requirements.lock --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-sources.lock
	@$(BIN)/uv pip compile -q pyproject.toml --upgrade --extra dev -c requirements.lock --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-dev.lock
	@$(BIN)/uv pip compile -q $(EMULATOR)/requirements.in --upgrade --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -o $(EMULATOR)/requirements.lock
	@$(BIN)/uv pip compile -q --group docs --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate -o requirements-docs.lock
	@$(BIN)/uv pip compile -q --group release --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate -o requirements-release.lock
	@echo pyspark | $(BIN)/uv pip compile -q - --upgrade --no-deps --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -o .ci/spark.lock

.PHONY: clean
clean: ## Remove what the other targets made
	@rm -rf $(VENV) .azurite .grafana .venv-bigquery .venv-docs .venv-release .spark $(OUT) dist demo .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(RUN_STAMP): requirements.lock pyproject.toml
	@PYTHON=$(PYTHON) .ci/environment requirements.lock
	@touch $@

$(DEV_STAMP): requirements-dev.lock pyproject.toml
	@PYTHON=$(PYTHON) .ci/environment requirements-dev.lock
	@touch $@ $(RUN_STAMP)

$(DOCS_STAMP): requirements-docs.lock
	@PYTHON=$(PYTHON) .ci/install .venv-docs $<
	@touch $@

$(RELEASE_STAMP): requirements-release.lock
	@PYTHON=$(PYTHON) .ci/install .venv-release $<
	@touch $@

$(EMULATOR_STAMP): .ci/bigquery $(addprefix $(EMULATOR)/,requirements.lock emulator.lock adapt.py) | $(DEV_STAMP)
	@PYTHON=$(PYTHON) .ci/bigquery
	@touch $@

$(SPARK_STAMP): .ci/spark .ci/spark.lock | $(DEV_STAMP)
	@.ci/spark
	@touch $@
