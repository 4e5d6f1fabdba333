# Needs make and Python 3.11 or newer. Every path is relative, so a folder with spaces in its name is fine.
# ARGS is handed on: `make up ARGS="--port 8080"`, `make test ARGS="tests/unit --no-cov"`.

SHELL := /bin/sh
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup up demo test check scan bench faults e2e-aws package clean lock development

help: ## Say what each target does.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv with what the laptop needs; done already, it takes no time.
	@requirements/install laptop

up: setup ## Build, start and provision the stack, and print where it is.
	@$(BIN)/vestibule up $(ARGS)

demo: setup ## Play a person signing up, in and out, against the stack.
	@$(BIN)/vestibule demo $(ARGS)

development: setup
	@requirements/install development

test: development ## Run every test, with coverage of what runs in Lambda.
	@$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder --cov --cov-report=term $(ARGS)

check: development ## Format, lint, types, import direction, openapi.json, Terraform's format.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vestibule openapi --check
	@if command -v terraform >/dev/null; then echo terraform fmt -check -recursive infra; \
		terraform fmt -check -recursive infra; \
	elif [ -n "$$CI" ]; then echo "make check: terraform is not installed" >&2; exit 1; \
	else echo "terraform is not installed: its format was not checked"; fi

scan: development ## Run checkov on the Terraform tree, and the user-pool checks on its plans.
	@requirements/scanner
	@$(BIN)/python infra/checks/scan.py

bench: development ## Compare cold starts, a person's way in, size and start-up with their budgets.
	@$(BIN)/python bench/run.py $(ARGS)

faults: development ## Let everything go wrong in turn while people sign up, and count who arrives.
	@PYTHONPATH=tests $(BIN)/python -m faults.suite $(ARGS)

e2e-aws: ## Play and test against a deployment: E2E_ENVIRONMENT names it. docs/deploy.md tells more.
	@if [ -n "$$E2E_ENVIRONMENT" ]; then \
		$(MAKE) -s development && $(BIN)/python -m pytest tests/e2e --no-cov $(ARGS); \
	else echo "e2e-aws: skipped: E2E_ENVIRONMENT names no deployment (see docs/deploy.md)"; fi

package: setup ## Build the zip for Lambda in build/, as stack.yaml's runtime says.
	@$(BIN)/vestibule package $(ARGS)

lock: ## Resolve requirements/*.lock again; ARGS=--upgrade takes newer versions.
	@requirements/lock $(ARGS)

clean: ## Remove what was built; the environment and the stack's state stay.
	rm -rf build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
