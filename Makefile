# Everything runs in an environment that is made here; nothing else on the machine is touched.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
DEMO := .demo/venv
BIN := $(VENV)/bin
export PYTHON LLAMA

.PHONY: help demo test lint types unit docs bench clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO)/.ready ## Play the demo (LLAMA=path/to/llama-2-7b-chat.gguf: with your own LLaMA 2; OPENAI_API_KEY: with GPT, at most half a cent)
	@$(DEMO)/bin/python examples/demo/main.py

test: lint types unit ## Run every check: lint, types, tests (3 minutes)

lint: $(VENV)/.ready ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready ## Check types with mypy and pyright, both strict
	$(BIN)/mypy
	$(BIN)/pyright

unit: $(VENV)/.ready ## Run the tests
	$(BIN)/python -m pytest

docs: $(VENV)/.ready ## Build the documentation as a site, in site/
	$(BIN)/python -m mkdocs build --strict --quiet

bench: $(VENV)/.ready ## Measure, side by side with other clients
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.local

clean: ## Remove environments, builds and caches
	rm -rf $(VENV) .demo build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: EXTRAS := dev
$(DEMO)/.ready: EXTRAS := starter,cli
$(VENV)/.ready $(DEMO)/.ready: pyproject.toml .ci/install
	@.ci/install $(@D) $(EXTRAS)
