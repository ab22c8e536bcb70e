"""The codec of the Responses API: requests written, answers read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.types.events import End, Reasoning, Text, ToolCallPart, UsageReport
from llmroute.types.messages import Message
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
