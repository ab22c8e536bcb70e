"""Answers as OpenAI's documentation shows them, written by hand, decoded byte by byte.

`recorded/openai` holds whole answers (.json) and streams (.sse) of both APIs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError
from llmroute.flow.outcome import judge
from llmroute.flow.running import Running
from llmroute.health.admission import Permit
from llmroute.providers import open_codec
from llmroute.providers.wire import HttpFailure
from llmroute.types.accept import Accept
from llmroute.types.events import (
    End,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallPart,
    UsageReport,
)
from llmroute.types.messages import ReasoningBlock, ToolCall
from llmroute.types.usage import Usage
from tests.providers.calls import How, call_to
from tests.providers.openapi import problems, validator

if TYPE_CHECKING:
    from llmroute.types.events import ProviderEvent
    from llmroute.types.messages import Part

FOLDER = Path(__file__).parent / "recorded" / "openai"
URL = "https://api.openai.com/v1"
FILES = sorted(path.name for path in FOLDER.iterdir())
GOOD = [name for name in FILES if not any(word in name for word in ("error", "failed"))]
SUMMARY = (
    "**Looking at the map**\n\nOslo is at the end of a fjord.\n\n"
    "**Counting words**\n\nOne sentence is enough."
)
KEPT = '{"id":"rs_01","encrypted_content":"gAAAAABn-q7w=="}'
DIALECT = "openai-responses at https://api.openai.com"
OSLO, BERGEN = (
    ToolCall(f"call_u{number}", "weather", {"city": city})
    for number, city in ((1, "Oslo"), (2, "Bergen"))
)
ANY = Accept(empty=True, filtered=True)
FJORD = "Oslo lies on a fjord."
SORRY = "I'm sorry, I can't help with that."

# What each answer amounts to: its parts, its end, what was used.
EXPECTED: dict[str, tuple[tuple[Part, ...], End, Usage]] = {
    "chat_text": ((FJORD,), End("stop"), Usage(24, 7, 16)),
    "chat_tools": ((OSLO, BERGEN), End("tool_calls"), Usage(81, 36)),
    "chat_required": ((OSLO,), End("tool_calls"), Usage(70, 12)),
    "chat_refusal": ((SORRY,), End("stop", refused=True), Usage(52, 10)),
    "chat_output": (('{"name":"Oslo","people":717710}',), End("stop"), Usage(60, 14)),
    "chat_length": (("",), End("length"), Usage(18, 200, reasoning_tokens=200)),
    "chat_filtered": (("The recipe begins",), End("content_filter"), Usage(18, 3)),
    "chat_function": (
        (ToolCall("call_1_0", "weather", {"city": "Oslo"}),),
        End("tool_calls"),
        Usage(40, 12),
    ),
    "responses_text": (
        (ReasoningBlock(SUMMARY, DIALECT, KEPT), FJORD),
        End("stop"),
        Usage(31, 95, 16, 0, 80),
    ),
    "responses_tools": (
        (ReasoningBlock("", DIALECT, KEPT), "Let me look.", OSLO, BERGEN),
        End("tool_calls"),
        Usage(88, 70, 0, 64, 32),
    ),
    "responses_refusal": (("I can't help with that.",), End("stop", refused=True), Usage(40, 9)),
}


def call_for(name: str) -> How:
    """How the answer of that name was asked for."""
    api = "openai-chat" if name.startswith("chat") else "openai-responses"
    return How(api=api, stream=name.endswith(".sse"))


def decoded(name: str, size: int) -> list[ProviderEvent]:
    """Decode a file, `size` bytes at a time."""
    how = call_for(name)
    decoder = open_codec(how.api).decoder(call_to(URL, how), stream=how.stream)
    data = (FOLDER / name).read_bytes()
    events: list[ProviderEvent] = []
    for start in range(0, len(data), size):
        events += decoder.feed(data[start : start + size])
    return [*events, *decoder.finish()]


def parts_of(name: str, events: list[ProviderEvent]) -> tuple[Part, ...]:
    """Put the answer together as the flow does."""
    running = Running(1, 0, Permit(call_to(URL, call_for(name)).model, 0.0), 0.0)
    for event in events:
        if isinstance(event, Text | Reasoning | ReasoningEnd | ToolCallPart):
            running.take(0.0, event, 1)
    end = events[-1]
    assert isinstance(end, End)
    return judge(running, end, None, ANY).parts


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "name", [one for one in GOOD if not one.startswith("responses_incomplete")]
)
def test_recorded_answers(name: str, size: int) -> None:
    """Each says once what it says, whole or streamed, however the network cuts it."""
    parts, end, usage = EXPECTED[name.partition(".")[0]]
    events = decoded(name, size)
    assert events[-1] == end
    assert [one for one in events if isinstance(one, UsageReport)] == [
        UsageReport(usage, "default")
    ]
    assert parts_of(name, events) == parts


@pytest.mark.parametrize("name", ["responses_incomplete.json", "responses_incomplete.sse"])
def test_tokens_spent_on_thinking_alone(name: str) -> None:
    """A response that ended in its thoughts has its usage, and is cut at its length."""
    events = decoded(name, 1 << 20)
    assert events[-2:] == [UsageReport(Usage(20, 256, 0, 0, 256), "default"), End("length")]
    with pytest.raises(AttemptError) as caught:
        parts_of(name, events)
    assert caught.value.fault.kind == "empty_after_reasoning"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("responses_failed.sse", "server_error"), ("responses_error.sse", "rate_limit")],
)
def test_recorded_failures(name: str, kind: str) -> None:
    """An error in a stream has the kind that its code says."""
    with pytest.raises(AttemptError) as caught:
        decoded(name, 1 << 20)
    assert caught.value.fault.kind == kind


def test_a_recorded_error_body() -> None:
    """An error with a status has the kind that its code says, before its status."""
    body = (FOLDER / "error_quota.json").read_bytes()
    failure = HttpFailure(429, {}, body)
    error = open_codec("openai-chat").failure(call_to(URL), failure)
    assert error.fault.kind == "quota_exhausted"


def component_of(name: str) -> str:
    """What the description calls an answer of this name."""
    if name.startswith("error"):
        return "ErrorResponse"
    if name.startswith("responses"):
        return "ResponseStreamEvent" if name.endswith(".sse") else "Response"
    streamed = name.endswith(".sse")
    return "CreateChatCompletionStreamResponse" if streamed else "CreateChatCompletionResponse"


@pytest.mark.parametrize("name", FILES)
def test_recorded_answers_are_as_described(name: str) -> None:
    """Our recordings are what OpenAI's own description says that the API answers."""
    check = validator(component_of(name))
    text = (FOLDER / name).read_text(encoding="utf-8")
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
    for one in lines or [text]:
        assert problems(check, json.loads(one)) == [], one
