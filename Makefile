# Nothing has to be activated or installed first: each rule sets up what it needs in .venv.
SHELL := bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
EXAMPLE := examples/eks-h100-inference
BASE_IMAGE ?= python:3.12-slim
CLUSTER_HOME ?= /var/tmp/aicr-cluster
REPEATS ?= 200
N ?= 100
FROM ?= 0
export BASE_IMAGE CLUSTER_HOME

.PHONY: help demo dev test defects interruptions lint types fmt bench e2e cluster-up cluster-down cluster-load images images-check push bench-cluster lock docs docs-check wheel wheel-check clean ci

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.run ## Validate a recorded GPU cluster: no cluster, no GPU, no container needed
	@echo '$$ aicr-orch validate --phase all --replay $(EXAMPLE)'
	@$(BIN)/python -m orchestrator validate --phase all --replay $(EXAMPLE)

dev: .venv/.dev ## Set up everything for development, the command aicr-orch included
	@echo "ready; for this shell: source .venv/bin/activate"

test: .venv/.test ## Run the tests that need neither cluster nor GPU
	$(PYTEST) -n auto --maxprocesses 8

# REPEATS: how often the healthy cluster must be all green.
defects: .venv/.run ## Run the example cluster with each of its defects, and without any, and print what is found
	$(BIN)/python -m tests.defects --repeats $(REPEATS)

# N moments, beginning with number FROM: other numbers are other moments.
interruptions: .venv/.test ## End a run at N moments, kill -9 among them, and see that nothing is lost
	AICR_KILLS=$(N) AICR_KILLS_FROM=$(FROM) $(PYTEST) -n auto --maxprocesses 8 tests/whole_runs/test_interruptions.py

lint: .venv/.dev ## Check style, and the syntax of shell scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@for script in $$(git ls-files -co --exclude-standard .ci); do \
	  head -1 $$script | grep -q bash || continue; bash -n $$script || exit 1; done

types: .venv/.dev ## Check types
	$(BIN)/mypy

fmt: .venv/.dev ## Format, and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/.test ## Measure the program on this machine; also build/bench.json
	@$(BIN)/python -m tests.bench

bench-cluster: .venv/.test ## Measure runs on the cluster of KUBECONFIG; also build/bench-cluster.json
	@$(BIN)/python -m tests.bench.cluster_runs

# Without a KUBECONFIG of your own: the one that `make cluster-up` leaves.
e2e bench-cluster: export KUBECONFIG := $(or $(KUBECONFIG),$(CLUSTER_HOME)/admin.conf)
e2e: .venv/.test $(if $(KUBECONFIG),,$(CLUSTER_HOME)/admin.conf) ## Run the end-to-end tests against the cluster of KUBECONFIG, or a new one
	@$(BIN)/python -m tests.e2e.real_cluster
	$(PYTEST) -m e2e -n 3 --dist loadscope --no-loadscope-reorder tests/contract tests/e2e

$(CLUSTER_HOME)/admin.conf:
	@$(MAKE) --no-print-directory cluster-up images cluster-load
	@echo "the cluster stays for the next time; \`make cluster-down\` removes it"

cluster-up: ## Start a one-node Kubernetes: kind where it is installed, else processes on this machine (root)
	@.ci/cluster/local up

cluster-load: ## Give the images of `make images` to that Kubernetes
	@.ci/cluster/local load

cluster-down: ## Remove that Kubernetes
	@.ci/cluster/local down

images: .venv/.run ## Build the check images, and the end-to-end tests' own, on BASE_IMAGE
	@.ci/images build

images-check: .venv/.test ## Try the images that were built, and print their sizes; also build/images.json
	$(PYTEST) -m docker -n 2 --dist loadscope tests/containers
	@$(BIN)/python -m tests.containers.sizes

push: ## Give the images to REGISTRY, tagged with commit and release; the tree must be clean
	@REGISTRY='$(REGISTRY)' .ci/images push

lock: .venv/.dev ## Pin the newest versions that pyproject.toml allows
	$(BIN)/python .ci/lock.py

docs: .venv/.run ## Write docs/checks.md from the catalog, docs/defects.md from the example's defects
	$(BIN)/python -m orchestrator.docs >docs/checks.md
	$(BIN)/python -m tests.defects.page >docs/defects.md

docs-check: .venv/.test ## Check that documents and code agree
	$(PYTEST) -q tests/test_repository.py

wheel: .venv/.dev ## Build the wheel into dist; from a clean tree it knows its commit
	rm -rf dist build/lib build/bdist*
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

wheel-check: wheel ## Run the demo from the wheel alone
	$(BIN)/python -m venv --clear --without-pip build/wheel
	$(BIN)/python -m pip --python build/wheel/bin/python install --quiet --no-compile --no-deps \
	  --requirement requirements/run.txt dist/*.whl
	build/wheel/bin/aicr-orch --version
	build/wheel/bin/aicr-orch images list
	cd build/wheel && bin/aicr-orch validate --phase all --output ctrf.json \
	  --replay lib/python3*/site-packages/orchestrator/$(EXAMPLE)

clean: ## Remove everything that these rules made in this folder
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ci: ## Everything that must hold before a change lands; as root on Debian 12
	.ci/run

.venv/.run: requirements/run.txt
	@.ci/venv run

.venv/.test: requirements/run.txt requirements/test.txt
	@.ci/venv run test

.venv/.dev: requirements/run.txt requirements/test.txt requirements/dev.txt pyproject.toml
	@.ci/venv run test dev
