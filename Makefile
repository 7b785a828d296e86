# Renom. `make demo` and `make test` each install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install install-dev demo test lint bench train lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     install, then run the whole program on a fictional world"
	@echo "make test     install, then lint and run every test"
	@echo "make install  install into .venv"
	@echo "make lint     ruff, mypy, import-linter"
	@echo "make bench    benchmarks (tables; several minutes)"
	@echo "make train    retrain the shipped models"

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock pyproject.toml
	@echo "installing Renom into $(VENV) ..."
	@$(BIN)/python tools/install.py requirements.lock
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "installing test tools ..."
	@$(BIN)/python tools/install.py requirements-dev.lock
	@touch $@

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

demo: install
	$(BIN)/renom demo $(ARGS)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install-dev lint
	$(BIN)/python -m pytest -n 2 $(ARGS)

bench: install-dev
	@for file in benchmarks/[a-z]*.py; do echo; echo "== $$file"; $(BIN)/python -m $$(echo $${file%.py} | tr / .) || exit 1; done

train: install-dev
	$(BIN)/python -m nlp.training.french_lexicon
	$(BIN)/python -m nlp.training.language_model $(or $(RENOM_DATA),../shared/data)

lock: install-dev
	$(BIN)/python tools/lock.py

clean:
	rm -rf $(VENV) demo-data build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
