"""A conversation with tools through the client: both turns, with recorded answers of OpenAI."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

import llmroute
from llmroute import AsyncClient, Client, Message

if TYPE_CHECKING:
    import respx

    from llmroute.catalog import Declaration
    from llmroute.types.reply import Reply

FOLDER = Path(__file__).parent / "recorded" / "openai"
QUESTION = Message.user("Umbrella in Oslo or Bergen?")
RESULTS = {"Oslo": "dry", "Bergen": "rain"}
FJORD = "Oslo lies on a fjord."


def weather(city: str) -> str:
    """Weather now, by city."""
    return RESULTS[city]


class Wire(NamedTuple):
    """One of the APIs: its model, its address, and how its recordings are called."""

    use: str
    url: str
    name: str


WIRES = {
    "chat": Wire("openai-compatible", "https://api.example.com/v1/chat/completions", "chat"),
    "responses": Wire("openai/gpt-6-luna", "https://api.openai.com/v1/responses", "responses"),
}


def declared(wire: Wire) -> list[Declaration]:
    """The model that speaks this API."""
    if wire.name == "responses":
        return [llmroute.model("m", use=wire.use, key="sk-test")]
    return [
        llmroute.model(
            "m",
            use=wire.use,
            base_url="https://api.example.com/v1",
            model="x",
            abilities=["text", "tools"],
        )
    ]


def record(mock: respx.MockRouter, wire: Wire, name: str, *, stream: bool = False) -> respx.Route:
    """Let the address answer with this recording."""
    kind, ending = ("text/event-stream", "sse") if stream else ("application/json", "json")
    content = (FOLDER / f"{wire.name}_{name}.{ending}").read_bytes()
    return mock.post(wire.url).respond(content=content, content_type=kind)


def history(reply: Reply[object]) -> list[Message]:
    """What was said up to here, with the results of the calls."""
    results = [Message.tool(one, weather(str(one.arguments["city"]))) for one in reply.tool_calls]
    return [QUESTION, reply.message, *results]


def sent(route: respx.Route) -> list[dict[str, object]]:
    """The messages or items of the second request."""
    body = json.loads(route.calls.last.request.content)
    return cast("list[dict[str, object]]", body.get("messages") or body["input"])


def check(wire: Wire, second: Reply[object], route: respx.Route) -> None:
    """The second request repeats the first answer and gives the results; its answer is read."""
    assert second.text == FJORD
    messages = sent(route)
    assert messages[0] == {"role": "user", "content": "Umbrella in Oslo or Bergen?"}
    if wire.name == "chat":
        assert [one["role"] for one in messages[1:]] == ["assistant", "tool", "tool"]
        assert [one["content"] for one in messages[1:]] == [None, "dry", "rain"]
        calls = cast("list[dict[str, object]]", messages[1]["tool_calls"])
        assert [one["id"] for one in calls] == [one["tool_call_id"] for one in messages[2:]]
        return
    assert [one.get("type", "message") for one in messages[1:]] == [
        *("reasoning", "message", "function_call", "function_call"),
        *("function_call_output", "function_call_output"),
    ]
    assert messages[1]["encrypted_content"] == "gAAAAABn-q7w=="
    assert [one["output"] for one in messages[5:]] == ["dry", "rain"]
    assert [one["call_id"] for one in messages[3:5]] == [one["call_id"] for one in messages[5:]]


@pytest.mark.parametrize("wire", WIRES.values(), ids=list(WIRES))
def test_whole_answers(httpx2_mock: respx.MockRouter, wire: Wire) -> None:
    """Calls, their results and what was thought go back as the API wants them."""
    record(httpx2_mock, wire, "tools")
    with Client(models=declared(wire)) as client:
        first = client.chat([QUESTION], tools=[weather])
        assert [call.arguments for call in first.tool_calls] == [{"city": one} for one in RESULTS]
        assert first.finish_reason == "tool_calls"
        route = record(httpx2_mock, wire, "text")
        check(wire, client.chat(history(first), tools=[weather]), route)


@pytest.mark.parametrize("wire", WIRES.values(), ids=list(WIRES))
def test_streams(httpx2_mock: respx.MockRouter, wire: Wire) -> None:
    """The same, streamed."""
    record(httpx2_mock, wire, "tools", stream=True)
    with Client(models=declared(wire)) as client:
        with client.stream([QUESTION], tools=[weather]) as stream:
            pieces = [one for one in stream if isinstance(one, llmroute.ToolCallPart)]
            first = stream.reply
        assert {one.position for one in pieces} == ({0, 1} if wire.name == "chat" else {2, 3})
        route = record(httpx2_mock, wire, "text", stream=True)
        with client.stream(history(first), tools=[weather]) as stream:
            assert "".join(stream.text) == FJORD
            check(wire, stream.reply, route)


@pytest.mark.parametrize("wire", WIRES.values(), ids=list(WIRES))
def test_tasks(httpx2_mock: respx.MockRouter, wire: Wire) -> None:
    """The same, in a task."""

    async def talk() -> Reply[object]:
        async with AsyncClient(models=declared(wire)) as client:
            record(httpx2_mock, wire, "tools")
            first = await client.chat([QUESTION], tools=[weather])
            record(httpx2_mock, wire, "text")
            return await client.chat(history(first), tools=[weather])

    second = asyncio.run(talk())
    check(wire, second, record(httpx2_mock, wire, "text"))
