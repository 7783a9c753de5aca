# The front door. Each target does what its line in `make` says; the work itself is in `kalimaya` and deploy/.
# Settings are environment variables (README.md): make run KALIMAYA_KAFKA_PORT=19092

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(or $(shell command -v python3.11),python3)
VENV := .venv
BIN := $(VENV)/bin
KAFKA_LIBS := build/kafka/libs
export PIP_DISABLE_PIP_VERSION_CHECK := 1

SCENARIO ?= small
SPEED ?=
SCALE ?=
TESTS ?= tests

.PHONY: help run down status test test-long prove-watch prove-operating prove-upgrade prove-compose simulate chaos recovery soak planted \
	reliability break-rules check setup setup-dev clean-data bench-ledger bench-latency bench-watch bench-picture \
	bench-intake bench-audit bench-restart contracts lock model check-kubernetes sizing images compose-up compose-down \
	test-containers

help: ## print this
	@echo "Kalimaya: the operational picture of simultaneous village-head elections. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name line; do \
		printf '%-20s %s\n' "$$name" "$$line"; done

run: setup ## start everything, play the scenario, stay until Ctrl-C (SCENARIO=small|full|none, SPEED=times life|max, SCALE=operations)
	@exec $(BIN)/kalimaya up --scenario $(SCENARIO) $(if $(SPEED),--speed $(SPEED)) $(if $(SCALE),--scale $(SCALE))

down: setup ## stop a running system from another terminal
	@$(BIN)/kalimaya down

status: setup ## show every process: state, restarts, readiness
	@$(BIN)/kalimaya status

# tests/e2e comes first, so that no long file is left for the end. What only computes gives way to what keeps time.
test: setup-dev ## all tests, on a real Kafka and PostgreSQL (TESTS=tests/unit for some)
	@if [ "$(TESTS)" != tests ]; then exec $(BIN)/python -m pytest $(TESTS); fi; \
	log=$$(mktemp); status=0; \
	nice -n 5 $(BIN)/python -m pytest tests/contract tests/unit tests/model tests/simulation >"$$log" 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/e2e tests/integration || status=$$?; \
	echo 'Beside these, because they mostly wait, ran tests/contract, tests/unit, tests/model and tests/simulation:'; \
	wait $$beside || status=$$?; cat "$$log"; rm "$$log"; exit $$status

test-long: setup-dev ## the same with every long test at full length; takes an hour or more
	@KALIMAYA_TEST_SIZE=1 $(BIN)/python -m pytest --timeout=3600 $(TESTS)

prove-watch: setup-dev ## every rule raised and cleared on the real thing, undisturbed and disturbed; takes 45 minutes
	@$(BIN)/python -m tests.proof.watch

prove-operating: setup-dev ## what docs/operating.md tells to do: back up, restore, copy 6 to 6 and 6 to 4 partitions, go on; takes three minutes
	@$(BIN)/python -m tests.proof.operating

prove-upgrade: setup-dev ## an old and a new release side by side under load, back, and past the switch (docs/operating.md); takes four minutes
	@$(BIN)/python -m tests.upgrade

simulate: setup-dev ## whole services under a seed: 3,000 seeds, then planted bugs (docs/simulation.md); takes three minutes
	@$(BIN)/python -m tests.simulation --seeds 3000
	@$(BIN)/python -m tests.simulation --bugs

chaos: setup-dev ## one piece of load and faults on everything, then the check of all (MINUTES, SEED, BROKERS=1|3); docs/reliability.md
	@$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),8) --seed $(or $(SEED),1) --brokers $(or $(BROKERS),1)

recovery: setup-dev ## kill each kind of process 30 times and time what follows, nine minutes at a time (BROKERS=3 for a broker)
	@$(BIN)/python -m tests.chaos.recovery --brokers $(or $(BROKERS),1)

soak: setup-dev ## half the rate that is sustained for MINUTES=60: memory, files, latency
	@$(BIN)/python -m tests.chaos.soak --minutes $(or $(MINUTES),60)

reliability: setup-dev ## docs/reliability.md anew from the results of these four
	@$(BIN)/python -m tests.chaos.report

break-rules: setup-dev ## break every rule of the domain in a copy of the code, and see its test fail
	@$(BIN)/python -m tests.rules.break_each

model: setup-dev ## explore every state of the ledger protocol within bounds and break each of its rules; takes a minute or two
	@$(BIN)/python -m tests.model

planted: setup-dev ## plant every bug there is: who catches each, and how soon, into docs/reliability/planted*.jsonl; takes two minutes
	@$(BIN)/python -m tests.planted

sse-load: setup-dev ## 200 listeners of a district each and 5 of everything while the full scenario plays flat out, across kills
	@KALIMAYA_LISTENERS=200 KALIMAYA_LISTENERS_OF_EVERYTHING=5 KALIMAYA_LISTENED_SCENARIO=full \
		$(BIN)/python -m pytest --timeout=3600 -s tests/e2e/test_changes.py

check: setup-dev ## lint, format, types, who may import whom, and whether generated files are up to date
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m kalimaya.contracts --check
	$(BIN)/python -m kalimaya.monitoring --check
	$(BIN)/python -m kalimaya.kubernetes --check
	$(BIN)/python -m tests.chaos.report --check

check-kubernetes: setup-dev ## deploy/kubernetes against the schemas of Kubernetes and the operators (needs kubectl, Go, Java, Maven)
	@$(BIN)/python -m tests.kubernetes

