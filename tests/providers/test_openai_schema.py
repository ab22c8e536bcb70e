"""What both codecs send is valid by OpenAI's own published description of its API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmroute.providers import open_codec
from llmroute.types.messages import Document, Image, Message
from llmroute.types.requests import Request, Sampling
from tests.providers.calls import How
from tests.providers.openai_calls import (
    ASKED,
    CITY,
    CLOCK,
    EXAMPLES,
    FOREIGN,
    PAPER,
    PIXEL,
    THOUGHT,
    WEATHER,
    call_with,
    calls,
)
from tests.providers.openapi import problems, validator

if TYPE_CHECKING:
    from llmroute.types.calls import Call

COMPONENTS = {"openai-chat": "CreateChatCompletionRequest", "openai-responses": "CreateResponse"}
APIS = tuple(COMPONENTS)
HELLO = (Message.user("Hello"),)
ROUND = (
    Message.system("Be terse."),
    Message.user("Umbrella in Oslo?"),
    Message.assistant(THOUGHT, FOREIGN, "Let me see.", ASKED),
    Message.tool(ASKED, "rain"),
)
TOOLS = (WEATHER, CLOCK)
REQUESTS = {
    "text": Request(HELLO),
    "system": Request((Message.system("Be terse."), *HELLO)),
    "late system": Request((*HELLO, Message.assistant("Hi"), Message.system("Be terse."), *HELLO)),
    "empty": Request((Message.user(), Message.assistant(), *HELLO)),
    "picture": Request((Message.user("What is this?", PIXEL),)),
    "picture's address": Request((Message.user(Image(url="https://example.com/a.png")),)),
    "paper": Request((Message.user(PAPER, "Summarize."),)),
    "nameless paper": Request((Message.user(Document(data=b"%PDF", name=None)),)),
    "tools": Request(HELLO, tools=TOOLS),
    "a tool": Request(HELLO, tools=TOOLS, tool_choice="required"),
    "no tool": Request(HELLO, tools=TOOLS, tool_choice="none"),
    "this tool": Request(HELLO, tools=TOOLS, tool_choice="clock"),
    "round trip": Request(ROUND, tools=TOOLS),
    "failed tool": Request((*ROUND[:3], Message.tool(ASKED, "no network", is_error=True))),
    "output": Request(HELLO, output=CITY),
    "sampling": Request(HELLO, sampling=Sampling(50, 0.1, 0.9, None, None, ("END",), 7)),
    **{f"effort {one}": Request(HELLO, reasoning=one) for one in ("none", "minimal", "high")},
}
ABILITIES: dict[str, set[str]] = {
    "plain": set(),
    "json": {"json"},
    "all": {"vision", "documents", "tools", "json", "schema", "reasoning"},
}


def assert_valid(call: Call) -> None:
    """Hold a request against the description."""
    api = call.model.api
    check = validator(COMPONENTS[api])
    body = json.loads(open_codec(api).encode(call).content)
    assert problems(check, body) == [], body


@pytest.mark.parametrize("how", [How(stream=False), How(), How(prefix="It is")], ids=str)
@pytest.mark.parametrize("able", ABILITIES.values(), ids=list(ABILITIES))
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=list(REQUESTS))
@pytest.mark.parametrize("api", APIS)
def test_every_shape_is_valid(api: str, request_: Request, able: set[str], how: How) -> None:
    """Each thing that can be asked is written as OpenAI describes it, whatever the model can do."""
    assert_valid(call_with(request_, api, able, how))


def test_a_paper_elsewhere_is_valid() -> None:
    """The Responses API takes a document's URL."""
    asked = Request((Message.user(Document(url="https://example.com/a.pdf")),))
    assert_valid(call_with(asked, "openai-responses"))


@given(st.sampled_from(APIS).flatmap(calls))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_everything_together_is_valid(call: Call) -> None:
    """Histories, tools, outputs and parameters of any combination are valid."""
    assert_valid(call)


@pytest.mark.parametrize("api", APIS)
def test_the_description_refuses_what_is_wrong(api: str) -> None:
    """The check would notice an unknown field, a wrong type and a missing part."""
    check = validator(COMPONENTS[api])
    body = json.loads(open_codec(api).encode(call_with(Request(HELLO), api)).content)
    assert problems(check, body) == []
    name = "messages" if api == "openai-chat" else "input"
    for wrong in (
        {"top_k": 3},
        {"stream": "yes"},
        {name: [{"role": "user", "content": [{"type": "picture"}]}]},
        {name: [{"role": "user", "content": "x", "mood": "good"}]},
    ):
        assert problems(check, body | wrong) != []
