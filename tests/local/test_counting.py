"""Exact counts of local models."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Client, Message
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.tokens import estimate, estimate_request
from llmroute.types.calls import SupportsCounting
from llmroute.types.frozen import replace
from llmroute.types.requests import Request
from tests.local.support import model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.native
def test_a_count_is_what_the_engine_reports(smollm2: Path) -> None:
    """The count of a conversation, with tools and in many scripts, is what its answer used."""
    conversation = [
        Message.system("You are terse."),
        Message.user("Größe, Ärger: что это? 天空 <|im_end|> 12345 🎉"),
        Message.assistant("Words."),
        Message.user("And what else?"),
    ]
    declared = [llmroute.model("local", use="llama-cpp", file=str(smollm2))]
    with Client(models=declared) as client:
        for prompt in ("Hello", conversation):
            counted = client.count_tokens(prompt, "local")
            reply = client.chat(prompt, max_tokens=1)
            assert counted.method == "exact"
            assert counted.value == reply.usage.input_tokens
        counted = client.count_tokens("Hello", "local", system="Be kind.")
        reply = client.chat("Hello", system="Be kind.", max_tokens=1)
        assert counted.value == reply.usage.input_tokens


@pytest.mark.native
def test_an_estimate_knows_what_the_template_adds(smollm2: Path) -> None:
    """What stands around the texts of a chat is estimated as the engine counts it, to the token."""
    user, answer, told = Message.user("x"), Message.assistant("x"), Message.system("x")
    chats = ([user], [told, user], [user, answer, user], [told, user, answer, user])
    found = llmroute.model("local", use="llama-cpp", file=str(smollm2))
    with Client(models=[found]) as client:
        known = replace(client.plan("x").candidates[0].model, tokenizer="smollm2")
        for chat in chats:
            exact = client.count_tokens(chat, "local").value
            estimated = estimate_request(Request(tuple(chat)), known)
            texts = estimate("x" * len(chat), "smollm2").value
            assert estimated.value - texts == exact - len(chat)
            assert estimated.low <= exact <= estimated.high


@pytest.mark.native
def test_only_the_vocabulary_is_loaded(provider: LlamaCppProvider, smollm2: Path) -> None:
    """Counting starts no engine; a prompt longer than the window has a count as well."""
    assert isinstance(provider, SupportsCounting)
    request = Request((Message.user("word " * 20_000),))
    found = provider.count_tokens(model(smollm2), request)
    assert isinstance(found, int)
    assert found > 20_000
    threads = [one.name for one in threading.enumerate()]
    assert "llmroute-llama-cpp" not in threads


def test_what_cannot_be_counted_says_why(provider: LlamaCppProvider, tmp_path: Path) -> None:
    """Without a file there is a sentence in place of a count."""
    found = provider.count_tokens(model(tmp_path / "none.gguf"), Request((Message.user("x"),)))
    assert isinstance(found, str)
    assert "none.gguf" in found


@pytest.mark.native
def test_a_closed_provider_counts_no_more(smollm2: Path) -> None:
    """Closing frees the vocabulary."""
    provider = LlamaCppProvider()
    request = Request((Message.user("x"),))
    assert isinstance(provider.count_tokens(model(smollm2), request), int)
    provider.close()
    assert isinstance(provider.count_tokens(model(smollm2), request), str)
