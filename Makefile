# Everything a developer or CI runs. `make` alone lists it.
#   PYTHON=...  the interpreter to build .venv with (default: the first of CANDIDATES that works)
#   ARGS=...    more arguments for pytest, e.g. make test ARGS="-k inbox"
#   SEED=...    with `make test` and `make chaos`: other random examples
#   UPGRADE=1   with `make lock`: take the newest versions instead of keeping what is locked
#   QUICK=1     with `make bench`: small sizes, a minute or two
#   WRITE=1     with `make bench`: put the table into docs/benchmarks.md, too

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SILENT:

CANDIDATES := python3.13 python3.12 python3.11 python3 python
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

# Shell text that sets $$python to an interpreter that runs, is new enough and has what Handrail needs (a pyenv
# shim may have no version behind it), or ends with a message.
find_python = python=; \
	for candidate in $(or $(PYTHON),$(CANDIDATES)); do \
		if $$candidate -c 'import sqlite3, ssl, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Handrail needs Python 3.11 or newer (with sqlite3 and ssl); tried: $(or $(PYTHON),$(CANDIDATES))." >&2; \
		echo "Install one, or name yours: make venv PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi

.PHONY: help venv demo demo-terminal test compiler browser mail check chaos bench lint format lock build clean

help: ## list these targets
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY) ## make .venv with the locked tools and Handrail itself, editable

# Another lock than the one installed, or an interpreter that is gone: from scratch. Else only Handrail anew.
$(READY): pyproject.toml requirements.lock
	set -e; \
	if ! cmp -s requirements.lock .venv/requirements.lock || ! $(BIN)/python -c '' 2>/dev/null; then \
		$(find_python); \
		echo "Making .venv with $$($$python --version) ..."; \
		make_venv() { rm -rf .venv && $$python -m venv .venv; }; \
		if ! problem=$$(make_venv 2>&1); then \
			version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
			if $$python -c 'import ensurepip' 2>/dev/null; then \
				echo "$$problem" >&2; \
				exit 1; \
			elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
				echo "Installing python$$version-venv ..."; \
				apt-get update -qq >/dev/null || true; \
				DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python$$version-venv >/dev/null 2>&1 \
					|| DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; \
				make_venv; \
			else \
				echo "This Python cannot make virtual environments: it lacks ensurepip." >&2; \
				echo "On Debian or Ubuntu: sudo apt-get install python$$version-venv   then again: make venv" >&2; \
				exit 1; \
			fi; \
		fi; \
		$(PIP) install --require-hashes -r requirements.lock; \
		cp requirements.lock .venv/requirements.lock; \
		echo "Made .venv; to have \`handrail\` in your shell: . .venv/bin/activate"; \
	fi
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

demo: venv ## see Handrail at work: the web inbox with work waiting (PORT=8000)
	$(BIN)/handrail demo $(if $(PORT),--port $(PORT))

demo-terminal: venv ## the same in this terminal: a draft, your feedback, its revision
	$(BIN)/handrail demo --terminal

# Tests start thousands of processes: where nobody writes __pycache__ (PYTHONDONTWRITEBYTECODE), each would compile all.
compile = $(BIN)/python -m compileall -q src tests

# The same examples each time, so that a red run is about the change at hand; `make check` draws new ones.
test: lint compiler browser mail ## lint, then every test, journeys with crashes too (what CI runs)
	$(compile)
	$(BIN)/python -m pytest -n 2 --hypothesis-seed=$(or $(SEED),1) $(ARGS)

# What records the writes and syncs for the tests of power cuts is C; without a compiler they are skipped.
compiler:
	if ! command -v cc >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing a C compiler for the tests of power cuts ..."; \
		apt-get update -qq >/dev/null || true; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq gcc libc6-dev >/dev/null 2>&1 || true; \
	fi

# What opens the pages in tests is Debian's Chromium (or yours: CHROMIUM=/path); without one they are skipped.
browser:
	if [ -z "$$CHROMIUM" ] && ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null \
		&& [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the tests of the pages ..."; \
		apt-get update -qq >/dev/null || true; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null 2>&1 || true; \
	fi

# What mails go through in tests is Debian's Postfix and Dovecot, with a configuration and ports of their own (nothing
# is started by the system: RUNLEVEL=1); without them those tests are skipped.
mail:
	if ! { [ -x /usr/lib/postfix/sbin/master ] && [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/lmtp ]; } \
		&& [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Postfix and Dovecot for the tests of email ..."; \
		apt-get update -qq >/dev/null || true; \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			postfix dovecot-imapd dovecot-lmtpd >/dev/null 2>&1 || true; \
	fi

check: lint ## lint, then the quick tests
	$(compile)
	$(BIN)/python -m pytest -q -n 2 -m "not journey and not slow" $(ARGS)

chaos: venv ## processes are killed at random for MINUTES=1 (SEED=...), then every promise is checked
	$(BIN)/python tests/chaos.py --minutes $(or $(MINUTES),1) $(if $(SEED),--seed $(SEED))

bench: venv ## measure beside LangGraph and DBOS; prints one table
	$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick) $(if $(WRITE),--write)

lint: venv ## style, format, types and layers
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet || { echo "Not formatted: run make format" >&2; exit 1; }
	$(BIN)/mypy --no-error-summary
	layers=$$($(BIN)/lint-imports 2>&1) || { echo "$$layers" >&2; exit 1; }

format: venv ## format, and fix what can be fixed
	$(BIN)/ruff check --fix --quiet || true
	$(BIN)/ruff format --quiet

lock: ## write requirements.lock anew
	set -e; \
	$(find_python); \
	scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	$$python -m venv "$$scratch"; \
	"$$scratch/bin/python" -m pip --disable-pip-version-check -qq install uv; \
	new="$$scratch/requirements.lock"; \
	if [ -z "$(UPGRADE)" ] && [ -e requirements.lock ]; then cp requirements.lock "$$new"; fi; \
	"$$scratch/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --extra llm --extra web --extra slack --extra email --extra dev pyproject.toml --output-file "$$new"; \
	if grep -nE -e '://|^ *-(i|f|-index-url|-extra-index-url|-find-links)' "$$new"; then echo "The lock must name no registry: see the lines above." >&2; exit 1; fi; \
	{ echo "# Written by: make lock (core, llm, web, slack, email and dev; Python 3.11 and newer, Linux and macOS)."; cat "$$new"; } \
		>"$$scratch/complete"; \
	cat "$$scratch/complete" >requirements.lock

build: venv ## wheel and source archive in dist/
	rm -rf dist
	log=$$($(BIN)/python -m build --no-isolation 2>&1) || { echo "$$log" >&2; exit 1; }
	ls dist/*

clean: ## remove .venv, caches and builds
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
