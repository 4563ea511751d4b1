# Every command of this project. `make` alone prints them.
PORT ?= 8000
DATA_DIR ?= .data
SHELL := /bin/bash
BIN := .venv/bin
# Named after the place, for a virtual environment does not survive being moved.
INSTALLED := .venv/installed$(subst /,-,$(CURDIR))

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## Print this list
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml .ci/setup
	@.ci/setup $@

##@ Run
setup: $(INSTALLED) ## Make .venv from requirements.lock

graphiql: setup ## Fetch the query page's bundle; all else works without it
	@$(BIN)/python gateway/http/graphiql/fetch.py || echo "No query page: fetching its bundle failed." >&2

run: setup graphiql ## Start everything on this machine (PORT=8000 DATA_DIR=.data)
	@exec $(BIN)/partner-center up --port $(PORT) --data-dir $(DATA_DIR)

up: ## Start everything in containers (PORT=8000)
	@.ci/secrets && PORT=$(PORT) docker-compose up --build --detach

down: ## Stop the containers; the data stay
	docker-compose down

logs: ## Follow the containers' logs
	docker-compose logs --follow

##@ Change
format: setup ## Put code and imports in order
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

protos: setup ## Generate protos/gen from protos/partner
	@PYTHON=$(CURDIR)/$(BIN)/python protos/generate.sh

schema: setup ## Print the graph's types to gateway/schema.graphql
	@$(BIN)/python -m gateway.schema > gateway/schema.graphql.new && mv gateway/schema.graphql.new gateway/schema.graphql

lock: setup ## Renew requirements.lock with what is at least a week old
	@.ci/lock

##@ Check
test: setup ## Run every test that needs Python alone, with coverage; or some (args="-k vouchers")
	@# What the tests start as processes of their own is not to be compiled at each start.
	@$(BIN)/python -m compileall -q services gateway partner_center protos/gen
	@$(BIN)/slipcover --json --out .coverage.json -m pytest -n auto --dist worksteal $(args)
	@$(if $(args),,$(BIN)/slipcover --merge .coverage.json --out .coverage.json --fail-under 90)

soak: setup ## Let sixteen writers move money for a minute, and look at every sum (seconds=60)
	@SOAK_SECONDS=$(or $(seconds),60) $(BIN)/pytest -q tests/services/billing/ledger/test_bank.py

conformance: setup ## Let Node.js clients and audits judge the gateway (or URL=… TOKEN=…)
	@$(BIN)/python -m tests.conformance.run

browser: setup ## Open the query page in Chromium (or URL=… EXPECT=…; SCREENSHOT=file)
	@$(BIN)/python -m tests.browser.run

check: lint types imports contract ## Look at the code without running it

lint: setup ## Style and spelling
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/codespell

types: setup ## Types, strictly
	@$(BIN)/mypy

imports: setup ## The directions between packages
	@$(BIN)/lint-imports

contract: setup ## The protos: style, compatibility, freshness of what is generated
	@$(BIN)/pytest -q tests/house/test_contract.py

bench: setup ## Measure; one JSON line per figure (only=engine)
	@for file in $(if $(only),bench/$(only).py,bench/*.py); do $(BIN)/python $$file || exit 1; done

##@ Database
migrate: setup ## Upgrade the databases named by <SERVICE>_OWNER_DATABASE_URL
	@for service in customers billing incentives programs; do $(BIN)/python -m services.$$service migrate || exit 1; done

migration: setup ## Begin a migration (service=billing m="add vouchers")
	@$(BIN)/alembic --name $(service) revision --message "$(m)" --rev-id \
	  $$(printf %04d $$(($$(ls services/$(service)/migrations/versions/[0-9]*.py | wc -l) + 1)))

db-shell: setup ## Open psql in a database of `make run` (service=billing DATA_DIR=.data)
	@exec $(BIN)/partner-center db-shell $(service) --data-dir $(DATA_DIR)
