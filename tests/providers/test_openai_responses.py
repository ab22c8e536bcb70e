"""The codec of the Responses API: requests written, answers read."""

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
from llmroute.types.messages import Message, ReasoningBlock
from llmroute.types.requests import Request, Sampling
from llmroute.types.usage import Usage
from tests.faults.answers import Asked, ending, event, pieces, response_of, whole
from tests.providers.calls import QUESTION, How, call_to

if TYPE_CHECKING:
    from llmroute.types.events import FinishReason, ProviderEvent

URL = "https://api.example.com/v1"
CODEC = open_codec("openai-responses")
ASKED = Asked("responses", stream=True, model="m", options={})
USAGE = Usage(11, 6, 4, 0, 1)


def stream(*chunks: bytes) -> list[ProviderEvent]:
    """Decode a stream."""
    decoder = CODEC.decoder(call_to(URL), stream=True)
    return [*(event for chunk in chunks for event in decoder.feed(chunk)), *decoder.finish()]


def answer(value: object) -> list[ProviderEvent]:
    """Decode a whole answer."""
    decoder = CODEC.decoder(call_to(URL), stream=False)
    return [*decoder.feed(json.dumps(value).encode()), *decoder.finish()]


def typed(kind: str, **fields: object) -> bytes:
    """Write an event of the stream."""
    return event({"type": kind, **fields}, kind)


COMPLETED = typed("response.completed", response={"status": "completed", "output": []})


def test_nothing_is_kept_upstream() -> None:
    """The request says `store: false`; leading system messages are its instructions."""
    messages = (
        Message.system("One."),
        Message.system("Two."),
        Message.user("a"),
        Message.assistant("b"),
        Message.system("Three."),
        Message.user("c"),
    )
    request = Request(messages, sampling=Sampling(max_tokens=50, temperature=0.1, seed=3))
    how = How(stream=False, model="gpt-x", parameters=frozenset({"temperature"}))
    written = CODEC.encode(call_to(URL, how, request))
    assert written.url == f"{URL}/responses"
    assert json.loads(written.content) == {
        "model": "gpt-x",
        "instructions": "One.\n\nTwo.",
        "input": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "system", "content": "Three."},
            {"role": "user", "content": "c"},
        ],
        "store": False,
        "max_output_tokens": 50,
        "temperature": 0.1,
    }


def test_a_stream_is_asked_for() -> None:
    """A stream is asked for by `stream` alone, and a prefix is what the assistant said last."""
    body = json.loads(CODEC.encode(call_to(URL, How(prefix="It is"), QUESTION)).content)
    assert body["stream"] is True
    assert "stream_options" not in body
    assert body["input"][-1] == {"role": "assistant", "content": "It is"}


def test_a_stream_becomes_events() -> None:
    """Content comes piece by piece, then the usage, then the end, at every split."""
    data = b"".join([*pieces(ASKED), *ending(ASKED)])
    events = stream(data)
    assert "".join(one.text for one in events if isinstance(one, Text)) == (
        "The answer is forty-two."
    )
    assert events[-2:] == [UsageReport(USAGE), End("stop")]
    for first in range(0, len(data), 7):
        assert stream(data[:first], data[first:]) == events


def test_a_whole_answer_folds_to_the_same_events() -> None:
    """A whole answer says what the stream says, in one piece."""
    decoder = CODEC.decoder(call_to(URL), stream=False)
    assert [*decoder.feed(whole(ASKED)), *decoder.finish()] == [
        Text("The answer is forty-two."),
        UsageReport(USAGE),
        End("stop"),
    ]


def test_the_tier_that_a_response_was_served_at() -> None:
    """The closing event says it, not the first one, which says what was asked for."""
    usage = {"input_tokens": 3, "output_tokens": 2}
    closing: dict[str, object] = {
        "status": "completed",
        "output": [],
        "usage": usage,
        "service_tier": "default",
    }
    first = typed("response.created", response={"service_tier": "auto"})
    events = stream(first, *pieces(ASKED), typed("response.completed", response=closing))
    assert UsageReport(Usage(3, 2), "default") in events


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_incomplete_response_says_why(reason: FinishReason) -> None:
    """`incomplete` is a length or a filter, in a stream and as a whole."""
    assert stream(*pieces(ASKED), *ending(ASKED, finish_reason=reason))[-1] == End(reason)
    assert answer(response_of(ASKED, "x", finish_reason=reason))[-1] == End(reason)


