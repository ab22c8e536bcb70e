"""Model files and a provider for the tests of local models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.providers.llama_cpp import LlamaCppProvider
from tests.local.tiny_gguf import smollm2_path, tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny LLaMA-2 file with the LLaMA-2 Jinja template."""
    return tiny_gguf(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same file without a chat template."""
    return tiny_gguf(tmp_path_factory.mktemp("models") / "base.gguf", template=None)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct, a small real model."""
    return smollm2_path()


@pytest.fixture
def provider() -> Iterator[LlamaCppProvider]:
    """A provider that is closed after the test."""
    provider = LlamaCppProvider()
    yield provider
    provider.close()
