"""The codec of the Messages API: answers read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.errors import AttemptError
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart, UsageReport
from llmroute.types.messages import ReasoningBlock
from llmroute.types.usage import Usage
from tests.faults.answers import event
from tests.providers.natives import HELLO, SHAPE, WEATHER, Native, recorded

API = "anthropic-messages"
WHOLE = Native(API)
STREAM = Native(API, stream=True)
THOUGHTS = ReasoningBlock("Two cities, two calls.", data='{"signature": "c2lnMQ=="}')
SEALED = ReasoningBlock("", data='{"redacted": "ZW5jcnlwdGVk"}')
STOP = event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})


def message(*content: object, stop_reason: object = "end_turn") -> bytes:
    """Write a whole message."""
    return json.dumps({"type": "message", "content": content, "stop_reason": stop_reason}).encode()


def test_a_whole_text() -> None:
    """Cached tokens, read and written, are part of the input."""
    assert WHOLE.decode(recorded("anthropic/text.json")) == [
        Text("Hello there."),
        UsageReport(Usage(162, 6, 50, 100), "standard"),
        End("stop"),
    ]


def test_a_streamed_text() -> None:
    """Usage comes with the beginning, and again with the end; pings say nothing."""
    assert STREAM.decode(recorded("anthropic/text.sse")) == [
        UsageReport(Usage(162, 1, 50, 100)),
        Text("Hello"),
        Text(" there."),
        UsageReport(Usage(162, 6, 50, 100)),
        End("stop"),
    ]


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({"service_tier": "standard", "speed": "standard"}, "standard"),
        ({"service_tier": 7, "speed": []}, None),
    ],
)
def test_the_tier_that_a_message_was_served_at(told: dict[str, object], tier: str | None) -> None:
    """What the beginning says of the tier holds at the end; the fast mode is a tier of its own."""
    first = {"usage": {"input_tokens": 3, "output_tokens": 1, **told}}
    last = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
    events = STREAM.decode(
        event({"type": "message_start", "message": first}),
        event({"type": "message_delta", **last}),
    )
    assert [one for one in events if isinstance(one, UsageReport)] == [
        UsageReport(Usage(3, 1), tier),
        UsageReport(Usage(3, 2), tier),
    ]


def test_thoughts_and_tools_as_a_whole() -> None:
    """Thoughts are shown and kept with their signature; calls have their place, id and name."""
    assert WHOLE.decode(recorded("anthropic/tools.json")) == [
        Reasoning("Two cities, two calls."),
        ReasoningEnd(THOUGHTS),
        ReasoningEnd(SEALED),
        Text("Let me look."),
        ToolCallPart(3, "toolu_01", "weather", '{"city": "Oslo"}'),
        ToolCallPart(4, "toolu_02", "weather", '{"city": "Rome"}'),
        UsageReport(Usage(300, 90, reasoning_tokens=20)),
        End("tool_calls"),
    ]


def test_thoughts_and_tools_streamed() -> None:
    """A signature that comes last closes the thoughts; arguments come in fragments."""
    assert STREAM.decode(recorded("anthropic/tools.sse")) == [
        UsageReport(Usage(300, 2)),
        Reasoning("Two cities, "),
        Reasoning("two calls."),
        ReasoningEnd(THOUGHTS),
        ReasoningEnd(SEALED),
        Text("Let me look."),
        ToolCallPart(3, "toolu_01", "weather", ""),
        ToolCallPart(3, None, None, '{"city":'),
        ToolCallPart(3, None, None, ' "Oslo"}'),
        ToolCallPart(4, "toolu_02", "weather", ""),
        ToolCallPart(4, None, None, '{"city": "Rome"}'),
        UsageReport(Usage(300, 90, reasoning_tokens=20)),
        End("tool_calls"),
    ]


def test_a_search_behind_a_call_is_no_call() -> None:
    """Input of the provider's own tools says nothing, in a stream as in a whole message."""
    call = ToolCallPart(0, "toolu_01", "weather", '{"city": "Oslo"}')
    search: dict[str, object] = {
        "type": "server_tool_use",
        "id": "srvtoolu_01",
        "name": "web_search",
        "input": {},
    }
    called: dict[str, object] = {"type": "tool_use", "id": "toolu_01", "name": "weather"}
    whole = message({**called, "input": {"city": "Oslo"}}, search, stop_reason="tool_use")
    assert WHOLE.decode(whole) == [call, End("tool_calls")]
    start, delta = {"type": "content_block_start"}, {"type": "content_block_delta"}
    events = STREAM.decode(
        event({**start, "index": 0, "content_block": {**called, "input": {"city": "Oslo"}}}),
        event({**start, "index": 1, "content_block": search}),
        event({**delta, "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
        event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
    )
    assert events == [call, End("tool_calls")]


PLAIN = frozenset({"text", "tools"})
ANSWERS = {"type": "tool_use", "id": "toolu_01", "name": "give_answer"}


def test_beside_the_tool_that_answers_nothing_is_text() -> None:
    """Where a tool's input is the answer, it alone is: text before and after it is commentary."""
    request = replace(HELLO, output=SHAPE)
    begun = {"type": "text", "text": "Let me answer."}
    whole = message(begun, {**ANSWERS, "input": {"a": 1}}, begun, stop_reason="tool_use")
    told = Reasoning("Let me answer.")
    expected = [told, Text('{"a": 1}'), told, End("stop")]
    assert WHOLE._replace(abilities=PLAIN).decode(whole, request=request) == expected
    start, delta = {"type": "content_block_start"}, {"type": "content_block_delta"}
    text = {"type": "text_delta", "text": "Let me answer."}
    piece = {"type": "input_json_delta", "partial_json": '{"a": 1}'}
    events = STREAM._replace(abilities=PLAIN).decode(
        event({**start, "index": 0, "content_block": {"type": "text", "text": ""}}),
        event({**delta, "index": 0, "delta": text}),
        event({**start, "index": 1, "content_block": {**ANSWERS, "input": {}}}),
        event({**delta, "index": 1, "delta": piece}),
        event({**delta, "index": 2, "delta": text}),
        event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        request=request,
    )
    assert events == expected


def test_text_is_the_answer_where_no_tool_gives_it() -> None:
    """Text that was held back comes before a call of the application's tools, or at the end."""
    request = replace(HELLO, output=SHAPE, tools=(WEATHER,))
    begun = {"type": "text", "text": "Let me look."}
    called: dict[str, object] = {"type": "tool_use", "id": "1", "name": "weather", "input": {}}
    assert WHOLE._replace(abilities=PLAIN).decode(
        message(begun, called, stop_reason="tool_use"), request=request
    ) == [
        Text("Let me look."),
        ToolCallPart(1, "1", "weather", ""),
        End("tool_calls"),
    ]
    assert WHOLE._replace(abilities=PLAIN).decode(message(begun), request=request) == [
        Text("Let me look."),
        End("stop"),
    ]


def test_an_answer_without_fields_is_an_empty_object() -> None:
    """The tool that answers may be called with nothing, unless it was cut before it began."""
    request = replace(HELLO, output=SHAPE)
    for reason, events in (
        ("tool_use", [Text("{}"), End("stop")]),
        ("max_tokens", [End("length")]),
    ):
        whole = message({**ANSWERS, "input": {}}, stop_reason=reason)
        assert WHOLE._replace(abilities=PLAIN).decode(whole, request=request) == events


@pytest.mark.parametrize("name", ["anthropic/text.sse", "anthropic/tools.sse"])
def test_a_stream_is_the_same_at_every_split(name: str) -> None:
    """Where the network cuts a stream changes nothing."""
    data = recorded(name)
    events = STREAM.decode(data)
    for cut in range(len(data)):
        assert STREAM.decode(data[:cut], data[cut:]) == events


def test_left_out_thoughts_go_back_too() -> None:
    """Thoughts that come without their text keep their signature."""
    block = {"type": "thinking", "thinking": "", "signature": "s"}
    assert WHOLE.decode(message(block, {"type": "text", "text": "x"}))[0] == ReasoningEnd(
        ReasoningBlock("", data='{"signature": "s"}')
    )


def test_thoughts_without_a_signature_are_only_seen() -> None:
    """The API takes no thoughts back without a signature, so none are kept."""
    block = {"type": "thinking", "thinking": "hm"}
    events = WHOLE.decode(message(block, {"type": "text", "text": "x"}))
    assert events == [Reasoning("hm"), Text("x"), End("stop")]


def test_thoughts_that_were_never_closed_are_kept() -> None:
    """A server that leaves out content_block_stop loses no signature."""
    block = {"type": "thinking", "thinking": "", "signature": "s"}
    start = event({"type": "content_block_start", "index": 0, "content_block": block})
    assert STREAM.decode(start, STOP)[-2:] == [
        ReasoningEnd(ReasoningBlock("", data='{"signature": "s"}')),
        End("stop"),
    ]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("end_turn", End("stop")),
        ("stop_sequence", End("stop")),
        ("max_tokens", End("length")),
        ("model_context_window_exceeded", End("length")),
        ("pause_turn", End("length")),
        ("refusal", End("content_filter", refused=True)),
        ("something_new", End("stop")),
    ],
)
def test_stop_reasons(reason: str, end: End) -> None:
    """Every stop reason is one of ours; an unknown one still ends the answer."""
    said = {"type": "text", "text": "x"}
    assert WHOLE.decode(message(said, stop_reason=reason))[-1] == end