def test_refusal_and_reasoning_are_told_apart() -> None:
    """A refusal is text and is marked; reasoning summaries are no text."""
    events = stream(
        typed("response.reasoning_summary_text.delta", delta="hm"),
        typed("response.refusal.delta", delta="No."),
        COMPLETED,
    )
    assert events == [Reasoning("hm"), Text("No."), End("stop", refused=True)]
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]},
    ]
    assert answer({"status": "completed", "output": items}) == events


def test_function_calls_come_in_parts() -> None:
    """A function call has its position, id and name first, then fragments of arguments."""
    item = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": ""}
    whole_item = item | {"arguments": "{}"}
    done = {"status": "completed", "output": [whole_item]}
    assert stream(
        typed("response.output_item.added", output_index=1, item=item),
        typed("response.function_call_arguments.delta", output_index=1, delta="{}"),
        typed("response.completed", response=done),
    ) == [ToolCallPart(1, "c1", "f", ""), ToolCallPart(1, None, None, "{}"), End("tool_calls")]
    assert answer(done) == [ToolCallPart(0, "c1", "f", "{}"), End("tool_calls")]


def test_unknown_events_are_ignored() -> None:
    """Types that are not known say nothing, whatever they hold."""
    assert stream(
        typed("response.new_thing", delta=7, response="x"),
        typed("response.output_item.added", output_index=0, item={"type": "message"}),
        COMPLETED,
    ) == [End("stop")]


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        (pieces(ASKED), "cut_short"),
        ([typed("response.output_text.delta", delta=7)], "bad_response"),
        ([event({"delta": "x"})], "bad_response"),
        ([event({"type": 7})], "bad_response"),
        ([event({"error": {"code": "insufficient_quota"}})], "quota_exhausted"),
        ([typed("error", code="rate_limit_exceeded", message="x")], "rate_limit"),
        ([typed("error", error={"code": "server_error"})], "server_error"),
        ([typed("response.completed", response={"status": "queued"})], "bad_response"),
        ([typed("response.completed", response=[])], "bad_response"),
        (
            [typed("response.failed", response={"error": {"code": "context_length_exceeded"}})],
            "context_length",
        ),
    ],
)
def test_a_broken_stream_is_a_typed_error(chunks: list[bytes], kind: str) -> None:
    """What breaks the API's promise, fails, or never completes is never an answer."""
    with pytest.raises(AttemptError) as caught:
        stream(*chunks)
    assert caught.value.fault.kind == kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({}, "bad_response"),
        ({"status": "completed", "output": []}, "bad_response"),
        ({"status": "completed", "output": "text"}, "bad_response"),
        ({"status": "in_progress", "output": []}, "bad_response"),
        ({"status": "completed", "output": [{"type": "message", "content": 7}]}, "bad_response"),
        ({"status": "failed", "error": {"code": "server_error"}, "output": []}, "server_error"),
    ],
)
def test_an_answer_of_another_shape_is_a_typed_error(value: object, kind: str) -> None:
    """Every field of another type, and every missing one that matters, is a typed error."""
    with pytest.raises(AttemptError) as caught:
        answer(value)
    assert caught.value.fault.kind == kind


CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"x":1}'}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
    "encrypted_content": "zz",
}
BLOCK = ReasoningEnd(ReasoningBlock("a\n\nb", data='{"id":"rs_1","encrypted_content":"zz"}'))
ALL = [THOUGHT, MESSAGE, CALL]


def done(at: int, item: object) -> bytes:
    """Write that an item is done."""
    return typed("response.output_item.done", output_index=at, item=item)


def completed(*output: object) -> bytes:
    """Write that the response is complete."""
    return typed("response.completed", response={"status": "completed", "output": output})


def texts_of(events: list[ProviderEvent]) -> str:
    """The answer's text."""
    return "".join(one.text for one in events if isinstance(one, Text))


