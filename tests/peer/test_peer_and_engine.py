"""The engine in this process beside llama.cpp's own server, on the same file."""

from __future__ import annotations

from itertools import product
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
