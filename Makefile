# Yijie. The first command: `make demo`. `make help` lists the others.
#
# Everything is installed into .venv from the locks in requirements/ (exact versions, hashes); a second
# run finds the stamps in .venv and starts at once.

# The first Python on the path that is new enough; or say which: make PYTHON=python3.12 demo
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	command -v $$python >/dev/null 2>&1 && \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUN_STAMP := $(VENV)/.stamp-run
DEV_STAMP := $(VENV)/.stamp-dev
UP_DIR ?= .yijie/up
SECONDS ?= 60
SEEDS ?= 10000

# Where a shell forbids Python to keep what it compiled, each of the processes that a mesh or a test starts
# would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo up test test-spark bench chaos simulate drill-restart drill-rotation drill-failover \
	drill-overload drill-restore lint format protos baseline lock sbom clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

install: $(RUN_STAMP) ## prepares .venv with the locked dependencies

demo: $(RUN_STAMP) ## starts the whole mesh, settles the demo cases, shows every step, stops everything
	@$(BIN)/yijie demo

# make takes no options of its own for us: `make up TLS=1 REGIONS=1` is `yijie up --tls --regions`.
up: $(RUN_STAMP) ## runs the mesh with demo data until Ctrl-C; REGIONS=1: two insured provinces apart; TLS=1
	@$(BIN)/yijie up --data-dir $(UP_DIR)$(if $(REGIONS),-regions --regions)$(if $(TLS), --tls)

bench: $(RUN_STAMP) ## measures: settlements a second against the floor, a long stay, a slow province
	@$(BIN)/yijie bench

# The same SEED is the same plan; without one it is drawn and printed.
chaos: $(RUN_STAMP) ## breaks the mesh under traffic and audits what is left: SECONDS=60 SEED=
	@$(BIN)/yijie chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

simulate: $(RUN_STAMP) ## runs seeds of the deterministic simulation and audits each: SEEDS=10000
	@$(BIN)/yijie simulate --seeds $(SEEDS)

# Three at once on two cores: tests wait for timers and disks as much as they compute. Those of the whole mesh
# start seven processes each: as many, after the others.
test: $(DEV_STAMP) ## runs all tests
	@$(BIN)/pytest --numprocesses 3 --dist loadfile -m "not mesh"
	@$(BIN)/pytest --numprocesses 3 --dist loadfile -m mesh tests/e2e

# Of its own: Spark and the services never share an environment. Needs Java 17 or later.
SPARK_VENV := .venv-spark
SPARK_STAMP := $(SPARK_VENV)/.stamp
test-spark: $(SPARK_STAMP) ## mining gives the same findings on Spark as on DuckDB; needs Java
	@$(SPARK_VENV)/bin/python -m pytest tests/unit/mining tests/spark

# Each on a mesh of its own, under load, with a printed verdict: SHORT=1 is what CI runs.
drill-restart: $(RUN_STAMP) ## restarts every process of a mesh under load, one by one
	@$(BIN)/yijie drill restart $(if $(SHORT),--short)

drill-rotation: $(RUN_STAMP) ## exchanges authority and certificates under load
	@$(BIN)/yijie drill rotation $(if $(SHORT),--short)

drill-failover: $(RUN_STAMP) ## kills the primary database under load, promotes the standby
	@$(BIN)/yijie drill failover $(if $(SHORT),--short)

drill-overload: $(RUN_STAMP) ## offers three times what the mesh carries
	@$(BIN)/yijie drill overload $(if $(SHORT),--short)

drill-restore: $(RUN_STAMP) ## restores a backup to a point in time and checks it
	@$(BIN)/yijie drill restore $(if $(SHORT),--short)

lint: $(DEV_STAMP) ## rules: code, types, contracts, generated stubs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy services tests/support tests/conftest.py protos/generate.py
	@mkdir -p build
	$(BIN)/python protos/generate.py --descriptor build/protos.binpb
	$(BIN)/buf lint build/protos.binpb --config protos/buf.yaml
	$(BIN)/buf breaking build/protos.binpb --against protos/baseline.binpb --config protos/buf.yaml
	$(BIN)/python protos/generate.py --check
	$(BIN)/yijie slo check

format: $(DEV_STAMP) ## formats the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

protos: $(DEV_STAMP) ## generates services/gen from protos/
	$(BIN)/python protos/generate.py

baseline: $(DEV_STAMP) ## with a release: what later contracts must stay compatible with
	@mkdir -p build
	$(BIN)/python protos/generate.py --descriptor build/protos.binpb
	$(BIN)/buf build build/protos.binpb --exclude-source-info --output protos/baseline.binpb

# After a change of the dependencies in pyproject.toml. The locks name no registry; they hold for all
# platforms and for Python 3.11 and later. run.lock: to run; build.lock: to build the package, with the
# versions of run.lock; dev.lock: both, and what tests and rules need.
COMPILE = $(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate \
	--python-version 3.11 pyproject.toml
lock: $(DEV_STAMP) ## resolves requirements/*.lock anew
	$(PIP) install uv
	$(COMPILE) --output-file requirements/run.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --group build --constraint requirements/run.lock \
		--output-file requirements/build.lock
	$(COMPILE) --group dev --group build --output-file requirements/dev.lock
	$(COMPILE) --group spark --constraint requirements/dev.lock --output-file requirements/spark.lock

# What the image runs on, as an inventory of names, versions and hashes (CycloneDX 1.6).
sbom: $(DEV_STAMP) ## writes build/sbom.cdx.json: every locked package of the image
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file build/sbom.cdx.json requirements/run.lock

clean: ## removes what was installed and built; data of `make up` stays in .yijie
	rm -rf $(VENV) $(SPARK_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find services tests protos -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Yijie needs Python 3.11 or later; found: $$(python3 --version 2>&1 || echo none)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Yijie needs Python 3.11 or later." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "  preparing $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements/run.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "  installing what Yijie needs (requirements/run.lock)"
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --require-hashes -r requirements/build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): requirements/dev.lock $(RUN_STAMP)
	@echo "  installing what tests and rules need (requirements/dev.lock)"
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

$(SPARK_STAMP): requirements/spark.lock | $(BIN)/python
	@echo "  installing Spark beside (requirements/spark.lock)"
	@$(BIN)/python -m venv $(SPARK_VENV)
	@$(SPARK_VENV)/bin/python -m pip --disable-pip-version-check install \
		--require-hashes -r requirements/spark.lock
	@touch $@
