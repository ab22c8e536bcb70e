"""The codec of Gemini's own API: answers read, and what its errors mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.providers.wire import HttpFailure
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart, UsageReport
from llmroute.types.messages import Message, ReasoningBlock
from llmroute.types.requests import Request
from llmroute.types.usage import Usage
from tests.faults.answers import event
from tests.providers.calls import KEY
from tests.providers.natives import Native, recorded

if TYPE_CHECKING:
    from llmroute.types.events import ProviderEvent

API = "gemini"
WHOLE = Native(API)
STREAM = Native(API, stream=True)
PROMPT = "My account number is 4711-0815, tell nobody.\nNot even the provider."


def signed(text: str = "", **data: object) -> ReasoningEnd:
    """The block of a signature."""
    return ReasoningEnd(ReasoningBlock(text, data=json.dumps(data)))


def candidate(*parts: object, finish: object = "STOP") -> dict[str, object]:
    """A response of one candidate."""
    return {"candidates": [{"content": {"parts": parts}, "finishReason": finish}]}


def whole(value: object) -> list[ProviderEvent] | str:
    """Decode a whole answer; the kind of the fault where there is one."""
    return WHOLE.outcome(json.dumps(value).encode())


def test_a_whole_text() -> None:
    """Thoughts count as output, cached tokens as input; a signature at text is kept."""
    assert WHOLE.decode(recorded("gemini/text.json")) == [
        Text("Hello there."),
        signed(signature="c2lnVA=="),
        UsageReport(Usage(160, 36, 50, 0, 30)),
        End("stop"),
    ]


def test_a_streamed_text() -> None:
    """Summaries of thoughts are no text; usage is told at the beginning and at the end."""
    assert STREAM.decode(recorded("gemini/text.sse")) == [
        Reasoning("A greeting, "),
        UsageReport(Usage(160, 20, 50, 0, 20)),
        Reasoning("so greet."),
        Text("Hello"),
        Text(" there."),
        signed("A greeting, so greet.", signature="c2lnVA=="),
        UsageReport(Usage(160, 36, 50, 0, 30)),
        End("stop"),
    ]


CALLS = [
    Reasoning("Two cities, two calls."),
    Text("Let me look."),
    ToolCallPart(0, "fc_01", "weather", '{"city": "Oslo"}', "c2lnMQ=="),
    ToolCallPart(1, "resp-2_1", "weather", '{"city": "Rome"}'),
]


def test_tools() -> None:
    """Calls come whole, with their signatures; one without an id gets one of the response's."""
    end = [UsageReport(Usage(310, 90, 0, 0, 50)), End("tool_calls")]
    assert WHOLE.decode(recorded("gemini/tools.json")) == CALLS + end
    events = STREAM.decode(recorded("gemini/tools.sse"))
    assert [one for one in events if not isinstance(one, UsageReport)] == [*CALLS, end[1]]
    assert [one for one in events if isinstance(one, UsageReport)][-1] == end[0]


def test_a_later_piece_takes_nothing_back() -> None:
    """Counts that the last piece leaves out are those of the piece before it."""
    first = candidate({"text": "x"}) | {
        "usageMetadata": {"promptTokenCount": 9, "cachedContentTokenCount": 4}
    }
    last = {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1}}
    assert STREAM.decode(event(first), event(last))[-2:] == [
        UsageReport(Usage(9, 1, 4)),
        End("stop"),
    ]


def test_the_tier_that_a_response_was_served_at() -> None:
    """The tier stands beside the counts."""
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 1, "serviceTier": "flex"}
    piece = candidate({"text": "x"}) | {"usageMetadata": usage}
    assert UsageReport(Usage(9, 1), "flex") in STREAM.decode(event(piece))


def test_a_call_without_any_id() -> None:
    """Where the response has no id either, the flow names the call."""
    events = whole(candidate({"functionCall": {"name": "weather"}}))
    assert events == [ToolCallPart(0, None, "weather", "{}"), End("tool_calls")]


def test_thoughts_with_a_signature() -> None:
    """A summary that is signed itself goes back as it is."""
    events = whole(
        candidate({"text": "hm", "thought": True, "thoughtSignature": "s"}, {"text": "x"})
    )
    assert events == [
        Reasoning("hm"),
        signed("hm", signature="s", thought=True),
        Text("x"),
        End("stop"),
    ]


@pytest.mark.parametrize("name", ["gemini/text.sse", "gemini/tools.sse"])
def test_a_stream_is_the_same_at_every_split(name: str) -> None:
    """Where the network cuts a stream changes nothing."""
    data = recorded(name)
    events = STREAM.decode(data)
    for cut in range(len(data)):
        assert STREAM.decode(data[:cut], data[cut:]) == events


