"""Thoughts, and answers that never came after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AllFailedError, Client, End, Message, Reasoning, Usage
from llmroute.testing import ScriptedProvider
from llmroute.types.events import ReasoningEnd
from llmroute.types.messages import ReasoningBlock

if TYPE_CHECKING:
    from llmroute.testing.script import Step

HIDDEN = Usage(input_tokens=5, output_tokens=50, reasoning_tokens=50)
SILENT: dict[str, list[Step]] = {
    "shown": [Reasoning("Hm."), End("stop")],
    "sealed": [ReasoningEnd(ReasoningBlock("", data="sealed")), End("stop")],
    "counted": [llmroute.UsageReport(HIDDEN), End("length")],
    "blank": [llmroute.UsageReport(HIDDEN), "\n ", End("stop")],
}


@pytest.mark.parametrize("name", SILENT)
def test_thoughts_without_an_answer_are_a_fault(name: str) -> None:
    """Whether thoughts were shown, sealed or only counted: without an answer the next answers."""
    silent = llmroute.model("silent", use="own", provider=ScriptedProvider(SILENT[name]))
    well = llmroute.model("well", use="own", provider=ScriptedProvider("42"))
    with Client(models=[silent, well]) as client:
        reply = client.chat("What is six times seven?")
        with pytest.raises(AllFailedError) as caught:
            client.chat("What is six times seven?", model="silent")
    fault = reply.attempts[0].fault
    assert (reply.text, reply.fell_back) == ("42", True)
    assert fault is not None
    assert fault.kind == "empty_after_reasoning"
    assert ("spent all of its tokens" in fault.reason) == (name == "counted")
    assert len(caught.value.attempts) == 1


def test_a_silent_stream_falls_back_unseen() -> None:
    """Nothing was shown of hidden thoughts, so the next model's answer is the stream's first."""
    silent = llmroute.model("silent", use="own", provider=ScriptedProvider(SILENT["counted"]))
    well = llmroute.model("well", use="own", provider=ScriptedProvider("42"))
    with Client(models=[silent, well]) as client, client.stream("What is it?") as stream:
        assert list(stream.text) == ["42"]


def test_an_empty_answer_is_none_but_a_refusal_is_one() -> None:
    """A model that says nothing has not answered; one that refuses has."""
    plain = ScriptedProvider(
        [End("stop")], [llmroute.UsageReport(HIDDEN), End("stop", refused=True)]
    )
    with Client(models=[llmroute.model("plain", use="own", provider=plain)]) as client:
        with pytest.raises(AllFailedError, match="said nothing"):
            client.chat("Say nothing.")
        assert client.chat("Say nothing.").refused


def test_thoughts_go_back_with_the_message() -> None:
    """The message of a reply holds its thoughts, sealed for the model that thought them."""
    sealed = ReasoningEnd(ReasoningBlock("Six sevens.", data="sealed"))
    provider = ScriptedProvider([Reasoning("Six "), Reasoning("sevens."), sealed, "42"], "And 43.")
    with Client(models=[llmroute.model("m", use="own", provider=provider)]) as client:
        first = client.chat("What is six times seven?")
        client.chat([Message.user("What is six times seven?"), first.message, Message.user("+1?")])
    assert first.reasoning == "Six sevens."
    block = ReasoningBlock("Six sevens.", "custom", "sealed")
    assert provider.calls[1].request.messages[1].parts == (block, "42")
