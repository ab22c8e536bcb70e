"""What checkers of types say of replies; read by mypy and pyright, never run.

Every `assert_type` is a rule: the type of `output` is that of the reply's output.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypedDict, assert_type

from pydantic import BaseModel

import llmroute
from llmroute import Message, Reply, Tool, ToolCall
from llmroute.client.asynchronous import AsyncStream
from llmroute.client.sync import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai.types.chat import ChatCompletionMessage

    from llmroute import AsyncClient, Client


class City(BaseModel):
    """A pydantic model."""

    name: str


class Town(TypedDict):
    """A TypedDict."""

    name: str


@dataclass
class Village:
    """A dataclass."""

    name: str


class Color(Enum):
    """An enumeration."""

    RED = "red"


SCHEMA: Mapping[str, object] = {"type": "object"}


def weather(city: str) -> str:
    """Weather now, by city."""
    return city


async def rain(city: str) -> bool:
    """Whether it rains."""
    return bool(city)


def takes_any(reply: Reply[object]) -> object:
    """A reply of any output is one of objects."""
    return reply.output


def chats(client: Client) -> None:
    """`Client.chat`."""
    assert_type(client.chat("hi"), Reply[None])
    assert_type(client.chat("hi", output=None), Reply[None])
    assert_type(client.chat("hi", output=City), Reply[City])
    assert_type(client.chat("hi", output=City, max_tokens=5).output, City)
    assert_type(client.chat("hi", output=Town), Reply[Town])
    assert_type(client.chat("hi", output=Village), Reply[Village])
    assert_type(client.chat("hi", output=Color), Reply[Color])
    assert_type(client.chat("hi", output=int), Reply[int])
    assert_type(client.chat("hi", output=list[City]), Reply[list[City]])
    assert_type(client.chat("hi", output=dict[str, int]), Reply[dict[str, int]])
    assert_type(client.chat("hi", output=SCHEMA), Reply[object])
    assert_type(client.chat("hi", output={"type": "object"}), Reply[object])
    assert_type(client.chat("hi", output=Literal["red", "green"]), Reply[object])
    assert_type(client.chat("hi", output=int | None), Reply[object])
    takes_any(client.chat("hi", output=City))


def prompts(client: Client, messages: list[ChatCompletionMessage]) -> None:
    """A prompt is needed, messages of OpenAI's package will do."""
    client.chat()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.stream(tags=["a"])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.plan()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.embed()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.plan_embed()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    llmroute.chat()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.chat([*messages, {"role": "user", "content": "hi"}])
    client.plan("hi", output=int | None)
    client.plan("hi", output=City)


def events(client: Client) -> None:
    """The last event holds the reply."""
    with client.stream("hi") as stream:
        for event in stream:
            match event:
                case llmroute.Finish(reply):
                    assert_type(reply, Reply[object])
                case _:
                    pass


def streams(client: Client) -> None:
    """`Client.stream`."""
    assert_type(client.stream("hi"), Stream[None])
    assert_type(client.stream("hi", output=City), Stream[City])
    assert_type(client.stream("hi", output=Town).reply, Reply[Town])
    assert_type(client.stream("hi", output=SCHEMA), Stream[object])
    with client.stream("hi", output=City) as stream:
        assert_type(stream.reply.output, City)


async def tasks(client: AsyncClient) -> None:
    """`AsyncClient`."""
    assert_type(await client.chat("hi"), Reply[None])
    assert_type(await client.chat("hi", output=City), Reply[City])
    assert_type(await client.chat("hi", output=Town), Reply[Town])
    assert_type(await client.chat("hi", output=SCHEMA), Reply[object])
    assert_type(client.stream("hi"), AsyncStream[None])
    assert_type(client.stream("hi", output=City), AsyncStream[City])
    assert_type(client.stream("hi", output=SCHEMA), AsyncStream[object])
    async with client.stream("hi", output=list[int]) as stream:
        assert_type(stream.reply.output, list[int])


def module() -> None:
    """The module's own `chat`."""
    assert_type(llmroute.chat("hi"), Reply[None])
    assert_type(llmroute.chat("hi", output=City), Reply[City])
    assert_type(llmroute.chat("hi", output=Town), Reply[Town])
    assert_type(llmroute.chat("hi", output={"type": "object"}), Reply[object])


def tools(client: Client) -> None:
    """Tools are functions of either color and `Tool`s; results go back as messages."""
    reply = client.chat("hi", tools=[weather, rain, Tool("now")], tool_choice="required")
    assert_type(reply.tool_calls, tuple[ToolCall, ...])
    results = [Message.tool(call, weather(city="Oslo")) for call in reply.tool_calls]
    assert_type(client.chat([Message.user("hi"), reply.message, *results]), Reply[None])
    client.with_options(tools=[weather], tool_choice="weather")
    function = {"name": "rain", "parameters": {"type": "object"}}
    client.chat("hi", tools=[weather, {"type": "function", "function": function}])