def test_without_pieces_the_whole_is_taken() -> None:
    """Items that came only when they were done, or with the response, are said once."""
    said = [Reasoning("a\n\nb"), BLOCK, Text("Hello"), ToolCallPart(2, "c1", "f", '{"x":1}')]
    expected = [*said, End("tool_calls")]
    assert stream(completed(*ALL)) == expected
    assert stream(*(done(at, item) for at, item in enumerate(ALL)), completed(*ALL)) == expected
    assert stream(*(done(at, item) for at, item in enumerate(ALL)), COMPLETED) == expected
    assert answer({"status": "completed", "output": ALL}) == expected


def test_the_rest_of_a_text_is_taken() -> None:
    """What the pieces left out at the end comes from the item, or from the response."""
    piece = typed("response.output_text.delta", output_index=0, delta="Hel")
    for last in ([done(1, MESSAGE), completed(MESSAGE)], [completed(MESSAGE)]):
        events = stream(piece, *last)
        assert [one for one in events if isinstance(one, Text)] == [Text("Hel"), Text("lo")]
    other = {"type": "message", "content": [{"type": "output_text", "text": "Bye"}]}
    both = stream(piece, done(0, MESSAGE), done(1, other), completed(MESSAGE, other))
    assert texts_of(both) == "HelloBye"


@pytest.mark.parametrize("pieces", [("Hel", "o"), ("Hello", "o"), ("ello",), ("Bye",)])
def test_lost_pieces_are_no_answer(pieces: tuple[str, ...]) -> None:
    """Pieces that are not how the whole text begins were lost on the way; blanks do not count."""
    said = [typed("response.output_text.delta", output_index=0, delta=one) for one in pieces]
    for last in ([done(0, MESSAGE)], [done(0, MESSAGE), completed(MESSAGE)], [completed(MESSAGE)]):
        with pytest.raises(AttemptError) as caught:
            stream(*said, *last)
        assert caught.value.fault.kind == "cut_short"
    blank = typed("response.output_text.delta", output_index=0, delta="Hello\n")
    assert texts_of(stream(blank, done(0, MESSAGE), completed(MESSAGE))) == "Hello\n"


def test_lost_pieces_of_arguments_are_no_call() -> None:
    """Arguments are compared likewise; however they are spaced, they are the same."""
    begun = typed("response.output_item.added", output_index=0, item=CALL | {"arguments": ""})

    def piece(text: str) -> bytes:
        name = "response.function_call_arguments.delta"
        return typed(name, output_index=0, item_id="x", delta=text)

    events = stream(begun, piece('{"x":'), completed(CALL))
    assert events[1:] == [
        ToolCallPart(0, None, None, '{"x":'),
        ToolCallPart(0, None, None, "1}"),
        End("tool_calls"),
    ]
    assert stream(begun, piece('{ "x": 1 }'), completed(CALL))[1:] == [
        *(ToolCallPart(0, None, None, '{ "x": 1 }'), End("tool_calls")),
    ]
    with pytest.raises(AttemptError, match="pieces of the answer were lost"):
        stream(begun, piece('{"x":}'), completed(CALL))


