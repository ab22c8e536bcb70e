"""The codec of Gemini's own API: requests written, field by field, and a conversation whole."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.errors import AttemptError, RequestError
from llmroute.providers import open_codec
from llmroute.types.events import ReasoningEnd, Text, ToolCallPart
from llmroute.types.messages import Document, Image, Message, ReasoningBlock, ToolCall
from llmroute.types.requests import Request, Sampling
from llmroute.types.tools import Tool
from tests.providers.calls import aoutcome, outcome, provider_for
from tests.providers.natives import HELLO, SHAPE, URL, WEATHER, Native, asking, recorded

if TYPE_CHECKING:
    import respx

    from llmroute.types.requests import ReasoningEffort

API = "gemini"
NATIVE = Native(API, quirks=frozenset({"signed_calls"}))
BUDGET = Native(API, quirks=frozenset({"reasoning_budget"}))
OURS = NATIVE.call().model.dialect
OSLO = ToolCall("t1", "weather", {"city": "Oslo"}, "c2ln", OURS)
ROME = ToolCall("t2", "weather", {"city": "Rome"})
TOOLS = replace(HELLO, tools=(WEATHER,))
SHAPED = replace(HELLO, output=SHAPE)


def config(native: Native, request: Request = HELLO) -> dict[str, object]:
    """The generationConfig of a request."""
    return cast("dict[str, object]", native.body(request).get("generationConfig", {}))


def parts(request: Request, at: int) -> list[dict[str, object]]:
    """The parts of one of the contents."""
    contents = cast("list[dict[str, object]]", NATIVE.body(request)["contents"])
    return cast("list[dict[str, object]]", contents[at]["parts"])


def test_the_least_request() -> None:
    """The model stands in the address; the rest is the conversation."""
    written = open_codec(API).encode(NATIVE.call())
    assert written.url == f"{URL}/models/normal:generateContent"
    assert NATIVE.body() == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    written = open_codec(API).encode(NATIVE._replace(stream=True).call())
    assert written.url == f"{URL}/models/normal:streamGenerateContent?alt=sse"


def test_sampling() -> None:
    """Parameters have the API's names; a top_k of 0 is left out."""
    sampling = Sampling(9, 1.5, 0.9, 40, 0.1, ("END",), 3)
    assert config(NATIVE, replace(HELLO, sampling=sampling)) == {
        "maxOutputTokens": 9,
        "temperature": 1.5,
        "topP": 0.9,
        "topK": 40,
        "stopSequences": ["END"],
        "seed": 3,
    }
    assert config(NATIVE, replace(HELLO, sampling=Sampling(top_k=0))) == {}


def test_turns() -> None:
    """The instruction has its own place, and the assistant is the model."""
    messages = (
        Message.system("Be terse."),
        Message.user("a"),
        Message.assistant("b"),
        Message.user("c"),
    )
    body = NATIVE.body(Request(messages))
    assert body["systemInstruction"] == {"parts": [{"text": "Be terse."}]}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"text": "b"}]},
        {"role": "user", "parts": [{"text": "c"}]},
    ]


def test_images_and_documents() -> None:
    """Bytes go as base64 with their type, addresses with the type that their name tells."""
    message = Message.user(
        Image(data=b"\x89PNG", media_type="image/png"),
        Image(url="https://example.com/a.jpg?size=1"),
        Image(url="https://example.com/a"),
        Document(data=b"%PDF", media_type="application/pdf"),
        Document(url="https://example.com/a"),
    )
    assert parts(Request((message,)), 0) == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
        {"fileData": {"fileUri": "https://example.com/a.jpg?size=1", "mimeType": "image/jpeg"}},
        {"fileData": {"fileUri": "https://example.com/a"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
        {"fileData": {"fileUri": "https://example.com/a", "mimeType": "application/pdf"}},
    ]


def test_calls_and_results() -> None:
    """Calls keep their signature, results of one turn stand together under their ids and names."""
    messages = (
        Message.user("Umbrella?"),
        Message.assistant("Let me look.", OSLO, ROME),
        Message.tool(OSLO, "rain"),
        Message.tool(ROME, "no such city", is_error=True),
        Message.user("Hurry."),
    )
    request = replace(TOOLS, messages=messages)
    assert parts(request, 1)[1:] == [
        {
            "functionCall": {"id": "t1", "name": "weather", "args": {"city": "Oslo"}},
            "thoughtSignature": "c2ln",
        },
        {"functionCall": {"id": "t2", "name": "weather", "args": {"city": "Rome"}}},
    ]
    assert parts(request, 2) == [
        {"functionResponse": {"id": "t1", "name": "weather", "response": {"output": "rain"}}},
        {
            "functionResponse": {
                "id": "t2",
                "name": "weather",
                "response": {"error": "no such city"},
            }
        },
    ]
    assert parts(request, 3) == [{"text": "Hurry."}]


def test_a_foreign_call_is_marked() -> None:
    """The first call of a turn that another model made says that it has no signature."""
    messages = (*HELLO.messages, Message.assistant(ROME), Message.tool(ROME, "sun"))
    request = replace(TOOLS, messages=messages)
    assert parts(request, 1)[0]["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in str(BUDGET.body(request))


def test_signatures_stand_where_they_stood() -> None:
    """A signature goes back on its text, on its thoughts, or on no text; others do not."""
    message = Message.assistant(
        ReasoningBlock("hm", OURS, '{"signature": "a", "thought": true}'),
        ReasoningBlock("", OURS, '{"signature": "b"}'),
        "Yes.",
        ReasoningBlock("thoughts", OURS, '{"signature": "c"}'),
        ReasoningBlock("foreign", "another", '{"signature": "d"}'),
        ReasoningBlock("broken", OURS, "{"),
        ReasoningBlock("other", OURS, "[]"),
    )
    assert parts(Request((Message.user("a"), message)), 1) == [
        {"text": "hm", "thought": True, "thoughtSignature": "a"},
        {"text": "", "thoughtSignature": "b"},
        {"text": "Yes.", "thoughtSignature": "c"},
    ]


def test_tools() -> None:
    """A tool has a name, a description, and a schema unless it takes nothing."""
    tools = (WEATHER, Tool("now", "The time."))
    body = NATIVE.body(replace(HELLO, tools=tools))
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "Weather now, by city.",
                    "parametersJsonSchema": WEATHER.parameters,
                },
                {"name": "now", "description": "The time."},
            ]
        }
    ]
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("required", {"mode": "ANY"}),
        ("none", {"mode": "NONE"}),
        ("weather", {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
    ],
)
def test_tool_choice(choice: str, written: object) -> None:
    """Each choice is the API's own word; without tools there is none."""
    body = NATIVE.body(replace(TOOLS, tool_choice=choice))
    assert body["toolConfig"] == {"functionCallingConfig": written}
    assert "toolConfig" not in NATIVE.body(replace(HELLO, tool_choice=choice))


