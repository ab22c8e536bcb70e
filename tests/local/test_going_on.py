"""A local model goes on from a text that another model began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import llmroute
from llmroute import Client, Resumed, Text
from llmroute.testing import CutShort, ScriptedProvider

if TYPE_CHECKING:
    from pathlib import Path


def test_a_real_model_goes_on_from_a_broken_text(smollm2: Path) -> None:
    """What was shown stands, the seam is marked once, and the real model writes the rest."""
    script = ScriptedProvider(["The capital of France is", CutShort()])
    models = [
        llmroute.model("far", use="scripted", provider=script),
        llmroute.model("near", use="llama-cpp", file=str(smollm2), license="apache-2.0"),
    ]
    with Client(models=models) as client:
        asked = client.stream(
            "What is the capital of France?", on_break="continue", max_tokens=24, temperature=0
        )
        with asked as stream:
            events = list(stream)
        reply = stream.reply
    shown = "".join(event.text for event in events if isinstance(event, Text))
    assert [type(event) for event in events].count(Resumed) == 1
    assert reply.text == shown
    assert shown.startswith("The capital of France is")
    assert "Paris" in shown
    assert reply.model.name == "near"
    assert reply.usage.output_tokens <= 24 + 5
    assert sum(one.usage.output_tokens for one in reply.attempts if one.usage) == (
        reply.usage.output_tokens
    )