@pytest.mark.parametrize(
    ("reason", "means"),
    [
        ("STOP", End("stop")),
        ("MAX_TOKENS", End("length")),
        ("SAFETY", End("content_filter")),
        ("RECITATION", End("content_filter")),
        ("SPII", End("content_filter")),
        ("CONTINUATION", End("length")),
        ("PUP_LIMITED_DISABLED", "forbidden"),
        ("SOMETHING_NEW", End("stop")),
        ("MALFORMED_FUNCTION_CALL", "bad_tool_call"),
        ("UNEXPECTED_TOOL_CALL", "bad_tool_call"),
        ("MISSING_THOUGHT_SIGNATURE", "bad_request"),
        ("OTHER", "cut_short"),
        (None, "bad_response"),
    ],
)
def test_finish_reasons(reason: str | None, means: object) -> None:
    """Every finish reason is one of ours, or a fault; an unknown one still ends the answer."""
    events = whole(candidate({"text": "x"}, finish=reason))
    assert (events if isinstance(events, str) else events[-1]) == means


@pytest.mark.parametrize("name", ["gemini/blocked.json", "gemini/safety.json"])
def test_filters(name: str) -> None:
    """A blocked prompt, and an answer that was stopped before its first word, are faults."""
    assert WHOLE.outcome(recorded(name)) == "content_filtered"


def test_other_candidates_and_parts_say_nothing() -> None:
    """Only the first candidate counts; code and pictures are left out."""
    code: dict[str, object] = {"executableCode": {"code": "1"}}
    value = candidate(code, {"inlineData": {"data": "x"}}, {"text": "x"})
    other = {"index": 1, "content": {"parts": [{"text": "other"}]}, "finishReason": "STOP"}
    candidates = cast("list[object]", value["candidates"])
    assert whole({"candidates": [*candidates, other]}) == [Text("x"), End("stop")]


def test_a_bad_count_costs_the_usage_alone() -> None:
    """A good answer is not lost to a count that cannot be read."""
    for usage in ({"promptTokenCount": -1}, {"thoughtsTokenCount": "x"}, [7], 7):
        assert whole(candidate({"text": "x"}) | {"usageMetadata": usage}) == [
            Text("x"),
            End("stop"),
        ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({}, "bad_response"),
        ({"candidates": 7}, "bad_response"),
        ({"candidates": []}, "bad_response"),
        ({"candidates": [{"content": 7}]}, "bad_response"),
        ({"candidates": [{"content": {"parts": 7}}]}, "bad_response"),
        (candidate({"text": 7}), "bad_response"),
        (candidate({"functionCall": 7}), "bad_response"),
        (candidate({"functionCall": {"args": 7}}), "bad_response"),
        (candidate(finish=7), "bad_response"),
        ({"promptFeedback": 7}, "bad_response"),
        ({"error": {"status": "UNAVAILABLE"}}, "overloaded"),
        ({"error": 7}, "server_error"),
    ],
)
def test_an_answer_of_another_shape_is_a_typed_error(value: object, kind: str) -> None:
    """Every field of another type, and every missing one that matters, is a typed error."""
    assert whole(value) == kind


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (candidate({"text": "x"}, finish=None), "cut_short"),
        ({"usageMetadata": {}}, "cut_short"),
        ({"error": {"status": "RESOURCE_EXHAUSTED"}}, "rate_limit"),
        ({}, "bad_response"),
    ],
)
def test_a_broken_stream_is_a_typed_error(part: object, kind: str) -> None:
    """What breaks the API's promise, fails, or never ends is never an answer."""
    assert STREAM.outcome(event(part)) == kind


def failure(status: int, body: bytes, headers: dict[str, str] | None = None) -> AttemptError:
    """Read an answer with an error status."""
    call = WHOLE.call(Request((Message.user(PROMPT),)))
    return open_codec(API).failure(call, HttpFailure(status, headers or {}, body))


def refusal(status: int, name: str, message: str = "No.") -> AttemptError:
    """Read an error by its status and words."""
    error = {"error": {"code": status, "status": name, "message": message}}
    return failure(status, json.dumps(error).encode())


def test_a_quota_says_how_long() -> None:
    """RetryInfo's delay is the wait, also where the error stands alone in a list."""
    for body in (recorded("gemini/quota.json"), b"[" + recorded("gemini/quota.json") + b"]"):
        fault = failure(429, body, {"retry-after": "1"}).fault
        assert (fault.kind, fault.code) == ("rate_limit", "RESOURCE_EXHAUSTED")
        assert fault.remedy.wait_s == 34.074824224


