"""How servers that speak chat completions differ in their answers, and what is made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.types.events import (
    End,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallPart,
    UsageReport,
)
from llmroute.types.messages import ReasoningBlock
from llmroute.types.usage import Usage
from tests.faults.answers import event
from tests.providers.calls import call_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.events import ProviderEvent

URL = "https://api.example.com/v1"
CODEC = open_codec("openai-chat")


def stream(*deltas: Mapping[str, object], finish_reason: str = "stop") -> list[ProviderEvent]:
    """Decode a stream of these pieces."""
    decoder = CODEC.decoder(call_to(URL), stream=True)
    events: list[ProviderEvent] = []
    for delta in deltas:
        events += decoder.feed(event({"choices": [{"index": 0, "delta": delta}]}))
    nothing: dict[str, object] = {}
    last = {"index": 0, "delta": nothing, "finish_reason": finish_reason}
    return [*events, *decoder.feed(event({"choices": [last]})), *decoder.finish()]


def answer(
    message: Mapping[str, object], finish_reason: str = "stop", **fields: object
) -> list[ProviderEvent]:
    """Decode a whole answer."""
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    decoder = CODEC.decoder(call_to(URL), stream=False)
    text = json.dumps({"choices": [choice], **fields})
    return [*decoder.feed(text.encode()), *decoder.finish()]


def piece(arguments: object = None, name: str | None = None, **fields: object) -> dict[str, object]:
    """Write a piece of a tool call."""
    function = {"name": name, "arguments": arguments}
    return {**fields, "function": {key: one for key, one in function.items() if one is not None}}


def calls(*chunks: list[dict[str, object]]) -> dict[int, tuple[str, str, str]]:
    """The calls that a stream makes, by position: id, name and arguments."""
    made: dict[int, list[str]] = {}
    for one in stream(*({"tool_calls": chunk} for chunk in chunks)):
        if isinstance(one, ToolCallPart):
            call = made.setdefault(one.position, ["", "", ""])
            call[0] = one.id or call[0]
            call[1] = one.name or call[1]
            call[2] += one.arguments
    return {position: (one[0], one[1], one[2]) for position, one in made.items()}


TWO = {0: ("a", "f", '{"x":1}'), 1: ("b", "g", "{}")}


@pytest.mark.parametrize(
    "chunks",
    [
        # as the API has it
        [
            [piece("", "f", index=0, id="a")],
            [piece('{"x":', index=0)],
            [piece("1}", index=0)],
            [piece("", "g", index=1, id="b")],
            [piece("{}", index=1)],
        ],
        # both at once, and their pieces mixed
        [
            [piece('{"x"', "f", index=0, id="a"), piece("{", "g", index=1, id="b")],
            [piece("}", index=1), piece(":1}", index=0)],
        ],
        # whole calls, one chunk each, every one number 0
        [[piece('{"x":1}', "f", index=0, id="a")], [piece("{}", "g", index=0, id="b")]],
        # whole calls in one chunk, without numbers
        [[piece('{"x":1}', "f", id="a"), piece("{}", "g", id="b")]],
        # without numbers, piece by piece
        [
            [piece("", "f", id="a")],
            [piece('{"x":1}')],
            [piece("", "g", id="b")],
            [piece("{}")],
        ],
        # without numbers, the id with every piece
        [
            [piece('{"x"', "f", id="a")],
            [piece("{", "g", id="b")],
            [piece(":1}", id="a")],
            [piece("}", id="b")],
        ],
        # id and name with every piece
        [
            [piece('{"x":', "f", index=0, id="a")],
            [piece("1}", "f", index=0, id="a")],
            [piece("{}", "g", index=1, id="b")],
        ],
        # a new id for every piece
        [
            [piece('{"x":', "f", index=0, id="a")],
            [piece("1}", index=0, id="zz")],
            [piece("{}", "g", index=1, id="b")],
        ],
        # the id late, the index null
        [
            [piece('{"x":', "f", index=None, id="a")],
            [piece("1}", index=None)],
            [piece("", "g", index=1)],
            [piece("{}", index=1, id="b")],
        ],
        # arguments as an object
        [[piece({"x": 1}, "f", index=0, id="a"), piece({}, "g", index=1, id="b")]],
    ],
)
def test_calls_are_told_apart(chunks: list[list[dict[str, object]]]) -> None:
    """However a server numbers and cuts its calls, the same two come out."""
    assert calls(*chunks) == TWO


def test_calls_without_ids() -> None:
    """Without any id, a name begins a call; the flow gives it an id."""
    assert calls([piece("{}", "f")], [piece("{", "g")], [piece("}")]) == {
        0: ("", "f", "{}"),
        1: ("", "g", "{}"),
    }


def test_another_name_begins_another_call() -> None:
    """Where every call is number 0 and none has an id, names tell them apart."""
    chunks = [piece("", "f", index=0)], [piece("", "g", index=0)], [piece("{}", index=0)]
    assert calls(*chunks) == {0: ("", "f", ""), 1: ("", "g", "{}")}
    again = [piece("{", "f", index=0)], [piece("}", "f", index=0)]
    assert calls(*again)[0][2] == "{}"


@pytest.mark.parametrize("arguments", [7, [1], True])
def test_arguments_of_another_shape(arguments: object) -> None:
    """Arguments are a string or an object, else the answer is bad."""
    with pytest.raises(AttemptError, match="neither a string nor an object"):
        stream({"tool_calls": [piece(arguments, "f", index=0)]})


def test_a_call_with_another_reason() -> None:
    """A server that says "stop" after a call has called; one that was cut has not."""
    call = {"tool_calls": [piece("{}", "f", index=0, id="a")]}
    assert stream(call)[-1] == End("tool_calls")
    assert stream(call, finish_reason="length")[-1] == End("length")
    assert answer({"content": None, **call})[-1] == End("tool_calls")


def test_the_function_call_of_old() -> None:
    """A function_call is a tool call without an id, in pieces or whole."""
    assert stream(
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        finish_reason="function_call",
    ) == [ToolCallPart(0, None, "f", ""), ToolCallPart(0, None, None, "{}"), End("tool_calls")]


def test_content_in_parts() -> None:
    """Mistral's content is a list of parts when it reasons; references say nothing."""
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "thinking", "thinking": "so"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "text", "text": "Yes."},
    ]
    expected = [Reasoning("hm"), Reasoning("so"), Text("Yes."), End("stop")]
    assert answer({"content": content}) == expected
    assert stream({"content": content}) == expected


