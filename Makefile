# The two commands: `make demo` and `make test`. `make help` lists the others.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: help demo test check fix docs bench soak crash pins clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/runtime.stamp ## the guided tour; ARGS=--script plays it and exits
	@$(BIN)/actas demo $(ARGS)

test: check ## everything: format, lint, types, floors and every test
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/test.stamp ## fast: format, lint, types, floors
	./scripts/check

fix: $(VENV)/test.stamp ## format, and mend what can be mended
	./scripts/fix

docs: $(VENV)/test.stamp ## write the generated reference pages again
	./scripts/docs

bench: $(VENV)/test.stamp ## measure, as multiples of a limit measured in the same run
	$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/test.stamp ## ten minutes of load and faults on two nodes; ARGS="--hours 72" goes on for three days
	$(BIN)/python -W ignore -m bench.soak $(ARGS)

crash: $(VENV)/test.stamp ## the long forms of the crash proofs (about half an hour)
	ACTAS_SOAK=1 $(BIN)/pytest -q tests/crash $(ARGS)

pins: $(VENV)/test.stamp ## resolve requirements/*.in into pinned files with hashes
	./scripts/pins

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Actas needs Python 3.11 or later; name one with PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml sdk/pyproject.toml | $(VENV)/python.stamp
	@echo "installing what Actas runs on (once)…"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . -e sdk
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/runtime.stamp
	@echo "installing what the tests need (once)…"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@