def test_a_bad_key_is_no_bad_request() -> None:
    """Google answers 400 to a wrong key; the reason tells."""
    fault = failure(400, recorded("gemini/key.json")).fault
    assert (fault.kind, fault.status) == ("bad_key", 400)


@pytest.mark.parametrize(
    ("status", "name", "message", "kind"),
    [
        (400, "INVALID_ARGUMENT", "Bad field.", "bad_request"),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            "context_length",
        ),
        (400, "FAILED_PRECONDITION", "User location is not supported.", "forbidden"),
        (401, "UNAUTHENTICATED", "No.", "bad_key"),
        (403, "PERMISSION_DENIED", "No.", "forbidden"),
        (404, "NOT_FOUND", "models/x is not found", "model_not_found"),
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0, model: m", "forbidden"),
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 20", "rate_limit"),
        (500, "INTERNAL", "No.", "server_error"),
        (503, "UNAVAILABLE", "The model is overloaded.", "overloaded"),
        (504, "DEADLINE_EXCEEDED", "No.", "server_error"),
        (413, "SOMETHING_NEW", "No.", "too_large"),
    ],
)
def test_kinds(status: int, name: str, message: str, kind: str) -> None:
    """Each documented error is one of ours, with its status as the code."""
    fault = refusal(status, name, message).fault
    assert (fault.kind, fault.status, fault.code) == (kind, status, name)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"7", b'{"error": 7}', b'{"error": {"status": 7, "message": 7}}'),
        *(b'{"error": {"details": 7}}', b'{"error": {"details": [7, {"retryDelay": "x"}]}}'),
    ],
)
def test_bodies_of_others(body: bytes) -> None:
    """A body that is not the API's leaves the meaning to the status."""
    assert failure(503, body).fault.kind == "overloaded"
    assert failure(503, body).fault.remedy.wait_s is None


def test_words_are_quoted_with_care() -> None:
    """The upstream's words are quoted, unless they hold the key or the prompt."""
    assert "Unknown name" in str(refusal(400, "INVALID_ARGUMENT", "Unknown name 'x'"))
    for secret in (f"bad key {KEY}", f"cannot read: {PROMPT}"):
        error = refusal(400, "INVALID_ARGUMENT", secret)
        assert "tell nobody" not in str(error)
        assert KEY[3:20] not in str(error)


def test_an_answer_that_goes_on_after_its_finish_must_end_again() -> None:
    """What breaks after a finish reason that was not the last one is an error."""
    first = event(candidate({"text": "a"}))
    for late, kind in (
        (event(candidate({"text": "b"}, finish=None)), "cut_short"),
        (event(candidate({"text": "b"}, finish="OTHER")), "cut_short"),
        (event(candidate(finish="OTHER")), "cut_short"),
        (event(candidate({"text": 7})), "bad_response"),
        (event({"error": {"status": "UNAVAILABLE"}}), "overloaded"),
        (event({"promptFeedback": {"blockReason": "SAFETY"}}), "content_filtered"),
    ):
        assert STREAM.outcome(first, late) == kind
    assert STREAM.decode(first, event({"candidates": 7})) == [Text("a"), End("stop")]
    assert STREAM.decode(first, first) == [Text("a"), Text("a"), End("stop")]


def test_a_null_index_is_the_first() -> None:
    """A candidate whose index is null counts as one without any."""
    one = {"index": None, "content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
    only: dict[str, object] = {"candidates": [one]}
    assert whole(only) == [Text("a"), End("stop")]


def test_why_a_prompt_was_blocked_is_a_code() -> None:
    """The reason is told if it is a code, and never if the prompt stands there."""
    for told, code in (("SAFETY", "SAFETY"), (PROMPT, None), ("a b", None)):
        call = WHOLE.call(Request((Message.user(PROMPT),)))
        decoder = open_codec(API).decoder(call, stream=False)
        body = json.dumps({"promptFeedback": {"blockReason": told}}).encode()
        with pytest.raises(AttemptError) as caught:
            _ = [*decoder.feed(body), *decoder.finish()]
        assert caught.value.fault.code == code


WORDS = st.sampled_from(["STOP", "SAFETY", "OTHER", "UNAVAILABLE", "34s"])
NAMES = st.sampled_from(
    [
        *("candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall"),
        *("args", "id", "name", "finishReason", "index", "usageMetadata", "promptTokenCount"),
        *("promptFeedback", "blockReason", "error", "status", "details", "reason", "responseId"),
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
    first = json.dumps(parts[0] if parts else None).encode()
    WHOLE.outcome(first)
    failure(400, first)
