"""The JSON Schema of fact files says what the reader does."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from docs.schemas import facts
from llmroute.catalog.collection import Catalog
from llmroute.errors import PolicyError
from tests.schemas.samples import is_valid

if TYPE_CHECKING:
    from pathlib import Path

WRONG = (
    *('family = ""', "tuning = 3", 'tuning = "code"', 'open_weights = "yes"', 'languages = "en"'),
    *("context_tokens = 0", "context_tokens = -1", 'context_tokens = "1"', "context_tokens = 1.5"),
    *('api = "gemini"', 'key_env = "X"', 'origins = ["https://x.example"]', "price = 1"),
    *("price = { input = 1 }", 'abilities = ["fly"]', "speed = { tokens_per_s = 0 }", "speed = 1"),
    *('images = { kind = "circle" }', "images = { base = 1 }", "data = { trains = 1 }"),
    *("data = { retention_days = -1 }", 'data = { zero_retention = "x" }', "data = { days = 1 }"),
    *("parameters_billion = 0", "parameters_billion = { value = 7, confirmed = 1 }"),
    *('scores = [{ benchmark = "X", value = 1, harness = "x" }]', "scores = []", "scores = 1"),
    *('scores = [{ benchmark = "MMLU", value = 101, harness = "x" }]', "retires_on = 1"),
    *('scores = [{ benchmark = "MMLU", harness = "x" }]', "dimensions = 0", "template = 'x'"),
    *("released = true", "license = 1", "tokenizer = []", "replaced_by = 1", "batch_texts = 0"),
    *("batch_tokens = -1", "vector_space = 1", "training_tokens_billion = -1"),
)


def accepts(text: str) -> bool:
    """Whether the schema takes a file; dates are strings, as editors see them."""
    values = json.loads(json.dumps(tomllib.loads(text), default=str))
    return is_valid(json.loads(facts()), values)


@pytest.mark.parametrize("wrong", WRONG)
def test_schema_and_reader_refuse_the_same(wrong: str, tmp_path: Path) -> None:
    """What the reader refuses by type or key the schema refuses too."""
    text = f'[models."openai/gpt-4"]\n{wrong}\n'
    (tmp_path / "facts.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError):
        Catalog([tmp_path / "facts.toml"])
    assert not accepts(text)


def test_the_schema_takes_what_is_right() -> None:
    """A file with facts of each kind is taken."""
    assert accepts(
        '[imported]\nfrom = "models.dev"\non = 2026-11-26\n[models."openai/gpt-4"]\n'
        "context_tokens = 9000\nprice = { input = 1, output = 2 }\nretires_on = 2026-12-01\n"
        "parameters_billion = { value = 7, confirmed = false }\n"
        'scores = [{ benchmark = "MT-Bench/coding", value = 9.5, harness = "x" }]\n'
    )