def test_calls_without_an_id_stay_apart() -> None:
    """Calls are told apart by their id, their item's id, or where they stand."""

    def call(name: str, arguments: str = "", **ids: str) -> dict[str, object]:
        return {"type": "function_call", "name": name, "arguments": arguments, **ids}

    def added(at: int | None, item: dict[str, object]) -> bytes:
        place = {} if at is None else {"output_index": at}
        return typed("response.output_item.added", **place, item=item)

    def arguments(text: str, **place: object) -> bytes:
        return typed("response.function_call_arguments.delta", **place, delta=text)

    f, g = call("f", '{"x":1}'), call("g", '{"y":1}')
    placed = stream(added(0, call("f")), added(1, call("g")), done(0, f), done(1, g), COMPLETED)
    items = [call("f", id="i1"), call("g", id="i2")]
    by_item = stream(
        *(added(None, item) for item in items),
        arguments('{"x":1}', item_id="i1"),
        arguments('{"y":1}', item_id="i2"),
        completed(f | {"id": "i1"}, g | {"id": "i2"}),
    )
    expected = [
        ToolCallPart(0, None, "f", ""),
        ToolCallPart(1, None, "g", ""),
        ToolCallPart(0, None, None, '{"x":1}'),
        ToolCallPart(1, None, None, '{"y":1}'),
        End("tool_calls"),
    ]
    assert placed == expected
    assert by_item == expected
    unnumbered = stream(
        added(None, call("f", call_id="a")),
        arguments('{"x":1}'),
        added(None, call("g", call_id="b")),
        arguments('{"y":1}'),
        completed(f | {"call_id": "a"}, g | {"call_id": "b"}),
    )
    assert [one for one in unnumbered if isinstance(one, ToolCallPart)] == [
        ToolCallPart(0, "a", "f", ""),
        ToolCallPart(0, None, None, '{"x":1}'),
        ToolCallPart(1, "b", "g", ""),
        ToolCallPart(1, None, None, '{"y":1}'),
    ]


def test_arguments_are_said_once() -> None:
    """Arguments come in pieces, or whole when the call is done; never twice."""
    begun = typed("response.output_item.added", output_index=0, item=CALL | {"arguments": ""})
    whole_part = typed("response.function_call_arguments.done", output_index=0, arguments='{"x":1}')
    piece = typed("response.function_call_arguments.delta", output_index=0, delta='{"x":1}')
    for middle in ([piece], [whole_part], [piece, whole_part], []):
        for last in ([done(0, CALL), completed(CALL)], [completed({"type": "other"}, CALL)]):
            events = stream(begun, *middle, *last)
            assert events == [
                ToolCallPart(0, "c1", "f", ""),
                ToolCallPart(0, None, None, '{"x":1}'),
                End("tool_calls"),
            ]
    second = CALL | {"call_id": "c2"}
    assert stream(begun, piece, completed(second))[-2] == ToolCallPart(1, "c2", "f", '{"x":1}')


def test_summaries_are_said_once() -> None:
    """Pieces of a summary stand apart as its parts do, and come with the block that goes back."""
    pieces_of_it = [
        typed("response.reasoning_summary_part.added", summary_index=0),
        typed("response.reasoning_summary_text.delta", summary_index=0, delta="a"),
        typed("response.reasoning_summary_part.added", summary_index=1),
        typed("response.reasoning_summary_text.delta", summary_index=1, delta="b"),
    ]
    said = [Reasoning("a"), Reasoning("\n\n"), Reasoning("b"), BLOCK]
    events = stream(*pieces_of_it, done(0, THOUGHT), done(1, MESSAGE), completed(THOUGHT, MESSAGE))
    assert events == [*said, Text("Hello"), End("stop")]


def test_reasoning_that_comes_too_late_is_no_block() -> None:
    """A reasoning item that is seen after its answer would be sent back in the wrong place."""
    piece = typed("response.output_text.delta", output_index=1, delta="Hello")
    events = stream(piece, completed(THOUGHT, MESSAGE))
    assert events == [Text("Hello"), Reasoning("a\n\nb"), End("stop")]


def test_thoughts_in_the_open_are_read() -> None:
    """Open models say their reasoning as text; without encrypted content nothing goes back."""
    item = {"type": "reasoning", "id": "r", "content": [{"type": "reasoning_text", "text": "hm"}]}
    expected = [Reasoning("hm"), Text("Hello"), End("stop")]
    assert answer({"status": "completed", "output": [item, MESSAGE]}) == expected
    assert (
        stream(
            typed("response.reasoning_text.delta", delta="hm"),
            done(0, item),
            completed(item, MESSAGE),
        )
        == expected
    )


def test_thoughts_without_an_answer_are_left_to_the_flow() -> None:
    """A response of thoughts alone is well-formed: the codec does not judge it."""
    thought: dict[str, object] = {"type": "reasoning", "id": "rs_1", "summary": []}
    found = answer({"status": "completed", "output": [thought], "usage": None})
    assert found[-1] == End("stop")
    with pytest.raises(AttemptError, match="no output"):
        answer({"status": "completed", "output": None})
