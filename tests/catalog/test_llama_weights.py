"""What the catalog says of Llama's open weights and of GPT-4: the figures of their sources."""

from __future__ import annotations

from datetime import date

import pytest

import llmroute
from llmroute.catalog.entries import provider
from llmroute.catalog.families import shared
from llmroute.catalog.resolve import resolve
from llmroute.policies.qualities import quality_of


@pytest.mark.parametrize(
    ("id_", "license_", "window", "scores"),
    [
        ("llama-2-7b", "llama-2", 4096, {("MMLU", 45.3), ("MMLU", 45.7), ("HumanEval", 12.8)}),
        ("llama-2-70b", "llama-2", 4096, {("MMLU", 68.9), ("GSM8K", 56.8)}),
        ("llama-2-7b-chat", "llama-2", 4096, {("HumanEval", 7.9), ("MT-Bench", 6.27)}),
        ("llama-2-13b-chat", "llama-2", 4096, {("summary-factuality", 58.9)}),
        ("llama-2-70b-chat", "llama-2", 4096, {("summary-factuality", 81.7), ("MMLU", 52.9)}),
        ("llama-3.1-405b-instruct", "llama-3.1", 131_072, {("MGSM", 91.6), ("MMLU", 87.3)}),
        ("llama-3.2-1b-instruct", "llama-3.2", 131_072, {("GSM8K", 44.4)}),
        ("llama-3.3-70b-instruct", "llama-3.3", 131_072, {("HumanEval", 88.4)}),
    ],
)
def test_llama(id_: str, license_: str, window: int, scores: set[tuple[str, float]]) -> None:
    """License, window and scores of Llama's weights are those of Meta's cards."""
    entry = shared(id_)
    assert entry is not None
    assert (entry.license, entry.context_tokens) == (license_, window)
    assert scores <= {(one.benchmark, one.value) for one in entry.scores}
    assert all(one.source and one.checked_on for one in entry.scores)


def test_llama_2_speaks_english() -> None:
    """LLaMA 2 was tested in English only, whatever is said of 200 languages."""
    entry = shared("llama-2-70b-chat")
    assert entry is not None
    assert tuple(entry.languages) == ("en",)


def test_a_file_shares_the_facts_of_its_weights() -> None:
    """A GGUF file whose name is that of known weights has their license and scores."""
    model = resolve(llmroute.model("x", use="llama-cpp", file="llama-2-70b-chat.Q4_K_M.gguf"))
    assert (model.license, model.family, model.tuning) == ("llama-2", "llama-2", "chat")
    found = quality_of(model, "summarize")
    assert found is not None
    assert found.tier == "strong"


def test_gpt_4_is_not_below_llama_2() -> None:
    """GPT-4 of 2023 is in no task judged below LLaMA 2 70B."""
    entry, llama = provider("openai"), shared("llama-2-70b-chat")
    assert entry is not None
    assert llama is not None
    gpt_4 = entry.models["gpt-4"]
    assert gpt_4.retires_on == date(2026, 10, 23)
    ours = {(one.benchmark): one.value for one in llama.scores}
    theirs = {(one.benchmark): one.value for one in gpt_4.scores}
    assert all(theirs[name] > value for name, value in ours.items())
    assert len(ours) == 5