def test_the_shape_of_an_answer() -> None:
    """A strict schema where the model has it, else JSON and words."""
    assert config(NATIVE, SHAPED) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": SHAPE.schema,
    }
    mode = NATIVE._replace(abilities=frozenset({"text", "json"}))
    assert config(mode, SHAPED) == {"responseMimeType": "application/json"}
    assert '"city"' in str(mode.body(SHAPED)["systemInstruction"])


@pytest.mark.parametrize(
    ("quirks", "effort", "written"),
    [
        ([], "minimal", {"includeThoughts": True, "thinkingLevel": "MINIMAL"}),
        ([], "high", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ([], "none", {"includeThoughts": False, "thinkingLevel": "MINIMAL"}),
        (["no_minimal_reasoning"], "none", {"includeThoughts": False, "thinkingLevel": "LOW"}),
        (["no_minimal_reasoning"], "minimal", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        (["reasoning_budget"], "none", {"includeThoughts": False, "thinkingBudget": 0}),
        (["reasoning_budget"], "medium", {"includeThoughts": True, "thinkingBudget": 8192}),
        (
            ["reasoning_budget", "always_reasons"],
            "none",
            {"includeThoughts": False, "thinkingBudget": 128},
        ),
    ],
)
def test_effort(quirks: list[str], effort: ReasoningEffort, written: object) -> None:
    """An effort is a level, or a budget for models of before; unasked, nothing is said."""
    native = NATIVE._replace(quirks=frozenset(quirks))
    assert config(native, asking(effort)) == {"thinkingConfig": written}
    assert config(native) == {}
    assert config(native._replace(abilities=frozenset({"text"})), asking(effort)) == {}


def test_a_prefix() -> None:
    """What was begun is the model's last turn, where a model takes that."""
    contents = NATIVE._replace(prefix="It is").body()["contents"]
    assert cast("list[object]", contents)[-1] == {"role": "model", "parts": [{"text": "It is"}]}
    with pytest.raises(AttemptError, match="begun"):
        NATIVE._replace(prefix="It is", quirks=frozenset({"no_prefill"})).body()


def test_extras() -> None:
    """Extra fields join ours; what is reserved is refused."""
    extra: dict[str, object] = {"generationConfig": {"mediaResolution": "x"}, "safetySettings": []}
    request = replace(HELLO, sampling=Sampling(max_tokens=9), extra_body=extra)
    body = NATIVE.body(request)
    assert body["generationConfig"] == {"maxOutputTokens": 9, "mediaResolution": "x"}
    assert body["safetySettings"] == []
    with pytest.raises(RequestError):
        NATIVE.body(replace(HELLO, extra_body={"model": "x"}))


def test_a_tool_loop(httpx2_mock: respx.MockRouter) -> None:
    """Calls, signatures and results go back on the real transport, the key in its own header."""
    native = NATIVE._replace(key_header="x-goog-api-key", stream=True)
    route = httpx2_mock.post(f"{URL}/models/normal:streamGenerateContent?alt=sse")
    route.respond(content=recorded("gemini/tools.sse"), content_type="text/event-stream")
    request = asking("high", TOOLS)
    provider = provider_for(API)
    events = outcome(provider.events(native.call(request))).events
    text = [one.text for one in events if isinstance(one, Text)]
    calls = [
        ToolCall(one.id or "", one.name or "", json.loads(one.arguments), one.signature, OURS)
        for one in events
        if isinstance(one, ToolCallPart)
    ]
    assert not [one for one in events if isinstance(one, ReasoningEnd)]
    results = [Message.tool(call, "rain") for call in calls]
    history = (*request.messages, Message.assistant(*text, *calls), *results)
    route.respond(content=recorded("gemini/text.sse"), content_type="text/event-stream")
    call = native.call(replace(request, messages=history))
    assert asyncio.run(aoutcome(provider.aevents(call))).text == "Hello there."
    sent = cast("dict[str, list[dict[str, object]]]", json.loads(route.calls.last.request.content))
    assert [
        (part.get("functionCall") or part.get("text"), part.get("thoughtSignature"))
        for part in cast("list[dict[str, object]]", sent["contents"][1]["parts"])
    ] == [
        ("Let me look.", None),
        ({"id": "fc_01", "name": "weather", "args": {"city": "Oslo"}}, "c2lnMQ=="),
        ({"id": "resp-2_1", "name": "weather", "args": {"city": "Rome"}}, None),
    ]
    headers = route.calls.last.request.headers
    assert headers["x-goog-api-key"].startswith("sk-canary")
    assert "authorization" not in headers
    provider.close()
