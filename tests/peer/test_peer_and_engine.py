"""The engine in this process beside llama.cpp's own server, on the same file."""

from __future__ import annotations

from itertools import product
from operator import mul
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Client, Limits, Message
from tests.local.tiny_gguf import smollm2_path

if TYPE_CHECKING:
    from tests.peer.conftest import Peer

SYSTEMS: tuple[tuple[Message, ...], ...] = ((), (Message.system("You are a terse assistant."),))
QUESTIONS = (
    "Say hello.",
    "What is the capital of France?",
    "Translate into French: the house on the hill.",
    "Why is the sky blue?",
)


@pytest.mark.native
def test_both_count_alike_and_mostly_begin_alike(chatting: Peer) -> None:
    """The same prompt costs the same tokens on both; most answers begin with the same three.

    Not all do: the two builds of llama.cpp round differently, and so small a model often hesitates.
    """
    engine = llmroute.model(
        "engine", use="llama-cpp", file=smollm2_path(), context_tokens=1024, threads=1
    )
    alike = 0
    with Client(models=[engine, chatting.model()], limits=Limits(deadline_s=120)) as client:
        for system, question in product(SYSTEMS, QUESTIONS):
            prompt = [*system, Message.user(question)]
            ours, theirs = (
                client.chat(prompt, model=name, max_tokens=3, temperature=0)
                for name in ("engine", "peer")
            )
            assert ours.usage.input_tokens == theirs.usage.input_tokens
            alike += ours.text == theirs.text
    assert alike > 4  # of 8; it was 7


@pytest.mark.native
def test_both_make_the_same_vectors(embedding: Peer) -> None:
    """The same texts give the same tokens and nearly the same vectors, normalized, on both."""
    engine = llmroute.model(
        "engine",
        use="llama-cpp",
        file=smollm2_path(),
        context_tokens=1024,
        threads=1,
        abilities=["embed"],
        vector_space="smollm2",
    )
    peer = embedding.model("embed")._replace(vector_space="smollm2")
    texts = ["A cat sleeps on the mat.", "Stocks fell sharply on Monday."]
    with Client(models=[engine, peer], limits=Limits(deadline_s=120)) as client:
        assert len(client.plan_embed(texts).candidates) == 2
        ours, theirs = (client.embed(texts, model=name) for name in ("engine", "peer"))
    assert ours.usage.input_tokens == theirs.usage.input_tokens
    for one, other in zip(ours.vectors, theirs.vectors, strict=True):
        assert sum(map(mul, one, other)) > 0.99  # the cosine of normalized vectors
