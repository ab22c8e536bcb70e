"""Calls of tools and their results in a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
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