def test_a_refusal_without_a_word_is_a_fault() -> None:
    """Who is declined before anything was said is answered by another model."""
    with pytest.raises(AttemptError) as caught:
        WHOLE.decode(recorded("anthropic/refusal.json"))
    assert (caught.value.fault.kind, caught.value.fault.code) == ("content_filtered", "bio")


def test_what_the_provider_does_itself_is_left_out() -> None:
    """Blocks of server tools say nothing here; a paused turn is not whole."""
    events = WHOLE.decode(recorded("anthropic/search.json"))
    assert events == [Text("Nothing new."), UsageReport(Usage(5, 3)), End("length")]


def test_the_arguments_of_our_tool_are_the_answer() -> None:
    """Where there is no strict schema, the tool that carries the answer becomes text."""
    plain = frozenset({"text", "tools"})
    request = replace(HELLO, output=SHAPE, tools=(WEATHER,))
    block = {"type": "tool_use", "id": "t", "name": "give_answer", "input": {"city": "Oslo"}}
    whole = WHOLE._replace(abilities=plain)
    events = whole.decode(message(block, stop_reason="tool_use"), request=request)
    assert events == [Text('{"city": "Oslo"}'), End("stop")]
    stream = STREAM._replace(abilities=plain)
    delta = {"type": "input_json_delta", "partial_json": '{"city": "Oslo"}'}
    events = stream.decode(
        event({"type": "content_block_start", "index": 0, "content_block": block | {"input": {}}}),
        event({"type": "content_block_delta", "index": 0, "delta": delta}),
        event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        request=request,
    )
    assert events == [Text('{"city": "Oslo"}'), End("stop")]
    other = block | {"name": "weather"}
    assert whole.decode(message(other, stop_reason="tool_use"), request=request) == [
        ToolCallPart(0, "t", "weather", '{"city": "Oslo"}'),
        End("tool_calls"),
    ]


