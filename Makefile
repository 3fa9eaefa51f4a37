# The commands a person needs. Each sets up what it uses: a virtual environment and the locked packages.
# On a machine with several Pythons: make test PYTHON=python3.12 VENV=.venv-3.12

PYTHON ?= python3
VENV ?= .venv
python := $(VENV)/bin/python
lock := $(python) -m uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11
benches := $(patsubst benchmarks/bench_%.py,%,$(wildcard benchmarks/bench_*.py))
# Minutes each: they run last.
long := faults limit kills peers

# Tests and the demo start dozens of processes, each of which would compile the whole bot anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo tour test check fmt bench screenshots locales lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/requirements.stamp ## open the bot, a Telegram and a newsroom of this machine in a browser
	$(python) -m sandbox.playground $(ARGS)

tour: $(VENV)/requirements.stamp ## the same main job, played through and printed
	$(python) -m sandbox.tour

test: $(VENV)/requirements-dev.stamp ## run the tests (ARGS='-k word': only some)
	$(python) -m pytest -n 2 --dist worksteal $(ARGS)

check: $(VENV)/requirements-dev.stamp ## look over format, lint, types, imports and translations
	$(python) -m ruff format --check
	$(python) -m ruff check
	$(python) -m mypy
	$(VENV)/bin/lint-imports
	$(python) scripts/locales.py check

fmt: $(VENV)/requirements-dev.stamp ## format the code and mend what can be mended
	$(python) -m ruff format
	$(python) -m ruff check --fix

bench: $(VENV)/requirements-dev.stamp ## run every benchmark, some 25 minutes (ARGS='kills limit': only these)
	failed=0; for name in $(or $(ARGS),$(filter-out $(long),$(benches)) $(long)); do \
		$(python) benchmarks/bench_$$name.py || failed=1; done; exit $$failed

screenshots: $(VENV)/requirements-dev.stamp ## take the pictures of the README anew (needs Chromium)
	$(python) -m scripts.screenshots

locales: $(VENV)/requirements-dev.stamp ## bring new messages into the catalogues
	$(python) scripts/locales.py update

lock: $(VENV)/requirements-dev.stamp ## lock the packages (ARGS=--upgrade: to newer versions)
	$(lock) $(ARGS) pyproject.toml --output-file requirements.txt
	$(lock) $(ARGS) requirements-dev.in --output-file requirements-dev.txt
	$(lock) $(ARGS) benchmarks/peers/requirements.in --output-file benchmarks/peers/requirements.txt

$(VENV)/%.stamp: %.txt $(VENV)/bin/python $(VENV)/bin/pip
	$(python) -m pip install -qq --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(VENV)/bin/python $(VENV)/bin/pip &:
	@sh scripts/create-venv "$(PYTHON)" "$(VENV)"