def test_details_are_put_together() -> None:
    """OpenRouter's details are joined piece by piece, and go back at the end; said once."""
    thoughts = [
        {"type": "reasoning.text", "index": 0, "text": "h", "format": "x", "signature": None},
        {"type": "reasoning.text", "index": 0, "text": "m", "signature": "sig"},
        {"type": "reasoning.encrypted", "index": 1, "data": "zz", "id": "r1"},
    ]
    joined = [
        {"type": "reasoning.text", "index": 0, "format": "x", "signature": "sig", "text": "hm"},
        {"type": "reasoning.encrypted", "index": 1, "id": "r1", "data": "zz"},
    ]
    events = stream(
        {"reasoning": "h", "reasoning_details": thoughts[:1]},
        {"reasoning_details": thoughts[1:2]},
        {"content": "Yes.", "reasoning_details": thoughts[2:]},
    )
    assert events[:3] == [Reasoning("h"), Reasoning("m"), Text("Yes.")]
    assert isinstance(events[3], ReasoningEnd)
    assert events[3].block.text == "hm"
    assert json.loads(events[3].block.data) == {"reasoning_details": joined}
    assert events[4:] == [End("stop")]


def test_a_signature_comes_with_its_call() -> None:
    """What Gemini wants back with a call is kept with it."""
    extra = {"google": {"thought_signature": "c2ln"}}
    call = piece("{}", "f", index=0, id="a", extra_content=extra)
    kept = json.dumps({"extra_content": extra}, separators=(",", ":"))
    assert stream({"tool_calls": [call]})[0] == ToolCallPart(0, "a", "f", "{}", kept)


def test_a_thought_alone_goes_back_nowhere() -> None:
    """Reasoning that no server wants back makes no block."""
    assert not [one for one in stream({"reasoning": "hm"}) if isinstance(one, ReasoningEnd)]
    assert ReasoningBlock("hm").data == ""


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # DeepSeek's name for what was cached
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
            Usage(9, 2, 4),
        ),
        # Gemini's endpoint has it in the total alone
        ({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 18}, Usage(9, 9, 0, 0, 7)),
        # OpenAI counts it within the output
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 8,
                "total_tokens": 17,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(9, 8, reasoning_tokens=7),
        ),
        # more cached than there was
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 3},
            },
            Usage(9, 2, 9, 0),
        ),
    ],
)
def test_usage_in_other_words(usage: dict[str, object], expected: Usage) -> None:
    """Cached, written and reasoning tokens are found where each server puts them."""
    assert UsageReport(expected) in answer({"content": "x"}, usage=usage)
