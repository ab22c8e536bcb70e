"""A conversation with tools and thoughts over the Messages API, on the real transport."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from llmroute.types.events import Opened, ReasoningEnd, Text, ToolCallPart
from llmroute.types.messages import Message, ToolCall
from tests.providers.calls import aoutcome, outcome, provider_for
from tests.providers.natives import HELLO, URL, WEATHER, Native, asking, recorded

if TYPE_CHECKING:
    import respx

    from llmroute.types.messages import ReasoningBlock

API = "anthropic-messages"
NATIVE = Native(API, stream=True)
OURS = NATIVE.call().model.dialect
TYPE = "text/event-stream"


def test_a_tool_loop(httpx2_mock: respx.MockRouter) -> None:
    """What the model thought and asked for goes back whole, with the results, and it answers."""
    route = httpx2_mock.post(f"{URL}/messages")
    route.respond(content=recorded("anthropic/tools.sse"), content_type=TYPE)
    request = asking("high", replace(HELLO, tools=(WEATHER,)))
    provider = provider_for(API)
    events = outcome(provider.events(NATIVE.call(request))).events
    assert events[0] == Opened()
    said: list[str | ReasoningBlock] = [
        *(
            replace(event.block, dialect=OURS)
            for event in events
            if isinstance(event, ReasoningEnd)
        ),
        *(event.text for event in events if isinstance(event, Text)),
    ]
    named = [one for one in events if isinstance(one, ToolCallPart) and one.id and one.name]
    calls = [
        ToolCall(one.id or "", one.name or "", {"city": city})
        for one, city in zip(named, ("Oslo", "Rome"), strict=True)
    ]
    history = (
        *request.messages,
        Message.assistant(*said, *calls),
        *(Message.tool(call, "rain") for call in calls),
    )
    route.respond(content=recorded("anthropic/text.sse"), content_type=TYPE)
    call = NATIVE.call(replace(request, messages=history))
    assert asyncio.run(aoutcome(provider.aevents(call))).text == "Hello there."
    sent = cast("dict[str, list[dict[str, object]]]", json.loads(route.calls.last.request.content))
    whole = cast("dict[str, object]", json.loads(recorded("anthropic/tools.json")))
    assert sent["messages"][1] == {"role": "assistant", "content": whole["content"]}
    assert sent["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_01", "content": "rain"},
        {"type": "tool_result", "tool_use_id": "toolu_02", "content": "rain"},
    ]
    provider.close()