def test_a_bad_count_costs_the_usage_alone() -> None:
    """A good answer is not lost to a count that cannot be read."""
    value = {"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn"}
    bad: tuple[object, ...] = ({"input_tokens": -1}, {"output_tokens": "many"}, [], {}, None)
    for usage in bad:
        body = json.dumps(value | {"usage": usage}).encode()
        assert WHOLE.decode(body) == [Text("x"), End("stop")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({}, "bad_response"),
        ({"content": "text"}, "bad_response"),
        ({"content": [7], "stop_reason": "end_turn"}, "bad_response"),
        ({"content": [{"type": 7}], "stop_reason": "end_turn"}, "bad_response"),
        ({"content": [{"type": "text", "text": 7}], "stop_reason": "end_turn"}, "bad_response"),
        ({"content": [{"type": "tool_use", "input": "x"}]}, "bad_response"),
        ({"content": [], "stop_reason": None}, "bad_response"),
        ({"type": "error", "error": {"type": "overloaded_error"}}, "overloaded"),
        ({"type": "error", "error": "no"}, "server_error"),
    ],
)
def test_an_answer_of_another_shape_is_a_typed_error(value: object, kind: str) -> None:
    """Every field of another type, and every missing one that matters, is a typed error."""
    assert WHOLE.outcome(json.dumps(value).encode()) == kind


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "content_block_delta", "index": "x"}, "bad_response"),
        ({"type": "content_block_delta", "index": 0, "delta": 7}, "bad_response"),
        ({"type": "content_block_start", "index": 0, "content_block": 7}, "bad_response"),
        ({"type": "message_start", "message": 7}, "bad_response"),
        ({"no": "type"}, "bad_response"),
        ({"type": "error", "error": {"type": "overloaded_error"}}, "overloaded"),
        ({"type": "error", "error": {"type": "rate_limit_error"}}, "rate_limit"),
        ({"type": "error", "error": {"type": "api_error"}}, "server_error"),
        ({"type": "error", "error": {"type": "invalid_request_error"}}, "bad_request"),
        ({"type": "error"}, "server_error"),
        ({"type": "ping"}, "cut_short"),
        ({"type": "message_stop"}, "cut_short"),
    ],
)
def test_a_broken_stream_is_a_typed_error(part: object, kind: str) -> None:
    """What breaks the API's promise, fails, or never ends is never an answer."""
    assert STREAM.outcome(event(part)) == kind


WORDS = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop", "error", "text", "thinking", "redacted_thinking"),
        *("tool_use", "text_delta", "thinking_delta", "signature_delta", "input_json_delta"),
        *("end_turn", "refusal", "tool_use"),
    ]
)
NAMES = st.sampled_from(
    [
        *("type", "message", "content", "content_block", "index", "delta", "usage", "error"),
        *("text", "thinking", "signature", "data", "id", "name", "input", "partial_json"),
        *("stop_reason", "input_tokens", "output_tokens", "output_tokens_details"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=4))
def test_nothing_but_typed_errors_comes_out(parts: list[object]) -> None:
    """Whatever a server says is events or a typed error."""
    STREAM.outcome(*[event(part) for part in parts])
    WHOLE.outcome(json.dumps(parts[0] if parts else None).encode())
