"""Our wire against llama.cpp's own server: answers, streams, counts, failures, cancellation."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Literal

import pytest
from pydantic import BaseModel, Field

import llmroute
from llmroute import AsyncClient, Client, Limits, Message, Text, ToolCallPart
from llmroute.types.messages import ToolCall
from llmroute.types.tools import Tool

if TYPE_CHECKING:
    from llmroute import Fault
    from tests.peer.conftest import Peer

ONCE = Limits(deadline_s=120, attempts_per_model=1)
# After a stream the server closes its connection, though it promised to keep it: a request that is
# under way just then is asked again.
AGAIN = Limits(deadline_s=120)
SYSTEM = "You are a terse assistant."
QUESTIONS = (
    "Say hello.",
    "Translate into French: the house on the hill is older than the church beside it.",
    "def area(width: float, height: float) -> float: return width * height  # what does it do?",
)


def failure(client: Client, prompt: str, **options: object) -> Fault:
    """The fault of a call that must fail."""
    with pytest.raises(llmroute.AllFailedError) as caught:
        client.chat(prompt, max_tokens=4, extra_body=options)
    fault = caught.value.attempts[-1].fault
    assert fault is not None
    return fault


@pytest.mark.parametrize("use", ["openai-compatible", "llama-server"])
def test_a_whole_answer_and_a_stream_say_the_same(chatting: Peer, use: str) -> None:
    """At temperature 0 chat and stream, sync and async, give one text, one reason, one usage."""
    models = [chatting.model(use=use)]

    async def streamed() -> str:
        async with (
            AsyncClient(models=models, limits=AGAIN) as client,
            client.stream("Say hello.", max_tokens=8, temperature=0) as stream,
        ):
            return "".join([piece async for piece in stream.text])

    with Client(models=models, limits=AGAIN) as client:
        reply = client.chat("Say hello.", max_tokens=8, temperature=0)
        with client.stream("Say hello.", max_tokens=8, temperature=0) as stream:
            pieces = [event.text for event in stream if isinstance(event, Text)]
            other = stream.reply
    assert reply.text
    assert len(pieces) == 8
    assert reply.text == other.text == "".join(pieces) == asyncio.run(streamed())
    assert reply.finish_reason == other.finish_reason == "length"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (
        other.usage.input_tokens,
        other.usage.output_tokens,
    )
    assert reply.usage.output_tokens == 8
    assert not reply.usage.estimated


@pytest.mark.parametrize("question", QUESTIONS, ids=["short", "prose", "code"])
def test_our_estimate_holds_the_true_count(chatting: Peer, question: str) -> None:
    """The server's count of the prompt lies in the interval that the plan gave before."""
    with Client(models=[chatting.model()], limits=AGAIN) as client:
        reply = client.chat(question, system=SYSTEM, max_tokens=1)
    assert reply.plan.tokens.low <= reply.usage.input_tokens <= reply.plan.tokens.high


def test_failures_are_what_they_are(chatting: Peer) -> None:
    """A prompt too long, a broken grammar, a broken schema and a wrong path are told apart."""
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "nonsense"}}}
    with Client(models=[chatting.model()], limits=ONCE) as client:
        assert failure(client, "word " * 2000).kind == "context_length"
        assert failure(client, "hi", grammar="root ::= (((").kind == "bad_request"
        assert failure(client, "hi", response_format=schema).kind == "bad_request"
    with Client(models=[chatting.model(path="/nowhere/v1")], limits=ONCE) as client:
        fault = failure(client, "hi")
        assert (fault.kind, fault.status) == ("model_not_found", 404)


def test_leaving_a_stream_frees_the_slot(chatting: Peer) -> None:
    """A stream that is left stops the server's computation: its only slot becomes free."""
    with Client(models=[chatting.model()], limits=AGAIN) as client:
        with client.stream("Write a very long story.", max_tokens=900, temperature=0) as stream:
            next(stream)
            assert chatting.busy
        end = time.monotonic() + 10
        while chatting.busy and time.monotonic() < end:
            time.sleep(0.05)
        assert not chatting.busy
        assert client.chat("Say hello.", max_tokens=1).usage.output_tokens == 1


WEATHER = Tool(
    "weather",
    "The weather now in a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


class Weather(BaseModel):
    """What an answer must be."""

    city: Literal["Oslo", "Rome"]
    degrees: int = Field(ge=-50, le=50)


def asked_before(city: str, degrees: int) -> list[Message]:
    """A question that was answered with the tool: so small a model needs to be shown how."""
    call = ToolCall(f"call-{city}", "weather", {"city": city})
    return [
        Message.user(f"What is the weather in {city}?"),
        Message.assistant(call),
        Message.tool(call, {"degrees": degrees}),
        Message.assistant(f"It is {degrees} degrees in {city}."),
    ]


def choosing(choice: str, *tools: Tool) -> llmroute.ChatOptions:
    """The options of a call with tools."""
    return {"tools": tools, "tool_choice": choice, "max_tokens": 60, "temperature": 0}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_tool_is_called_and_its_result_read(calling: Peer, *, stream: bool) -> None:
    """Calls and results of the history are understood; a required call comes, and is answered."""
    question = Message.user("What is the weather in Oslo?")
    history = [*asked_before("Rome", 21), *asked_before("Paris", 14), question]
    with Client(models=[calling.model("tools")], limits=AGAIN) as client:
        if stream:
            with client.stream(history, **choosing("required", WEATHER)) as events:
                parts = [event for event in events if isinstance(event, ToolCallPart)]
                reply = events.reply
            assert len(parts) > 1
        else:
            reply = client.chat(history, **choosing("required", WEATHER))
        (call,) = reply.tool_calls
        assert reply.finish_reason == "tool_calls"
        assert (call.name, call.arguments) == ("weather", {"city": "Oslo"})
        answer = [*history, reply.message, Message.tool(call, {"degrees": 7})]
        assert "7" in client.chat(answer, **choosing("none", WEATHER)).text


def test_a_named_tool_is_called(calling: Peer) -> None:
    """The server takes no name of a tool; it is sent that tool alone, and must call it."""
    clock = Tool("clock", "The time now in a city.", WEATHER.parameters)
    question = Message.user("What is the weather in Oslo?")
    history = [*asked_before("Rome", 21), *asked_before("Paris", 14), question]
    with Client(models=[calling.model("tools", use="llama-server")], limits=AGAIN) as client:
        reply = client.chat(history, **choosing("weather", clock, WEATHER))
    assert [call.name for call in reply.tool_calls] == ["weather"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_answer_has_the_shape_that_was_asked_for(chatting: Peer, *, stream: bool) -> None:
    """With the ability schema, the server's grammar makes the answer one that the type takes."""
    options = llmroute.ChatOptions(max_tokens=60, temperature=0)
    question = "The weather in Oslo: 7 degrees."
    with Client(models=[chatting.model("json", "schema")], limits=AGAIN) as client:
        if stream:
            with client.stream(question, output=Weather, **options) as events:
                list(events)
                output = events.reply.output
        else:
            output = client.chat(question, output=Weather, **options).output
    assert isinstance(output, Weather)
