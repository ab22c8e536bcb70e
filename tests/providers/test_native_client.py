"""Claude and Gemini behind a client: answers of a shape, fallback, cost, and a conversation."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict, cast

import httpx2

import llmroute
from llmroute import Message
from llmroute.testing import no_network
from tests.providers.natives import recorded

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUDE = "anthropic/claude-opus-5-5"
HAIKU = "anthropic/claude-haiku-4-5"
GEMINI = "gemini/gemini-3.8-flash"


class City(TypedDict):
    """A shape."""

    city: str


def weather(city: str) -> str:
    """Weather now, by city."""
    return f"rain in {city}"


def client(answer: Callable[[str, dict[str, object]], bytes]) -> llmroute.Client:
    """Make a client whose servers say what `answer` gives for an address and a body."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        content = answer(str(request.url), cast("dict[str, object]", json.loads(request.content)))
        kind = "application/json" if content[:1] == b"{" else "text/event-stream"
        return httpx2.Response(200, content=content, headers={"content-type": kind})

    names = {"opus": CLAUDE, "haiku": HAIKU, "gemini": GEMINI}
    models = [llmroute.model(name, use=use, key="k" * 30) for name, use in names.items()]
    sender = httpx2.Client(transport=httpx2.MockTransport(handle))
    return llmroute.Client(models=models, http_client=sender)


def message(*content: object, stop_reason: str = "end_turn") -> bytes:
    """Write a whole answer of the Messages API."""
    return json.dumps({"content": content, "stop_reason": stop_reason}).encode()


def test_a_strict_shape() -> None:
    """The value comes out of the text that the server held to the schema."""
    bodies: list[dict[str, object]] = []

    def answer(_: str, body: dict[str, object]) -> bytes:
        bodies.append(body)
        return message({"type": "text", "text": '{"city": "Paris"}'})

    reply = client(answer).chat("The capital of France?", model="opus", output=City)
    assert reply.output == {"city": "Paris"}
    assert "format" in cast("dict[str, object]", bodies[0]["output_config"])


def test_a_shape_that_a_tool_carries() -> None:
    """An open schema comes by a tool that nobody sees: the reply has a value and no calls."""

    def answer(_: str, body: dict[str, object]) -> bytes:
        assert "output_config" not in body
        name = cast("dict[str, str]", body["tool_choice"])["name"]
        block = {"type": "tool_use", "id": "t", "name": name, "input": {"any": 1}}
        return message(block, stop_reason="tool_use")

    reply = client(answer).chat("Anything.", model="haiku", output={"type": "object"})
    assert reply.output == {"any": 1}
    assert (reply.tool_calls, reply.finish_reason) == ((), "stop")


def test_who_declines_is_replaced() -> None:
    """A refusal without a word, and a blocked prompt, are answered by the next model."""

    def answer(url: str, body: dict[str, object]) -> bytes:
        if "gemini" in url:
            return recorded("gemini/blocked.json")
        name = "refusal" if body["model"] == "claude-opus-5-5" else "text"
        return recorded(f"anthropic/{name}.json")

    reply = client(answer).chat("Hello", model=["gemini", "opus", "haiku"])
    assert (reply.text, reply.model.name, reply.fell_back) == ("Hello there.", "haiku", True)
    faults = [attempt.fault.kind for attempt in reply.attempts if attempt.fault is not None]
    assert faults == ["content_filtered", "content_filtered"]


def test_the_cost_of_a_cache() -> None:
    """What was read from the cache, and written to it, has a price of its own."""

    def answer(_: str, __: dict[str, object]) -> bytes:
        return recorded("anthropic/text.json")

    reply = client(answer).chat("Hello", model="opus")
    read, written = Decimal("0.2") * 50, 5 * 100
    assert reply.cost_usd == (4 * 12 + read + written + 20 * 6) / Decimal(1_000_000)


def test_a_conversation_goes_on_with_the_other() -> None:
    """Each model gets its own thoughts and signatures back, and of the other's only the words."""
    bodies: list[str] = []

    def answer(url: str, body: dict[str, object]) -> bytes:
        bodies.append(json.dumps(body))
        folder = "gemini" if "gemini" in url else "anthropic"
        asked = "tool_result" in bodies[-1] or "functionResponse" in bodies[-1]
        return recorded(f"{folder}/{'text' if asked else 'tools'}.json")

    found = client(answer)
    for first, second, signs in (("opus", "gemini", "signature"), ("gemini", "opus", "Signature")):
        history = [Message.user("Umbrella in Oslo, in Rome?")]
        with no_network():
            reply = found.chat(history, model=first, tools=[weather], reasoning="high")
            calls = reply.tool_calls
            history += [reply.message, *(Message.tool(call, weather("x")) for call in calls)]
            found.chat(history, model=first, tools=[weather], reasoning="high")
            assert "c2lnMQ==" in bodies[-1]
            assert signs in bodies[-1]
            found.chat(history, model=second, tools=[weather], reasoning="high")
        assert "c2lnMQ==" not in bodies[-1]
        assert "Two cities" not in bodies[-1]
        assert "Let me look." in bodies[-1]
        assert len([call for call in calls if call.id in bodies[-1]]) == 2


def test_streams_say_the_same() -> None:
    """A streamed answer folds to the parts of the whole one, thoughts, text and calls."""
    for name, folder in (("opus", "anthropic"), ("gemini", "gemini")):

        def answer(url: str, body: dict[str, object], folder: str = folder) -> bytes:
            streamed = "stream" in body or "stream" in url
            return recorded(f"{folder}/tools.{'sse' if streamed else 'json'}")

        found = client(answer)
        whole = found.chat("Umbrella?", model=name, tools=[weather])
        with found.stream("Umbrella?", model=name, tools=[weather]) as stream:
            assert list(stream)
            assert stream.reply is not None
            assert stream.reply.message == whole.message
            assert stream.reply.usage == whole.usage
