"""Our embeddings against llama.cpp's own server."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, Limits

if TYPE_CHECKING:
    from llmroute import Embeddings
    from tests.peer.conftest import Peer

ONCE = Limits(deadline_s=120, attempts_per_model=1)
TEXTS = ["A cat sleeps on the mat.", "Stocks fell sharply on Monday.", "A cat sleeps on the mat."]


def test_texts_become_vectors(embedding: Peer) -> None:
    """One vector per text in order, normalized, equal for equal texts; the tokens are counted."""
    with Client(models=[embedding.model("embed")], limits=ONCE) as client:
        found = client.embed(TEXTS)
        alone = client.embed(TEXTS[1])
    first, second, third = found.vectors
    assert len(first) == 576  # the width of SmolLM2-135M
    assert first == pytest.approx(third, abs=1e-4)
    assert alone.vectors[0] == pytest.approx(second, abs=1e-4)
    assert all(math.hypot(*one) == pytest.approx(1.0, abs=1e-4) for one in found.vectors)
    assert math.dist(first, third) < 0.1 < math.dist(first, second)
    assert found.plan.tokens.low <= found.usage.input_tokens <= found.plan.tokens.high


def test_base64_is_the_same(embedding: Peer) -> None:
    """The server's base64 gives the numbers that its decimals give, in both colors."""

    async def compactly() -> Embeddings:
        async with AsyncClient(models=[embedding.model("embed")], limits=ONCE) as client:
            return await client.embed(TEXTS[0], extra_body={"encoding_format": "base64"})

    with Client(models=[embedding.model("embed")], limits=ONCE) as client:
        plain = client.embed(TEXTS[0])
    assert asyncio.run(compactly()).vectors[0] == pytest.approx(plain.vectors[0], abs=1e-6)


def test_failures_are_what_they_are(embedding: Peer, chatting: Peer) -> None:
    """A text too long, another length than the model's, and a server of chats are told apart."""

    def kind(peer: Peer, text: str, dimensions: int | None = None) -> str:
        options = llmroute.EmbedOptions()
        if dimensions is not None:
            options["dimensions"] = dimensions
        with (
            Client(models=[peer.model("embed")], limits=ONCE) as client,
            pytest.raises(llmroute.AllFailedError) as caught,
        ):
            client.embed(text, **options)
        fault = caught.value.attempts[-1].fault
        return "" if fault is None else fault.kind

    assert kind(embedding, "word " * 2000) == "context_length"
    assert kind(embedding, "text", dimensions=8) == "other_dimensions"
    assert kind(chatting, "text") == "bad_request"
