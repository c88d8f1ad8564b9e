# make run: try it out · make test: run the tests · make check: what CI runs · make help: the rest

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
# A test that waits for a browser or a process leaves its core to one more.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
CATALOGS := $(wildcard locale/*/LC_MESSAGES/django.po)

# Without a .env, this machine is for trying out.
ifeq ($(wildcard .env),)
export DEBUG ?= on
endif

.PHONY: help setup run test check lint lock bench score sample screenshots clean

help: ## Show the commands.
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/.installed static/dist/.built .venv/.translated ## Install everything into .venv and node_modules, and build.

run: setup ## Run web, worker and beat, with a demonstration world; LAN=1 serves phones over HTTPS.
	@exec $(MANAGE) run $(if $(LAN),--lan $(LAN))

test: setup ## Run the tests; with DATABASE_URL and REDIS_URL set, on those.
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

check: lint test ## Run what CI runs.

lint: setup ## Check format, lint, types, imports, migrations, translations and settings.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) translations --check
	DEBUG=off SITE_URL=https://ferryman.example DATABASE_URL= REDIS_URL= \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
	DATA_KEYS="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
	$(MANAGE) check --deploy --fail-level WARNING

lock: setup ## Compile pyproject.toml's dependencies into the requirements.
	$(BIN)/uv pip compile -q --no-header --no-annotate pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --no-header --no-annotate --extra dev -c requirements.txt pyproject.toml \
		-o requirements-dev.txt

bench: setup ## Measure, on PostgreSQL at DATABASE_URL.
	$(BIN)/python -m benchmarks

score: setup ## Simulate a small world with known faults, and compare what reconciliation finds with the truth.
	rm -rf var/score && mkdir -p var/score
	@export DATA_DIR=var/score DATABASE_URL= DEBUG=on; $(MANAGE) migrate -v 0 \
		&& $(MANAGE) simulate --days 10 --drivers 200 --seed 7 --faults 6% --truth var/score/truth.jsonl \
		&& $(MANAGE) score var/score/truth.jsonl

sample: setup ## Make the sample workbook anew.
	$(MANAGE) make_sample

screenshots: setup ## Take the pictures of docs/portal.md anew.
	$(BIN)/python docs/screenshots/make.py

clean: ## Remove what was installed and built; the data in var/ stays.
	rm -rf .venv node_modules static/dist static/fonts staticfiles locale/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written when its step has ended, so a setup that was cut short is taken up again where it stopped.

.venv/.made:
	@test -n "$(PYTHON)" || { echo "Ferryman needs Python 3.11 or newer: apt-get install python3 python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/.installed: .venv/.made requirements.txt requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

node_modules/.installed: package.json package-lock.json .npmrc
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a < 20 || (a == 20 && b < 19) ? 1 : 0)' 2>/dev/null \
		|| { echo "Ferryman needs Node 20.19 or newer with npm: https://nodejs.org"; exit 1; }
	npm ci --no-progress
	touch $@

# Folders too: their times change when a file is removed.
static/dist/.built: node_modules/.installed vite.config.js $(shell find static/src)
	npm run --silent build -- --logLevel warn
	touch $@

.venv/.translated: .venv/.installed $(CATALOGS)
	DEBUG=on $(MANAGE) translations --compile
	touch $@
