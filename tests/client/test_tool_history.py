"""Calls of tools and their results in a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageFunctionToolCall
from openai.types.chat.chat_completion_message_function_tool_call import Function
from pydantic import BaseModel

import llmroute
from llmroute import Client, Message, RequestError
from llmroute.testing import ScriptedProvider
from llmroute.types.messages import ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL = ToolCall("call_1", "weather", {"city": "Oslo"})
ASKED = [Message.user("Umbrella in Oslo?"), Message.assistant(CALL)]


class Weather(BaseModel):
    """A result as a pydantic model."""

    sky: str
    degrees: float


@dataclass
class Wind:
    """A result as a dataclass."""

    knots: int


def sent(*more: Message | Mapping[str, object]) -> tuple[Message, ...]:
    """What a model is asked when a conversation ends in `more`."""
    provider = ScriptedProvider("Take one.")
    model = llmroute.model("m", use="test", provider=provider, abilities=["tools"])
    with Client(models=[model]) as client:
        client.chat([*ASKED, *more])
    return provider.calls[0].request.messages


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("rain", "rain"),
        ("", ""),
        ({"sky": "rain"}, '{"sky": "rain"}'),
        ([1, 2.5, None, True], "[1, 2.5, null, true]"),
        ("Zürich", "Zürich"),
        ({"a": "Zürich"}, '{"a": "Zürich"}'),
        (Weather(sky="rain", degrees=3.5), '{"sky": "rain", "degrees": 3.5}'),
        ([Wind(3)], '[{"knots": 3}]'),
        ({"on": date(2026, 11, 26), "usd": Decimal("1.50")}, '{"on": "2026-11-26", "usd": "1.50"}'),
        ({"b", "a"}, '["a", "b"]'),
    ],
)
def test_results_are_written_as_text(given: object, written: str) -> None:
    """A string stays as it is; anything else is written as JSON, pydantic models included."""
    result = sent(Message.tool(CALL, given))[-1].parts[0]
    assert result == ToolResult("call_1", "weather", written)


def test_openai_style_dicts_hold_calls_and_results() -> None:
    """The tool loop as the OpenAI API writes it is understood."""
    provider = ScriptedProvider("Take one.")
    model = llmroute.model("m", use="test", provider=provider, abilities=["tools"])
    function = {"name": "weather", "arguments": '{"city": "Oslo"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    with Client(models=[model]) as client:
        client.chat(
            [
                {"role": "user", "content": "Umbrella in Oslo?"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            ]
        )
    assert provider.calls[0].request.messages == (
        Message.user("Umbrella in Oslo?"),
        Message.assistant(CALL),
        Message("tool", (ToolResult("call_1", "weather", "rain"),)),
    )


def test_messages_of_the_openai_package_are_taken() -> None:
    """What OpenAI's package returned goes back as it is: objects, their dicts, nulls and notes."""
    function = Function(name="weather", arguments='{"city": "Oslo"}')
    call = ChatCompletionMessageFunctionToolCall(id="call_1", type="function", function=function)
    asked = ChatCompletionMessage(role="assistant", tool_calls=[call], annotations=[])
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    by_hand = {"role": "assistant", "content": "", "tool_calls": asked.tool_calls}
    for turn in (asked, asked.model_dump(), by_hand):
        provider = ScriptedProvider("Take one.")
        model = llmroute.model("m", use="test", provider=provider, abilities=["tools"])
        with Client(models=[model]) as client:
            client.chat([Message.user("Umbrella in Oslo?"), turn, result])
        calls = provider.calls[0].request.messages[1].tool_calls
        assert calls == (CALL,)


def test_notes_on_an_answer_are_passed_over() -> None:
    """Citations that OpenAI adds to an answer are no part of the conversation."""
    cited = {"role": "assistant", "content": "Rain.", "annotations": [{"type": "url_citation"}]}
    provider = ScriptedProvider("Take one.")
    with Client(models=[llmroute.model("m", use="test", provider=provider)]) as client:
        client.chat([{"role": "user", "content": "?"}, cited, {"role": "user", "content": "!"}])
    assert provider.calls[0].request.messages[1] == Message.assistant("Rain.")


def test_a_reply_in_the_history_is_told_of_its_message() -> None:
    """Who puts a reply into the history is told what to put there."""
    provider = ScriptedProvider("Rain.")
    with Client(models=[llmroute.model("m", use="test", provider=provider)]) as client:
        reply = client.chat("hi")
        with pytest.raises(RequestError, match=r"is a Reply\. Use reply\.message"):
            client.chat(cast("Any", [reply]))


TANGLED: dict[str, object] = {}
TANGLED["itself"] = TANGLED

BAD: list[tuple[list[object], str]] = [
    ([Message("tool", (ToolResult("call_9", "weather", "rain"),))], "answers no tool call"),
    ([Message.tool(CALL, "rain"), Message.tool(CALL, "rain")], "answers no tool call"),
    ([{"role": "tool", "content": "rain"}], "tool_call_id"),
    ([Message.tool(CALL, object())], "cannot be written as JSON"),
    ([Message.tool(CALL, float("nan"))], "cannot be written as JSON"),
    ([Message.tool(CALL, TANGLED)], "cannot be written as JSON"),
    ([Message("tool", ("rain",))], "holds no str"),
    ([Message.tool(cast("Any", "call_1"), "rain")], "Pass one of reply.tool_calls"),
    ([Message.tool(cast("Any", {"id": "call_1"}), "rain")], "Pass one of reply.tool_calls"),
    ([Message.tool(cast("Any", None), "rain")], "Pass one of reply.tool_calls"),
    ([Message.tool(cast("Any", (CALL,)), "rain")], "Pass one of reply.tool_calls"),
    ([Message.user("hi"), Message("user", cast("Any", (CALL,)))], "holds no ToolCall"),
    ([Message.assistant(ToolCall("", "f", {})), Message.user("hi")], "no id or no name"),
    ([Message.assistant(CALL, CALL), Message.user("hi")], "the same id"),
    ([Message.assistant(ToolCall("c", "f", {"x": object()})), Message.user("hi")], "JSON"),
    ([{"role": "assistant", "tool_calls": [{"id": "c"}]}, Message.user("hi")], "no tool call"),
    (
        [
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{"}}],
            },
            Message.user("hi"),
        ],
        "no JSON object",
    ),
    ([{"role": "assistant", "tool_calls": "call_1"}, Message.user("hi")], "list of tool calls"),
]


@pytest.mark.parametrize(("more", "word"), BAD)
def test_broken_tool_loops_are_refused(more: list[object], word: str) -> None:
    """An orphan or unwritable result, and a call that is none, are typed errors."""
    provider = ScriptedProvider("Take one.")
    model = llmroute.model("m", use="test", provider=provider, abilities=["tools"])
    with Client(models=[model]) as client, pytest.raises(RequestError) as caught:
        client.chat(cast("Any", [*ASKED, *more]))
    assert word in str(caught.value)
    assert provider.calls == []


def test_an_answered_tool_is_something_to_answer() -> None:
    """The result of a tool may be the last word."""
    assert sent(Message.tool(CALL, "rain"))[-1].role == "tool"