setup: $(VENV)/.run $(KAFKA_LIBS)/.fetched ## fetch what `make run` needs: Python packages, PostgreSQL, Kafka

setup-dev: $(VENV)/.dev $(KAFKA_LIBS)/.fetched ## the same, and what tests and checks need

clean-data: setup ## remove the data, so that the next start is afresh
	@$(BIN)/kalimaya clean-data

bench-ledger: setup ## measure one decider against a raw copy loop
	@$(BIN)/python -m bench.ledger

bench-latency: setup ## measure publish to picture on a running, idle system (make run SCENARIO=none)
	@$(BIN)/python -m bench.latency

bench-watch: setup ## measure what a watch takes in, by its stream and by its own reader, and what the operation needs
	@$(BIN)/python -m bench.watch

bench-picture: setup ## measure every endpoint now and at other times on a running, filled system (make run SCENARIO=full SPEED=max)
	@$(BIN)/python -m bench.picture

bench-intake: setup ## measure publish to picture at fixed rates on a running system (make run SCENARIO=none)
	@$(BIN)/python -m bench.intake

bench-audit: setup-dev ## measure the audit of a million messages against a raw read; AUDIT_DATA=folder keeps the logs for the next time
	@$(BIN)/python -m bench.audit $(if $(AUDIT_DATA),--data $(AUDIT_DATA))

sizing: setup ## write docs/sizing.md: what an operation needs, from the smallest to the nation's
	@$(BIN)/python -m bench.sizing > docs/sizing.md

bench-restart: setup ## how long a killed decider takes to answer again over a log of a million events; docs/reliability.md
	@$(BIN)/python -m bench.restart

contracts: setup ## write what is made from definitions: the contract in all its forms, dashboards, docs/metrics.md, manifests
	@$(BIN)/python -m kalimaya.contracts
	@$(BIN)/python -m kalimaya.monitoring
	@$(BIN)/python -m kalimaya.kubernetes

images: ## build the image of all services; the others, too, and an engine for them, where there is none (docs/containers.md)
	@deploy/images/provide

compose-up: images ## start everything in containers (SCENARIO=small|full|none is whose time it is)
	@deploy/compose/make-secrets
	@SCENARIO=$(if $(filter file,$(origin SCENARIO)),none,$(SCENARIO)) deploy/compose/compose up --detach --wait

compose-down: ## stop the containers and keep their data
	@deploy/compose/compose down

test-containers: setup-dev images ## tests/integration on containers, and on nothing else
	@set -a; . build/images.env; set +a; KALIMAYA_TEST_ON=containers KALIMAYA_TEST_KAFKA_IMAGE=$$KAFKA_IMAGE \
		KALIMAYA_TEST_POSTGRES_IMAGE=$$POSTGRES_IMAGE $(BIN)/python -m pytest tests/integration

prove-compose: setup-dev ## from nothing to the small scenario played in containers and an alert seen; takes some ten minutes
	@$(BIN)/python -m tests.proof.compose

lock: ## resolve the dependencies of pyproject.toml anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pipx install uv"; exit 1; }
	@# uv.lock names the index it was made with, so only the exports are kept
	uv lock --quiet
	uv export --quiet --frozen --no-emit-project --no-header --no-dev -o requirements.txt
	uv export --quiet --frozen --no-emit-project --no-header -o requirements-dev.txt

# $(call timed,title,command): says what goes on and how long it took; the command's output only when it fails
define timed
	@printf '  %s ...\n' '$(1)'; began=$$SECONDS; log=$$(mktemp); \
	if { $(2); } >"$$log" 2>&1; then rm "$$log"; printf '  %s: %d s\n' '$(1)' $$((SECONDS - began)); \
	else cat "$$log"; rm "$$log"; echo '  failed: $(1)'; exit 1; fi
endef

.PHONY: prerequisites
# All at once, so that a bare machine is told once what to install.
prerequisites:
	@missing=; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || missing="$$missing python3.11"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3.11-venv"; \
	java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | { read -r major; [ "$${major:-0}" -ge 17 ]; } \
		|| missing="$$missing openjdk-17-jre-headless"; \
	command -v mvn >/dev/null || missing="$$missing maven"; \
	[ -z "$$missing" ] || { \
		echo "Kalimaya needs Python 3.11 with venv, Java 17 and Maven, or newer. On Debian 12: apt-get install$$missing"; \
		echo "A Python elsewhere: make PYTHON=/path/to/it"; exit 1; }

$(VENV)/bin/python: | prerequisites
	$(call timed,virtual environment,$(PYTHON) -m venv $(VENV))

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(call timed,Python packages and PostgreSQL,$(BIN)/pip install --require-hashes -r requirements.txt && $(BIN)/pip install --no-build-isolation --no-deps -e .)
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	$(call timed,Python packages for tests and checks,$(BIN)/pip install --require-hashes -r requirements-dev.txt && $(BIN)/pip install --no-build-isolation --no-deps -e .)
	@touch $@ $(VENV)/.run

$(KAFKA_LIBS)/.fetched: deploy/embedded/pom.xml | prerequisites
	@rm -rf $(KAFKA_LIBS)
	$(call timed,Kafka,mvn --batch-mode --update-snapshots -f deploy/embedded/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(KAFKA_LIBS) -DincludeScope=runtime)
	@touch $@
