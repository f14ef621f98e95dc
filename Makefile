# Everything is installed in .venv and nowhere else. Each step leaves a stamp there and is taken again only when what it
# depends on has changed, so every target can be repeated, and one that was interrupted goes on where it was.

VENV := .venv
BIN := $(VENV)/bin
# A worker that has run out of tests takes half of those that the other has left.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist worksteal
INSTALL := $(BIN)/uv pip install --compile-bytecode --python $(BIN)/python
LOCKED := $(INSTALL) --require-hashes
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
NO_VENV := echo "Python could not make $(VENV); on Debian and Ubuntu, install python3-venv first." >&2; exit 1
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"
WHOLE := $(VENV)/whole.txt

.DEFAULT_GOAL := help
.PHONY: help install demo test coverage quality fast long lint format types docs neo4j neo4j-stop lock upgrade clean

help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1 \2/p' Makefile | \
	    while read -r make target text; do printf '%s %-10s  %s\n' "$$make" "$$target" "$$text"; done
	@echo 'PYTHON=/path/to/python picks the interpreter that .venv is made with.'

install: $(VENV)/installed ## Make .venv with .venv/bin/tidewaiter in it

demo: $(VENV)/installed ## Invent a trade world and take it from the file to the inspection queue
	$(BIN)/tidewaiter demo

test: lint types ## Check format, lint, layers and types, then run all tests
	$(PYTEST)

coverage: $(VENV)/ready ## Run all tests and say which lines and branches they leave out
	$(PYTEST) --cov

fast: $(VENV)/ready ## Run the tests that are not marked slow
	$(PYTEST) -m "not slow"

long: $(VENV)/ready ## Run the tests that take minutes each, which the others leave out
	$(PYTEST) --long -m long

quality: $(VENV)/installed ## Measure the signals of docs/quality.md, and write it; takes an hour or two
	$(BIN)/python -m benchmarks.quality

lint: $(VENV)/ready ## Check format, lint, layers and the Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/hadolint Dockerfile

types: $(VENV)/ready ## Check types
	$(BIN)/mypy

format: $(VENV)/ready ## Format the code and repair what lint can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/installed ## Write the pages that are generated from the code
	$(BIN)/python -m graph.schema_page > docs/schema.md
	$(BIN)/python -m api.http.document > docs/openapi.json

neo4j: $(VENV)/ready ## Start a Neo4j server for development in .neo4j, and say how to use it
	@$(BIN)/python -m tests.neo4j.development start

neo4j-stop: $(VENV)/ready ## Stop it; its data stay in .neo4j
	@$(BIN)/python -m tests.neo4j.development stop

lock: $(VENV)/tools ## Compile requirements/ from pyproject.toml, keeping the versions that still fit
	cat requirements/*.txt > $(WHOLE)
	$(compile)

upgrade: $(VENV)/tools ## Compile requirements/ with the newest versions that pyproject.toml allows
	rm -f $(WHOLE)
	$(compile)

clean: ## Remove .venv and all caches; .neo4j and its data stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist

# The whole is resolved once, so that the files agree; torch.txt has what only torch needs, so that somebody with
# another build of torch can do without it.
define compile
	$(COMPILE) pyproject.toml --group build --group dev --group ftm --group peer --output-file $(WHOLE)
	echo torch > $(VENV)/without.txt
	$(COMPILE) pyproject.toml --constraints $(WHOLE) --excludes $(VENV)/without.txt \
	    --output-file requirements/base.txt
	$(COMPILE) pyproject.toml --constraints $(WHOLE) \
	    $$(sed -n 's/^\([a-z0-9.-]*\)==.*/--no-emit-package \1/p' requirements/base.txt) \
	    --output-file requirements/torch.txt
	$(COMPILE) --group build --constraints $(WHOLE) --output-file requirements/build.txt
	$(COMPILE) --group dev --constraints $(WHOLE) --output-file requirements/dev.txt
	$(COMPILE) --group ftm --constraints $(WHOLE) --output-file requirements/ftm.txt
	$(COMPILE) --group peer --constraints $(WHOLE) --output-file requirements/peer.txt
endef

# A .venv that is already there is used. Its pip only brings uv, and hatchling, which builds the project offline.
$(VENV)/tools: requirements/build.txt
	@if [ ! -x $(BIN)/python ]; then \
	    for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
	        "$$python" -c '$(SUPPORTED)' 2>/dev/null && break; \
	        python=; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "Tidewaiter needs Python 3.11 to 3.14, and $(or $(PYTHON),no python3 on the PATH) is" \
	            "$(if $(PYTHON),none,one): name one with 'make PYTHON=/path/to/python'." >&2; \
	        exit 1; \
	    fi; \
	    "$$python" -m venv $(VENV) >/dev/null || { $(NO_VENV); }; \
	fi
	@$(BIN)/python -c '$(SUPPORTED)' || \
	    { echo "Tidewaiter needs Python 3.11 to 3.14, which $(VENV) does not have: run 'make clean' first." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip || { $(NO_VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/installed: $(VENV)/tools requirements/base.txt requirements/torch.txt pyproject.toml
	@echo 'Installing; torch with its CUDA libraries is 5 to 6 GB on Linux, fetched once.'
	$(LOCKED) -r requirements/base.txt -r requirements/torch.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@error=$$($(BIN)/python -c 'import lightgbm' 2>&1) || { echo "$$error" | tail -n 1 >&2; \
	    echo "LightGBM misses a library of the system: install libgomp1 (Debian, Ubuntu), libgomp (Fedora)" \
	        "or libomp (Homebrew), then repeat." >&2; exit 1; }
	@touch $@

# FollowTheMoney's reader needs PyICU, which not every machine can build: without it, its tests say so and are skipped.
$(VENV)/ready: $(VENV)/installed requirements/dev.txt requirements/ftm.txt
	$(LOCKED) -r requirements/dev.txt
	@$(LOCKED) -r requirements/ftm.txt || echo "FollowTheMoney was not installed, which only its tests need:" \
	    "they want libicu-dev, pkg-config, g++ and python3-dev (Debian, Ubuntu) or icu4c and pkg-config (Homebrew)." >&2
	@touch $@
