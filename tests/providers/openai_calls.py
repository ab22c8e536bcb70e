"""Calls of every shape, for tests that hold what is written against OpenAI's own description."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from llmroute.types.messages import (
    Document,
    Image,
    Message,
    ReasoningBlock,
    ToolCall,
    ToolResult,
)
from llmroute.types.requests import PLAIN, Request, Sampling
from llmroute.types.tools import OutputSpec, Tool
from tests.providers.calls import How, call_to

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.messages import Part

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
URL = "https://api.example.com/v1"
ORIGIN = "https://api.example.com"
PIXEL = Image(data=b"\x89PNG", media_type="image/png", detail="low")
PAPER = Document(data=b"%PDF-1.7", media_type="application/pdf", name="paper.pdf")
WEATHER = Tool(
    "weather",
    "Weather now, by city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = Tool("clock")
CITY = OutputSpec("City", {"type": "object", "properties": {"name": {"type": "string"}}}, str)
ASKED = ToolCall("call_1", "weather", {"city": "Oslo"})
THOUGHT = ReasoningBlock(
    "hm", f"openai-responses at {ORIGIN}", '{"id":"rs_1","encrypted_content":"gAAA"}'
)
FOREIGN = ReasoningBlock("hm", "anthropic", "sig")

texts = st.text(max_size=12)
pictures = st.builds(
    Image,
    data=st.binary(min_size=1, max_size=6),
    media_type=st.sampled_from(["image/png", "image/jpeg", "image/gif", "image/webp"]),
    detail=st.sampled_from([None, "auto", "low", "high"]),
) | st.just(Image(url="https://example.com/a.png"))
papers = st.builds(
    Document,
    data=st.binary(min_size=1, max_size=6),
    media_type=st.just("application/pdf"),
    name=st.none() | st.text(min_size=1, max_size=8),
)
arguments = st.dictionaries(
    texts,
    st.none() | st.booleans() | st.integers() | texts | st.lists(texts, max_size=2),
    max_size=3,
)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
tools = st.builds(Tool, names, texts, st.sampled_from([WEATHER.parameters, CLOCK.parameters]))
samplings = st.builds(
    Sampling,
    max_tokens=st.none() | st.integers(16, 10**6),
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    stop=st.lists(texts, max_size=4).map(tuple),
    seed=st.none() | st.integers(0, 2**32 - 1),
)
abilities = st.sets(
    st.sampled_from(["vision", "documents", "tools", "json", "schema", "reasoning"])
)


@st.composite
def turns(draw: st.DrawFn, number: int) -> list[Message]:
    """A user's message, what the assistant said, and the results of the tools it asked for."""
    said = draw(st.lists(texts | pictures | papers, max_size=3))
    called = [
        ToolCall(f"call_{number}_{at}", draw(names), draw(arguments))
        for at in range(draw(st.integers(0, 2)))
    ]
    blocks = draw(st.lists(st.sampled_from([THOUGHT, FOREIGN]), max_size=2))
    order: list[Part] = draw(
        st.permutations([*called, *blocks, *draw(st.lists(texts, max_size=2))])
    )
    results = [
        Message("tool", (ToolResult(one.id, one.name, draw(texts), draw(st.booleans())),))
        for one in called
    ]
    return [Message("user", tuple(said)), Message("assistant", tuple(order)), *results]


@st.composite
def calls(draw: st.DrawFn, api: str) -> Call:
    """A call of any shape that reaches a codec of `api`."""
    history = [one for number in range(draw(st.integers(0, 2))) for one in draw(turns(number))]
    systems = [Message.system(one) for one in draw(st.lists(texts, max_size=2))]
    offered = tuple(draw(st.lists(tools, max_size=3, unique_by=lambda one: one.name)))
    request = Request(
        (*systems, *history, Message.user(draw(texts))),
        sampling=draw(st.just(PLAIN) | samplings),
        tools=offered,
        tool_choice=draw(st.sampled_from(["auto", "required", "none", *(t.name for t in offered)])),
        output=draw(
            st.none() | st.just(CITY) | st.just(replace(CITY, name="List[City] of Norway"))
        ),
        reasoning=draw(st.sampled_from([None, "none", "minimal", "low", "medium", "high"])),
    )
    return call_with(
        request,
        api,
        draw(abilities),
        How(stream=draw(st.booleans()), prefix=draw(texts)),
    )


PARAMETERS = {
    "openai-chat": frozenset({"temperature", "top_p", "stop", "seed"}),
    "openai-responses": frozenset({"temperature", "top_p"}),
}
"""What OpenAI itself takes; other servers take more."""


def call_with(
    request: Request,
    api: str = "openai-chat",
    abilities: set[str] | None = None,
    how: How | None = None,
    quirks: frozenset[str] = frozenset(),
) -> Call:
    """Make a call of a model with these abilities, at a server with these quirks."""
    how = (how or How(stream=False))._replace(
        api=api,
        parameters=PARAMETERS[api],
        max_tokens_parameter="max_completion_tokens",
    )
    call = call_to(URL, how, request)
    assert call.model.endpoint is not None
    endpoint = replace(call.model.endpoint, quirks=quirks)
    owned = frozenset({"text", *(abilities or ())})
    return call._replace(model=replace(call.model, endpoint=endpoint, abilities=owned))
