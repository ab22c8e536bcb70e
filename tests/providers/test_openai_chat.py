"""The codec of chat completions: requests written, answers read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError, RequestError
from llmroute.providers import open_codec
from llmroute.providers.extras import RESERVED_FIELDS, check_extras
from llmroute.providers.shapes import parse
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart, UsageReport
from llmroute.types.frozen import replace
from llmroute.types.messages import Message
from llmroute.types.requests import Request, Sampling
from llmroute.types.usage import Usage
from tests.faults.answers import Asked, ending, event, pieces, whole
from tests.providers.calls import APIS, QUESTION, How, call_to

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason, ProviderEvent

URL = "https://api.example.com/v1"
CODEC = open_codec("openai-chat")
SAMPLING = Sampling(100, 0.5, 0.9, 40, 0.05, ("END",), 7)
ASKED = Asked("chat", stream=True, model="m", options={})
FRAMING = (
    *("Content-Encoding", "Accept-Encoding", "Content-Type", "Accept", "Upgrade", "TE", "Expect"),
    *("Trailer", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization"),
)
USAGE = Usage(11, 6, 4, 0, 1)
OWNED = (
    *("model", "stream", "messages", "input", "store", "contents", "system", "instructions"),
    *("systemInstruction", "system_instruction"),
)


def body_of(call: Call) -> dict[str, object]:
    """The JSON that is sent for `call`."""
    written: dict[str, object] = json.loads(CODEC.encode(call).content)
    return written


def stream(*chunks: bytes) -> list[ProviderEvent]:
    """Decode a stream."""
    decoder = CODEC.decoder(call_to(URL), stream=True)
    return [*(event for chunk in chunks for event in decoder.feed(chunk)), *decoder.finish()]


def answer(value: object) -> list[ProviderEvent]:
    """Decode a whole answer."""
    decoder = CODEC.decoder(call_to(URL), stream=False)
    return [*decoder.feed(json.dumps(value).encode()), *decoder.finish()]


def choice(finish_reason: str | None = "stop", **message: object) -> dict[str, object]:
    """Write a completion with one choice."""
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]}


def part(finish_reason: str | None = None, **delta: object) -> bytes:
    """Write a chunk with one choice."""
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


def kind_of(value: object) -> str:
    """The kind of fault that a whole answer is."""
    with pytest.raises(AttemptError) as caught:
        answer(value)
    return caught.value.fault.kind


def test_a_whole_answer_is_asked_for() -> None:
    """Without `stream`, only model and messages are sent, to the endpoint's address."""
    request = CODEC.encode(call_to(URL, How(stream=False, model="gpt-x")))
    assert request.url == f"{URL}/chat/completions"
    assert json.loads(request.content) == {
        "model": "gpt-x",
        "messages": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": "What is six times seven, please?"},
        ],
    }


def test_a_stream_asks_for_its_usage() -> None:
    """A stream is asked for together with the usage at its end."""
    body = body_of(call_to(URL))
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


def test_sampling_is_sent_as_far_as_the_model_takes_it() -> None:
    """Parameters that the model does not take are left out; max_tokens has the model's spelling."""
    request = Request(QUESTION.messages, sampling=SAMPLING)
    everything = body_of(call_to(URL, request=request))
    assert {name: everything[name] for name in list(everything)[2:9]} == {
        "max_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.05,
        "stop": ["END"],
        "seed": 7,
    }
    how = How(
        stream=False,
        parameters=frozenset({"seed"}),
        max_tokens_parameter="max_completion_tokens",
    )
    assert list(body_of(call_to(URL, how, request))) == [
        "model",
        "messages",
        "max_completion_tokens",
        "seed",
    ]


@pytest.mark.parametrize("api", APIS)
def test_a_service_tier_is_asked_for(api: str) -> None:
    """The tier of the model is a field of the request; without one there is no such field."""
    call = call_to(URL, How(api=api))
    asked = call._replace(model=replace(call.model, service_tier="flex"))
    codec = open_codec(api)
    assert json.loads(codec.encode(asked).content)["service_tier"] == "flex"
    assert "service_tier" not in json.loads(codec.encode(call).content)


def test_a_prefix_is_the_assistant_having_begun() -> None:
    """Text to go on from is sent as what the assistant said last."""
    messages = body_of(call_to(URL, How(prefix="It is 4")))["messages"]
    assert isinstance(messages, list)
    assert messages[-1] == {"role": "assistant", "content": "It is 4"}


@pytest.mark.parametrize("value", ["", "a\tb", "a b"])
def test_legal_header_values_are_sent(value: str) -> None:
    """A value may be empty, and may hold tabs and spaces inside: RFC 9110, 5.5."""
    request = Request(QUESTION.messages, extra_headers={"X-A": value})
    assert CODEC.encode(call_to(URL, request=request)).headers == (("x-a", value),)


def test_extras_go_last() -> None:
    """`extra_body` overrides what llmroute wrote; `extra_headers` are sent in lower case."""
    request = Request(
        QUESTION.messages,
        sampling=SAMPLING,
        extra_body={"temperature": 2, "n": 1},
        extra_headers={"X-Team": "a b"},
    )
    written = CODEC.encode(call_to(URL, request=request))
    assert json.loads(written.content)["temperature"] == 2
    assert written.headers == (("x-team", "a b"),)


@pytest.mark.parametrize(
    ("body", "headers", "where"),
    [
        ({"a": object()}, {}, "extra_body"),
        ({"a": float("nan")}, {}, "extra_body"),
        ({}, {"Authorization": "Bearer x"}, "extra_headers"),
        ({}, {"HOST": "evil"}, "extra_headers"),
        ({}, {"content-length": "1"}, "extra_headers"),
        ({}, {"x": "a\r\nb: c"}, "extra_headers"),
        ({}, {"x y": "a"}, "extra_headers"),
        ({}, {"x": "\u00e9"}, "extra_headers"),
        ({}, {"x": " a"}, "extra_headers"),
        ({}, {"X-A": "1", "x-a": "1"}, "extra_headers"),
        *(({}, {name: "x"}, "extra_headers") for name in FRAMING),
    ],
)
def test_extras_that_cannot_be_sent_are_refused(
    body: dict[str, object], headers: dict[str, str], where: str
) -> None:
    """What is no JSON, no header, or not the caller's to set is refused by name."""
    request = Request(QUESTION.messages, extra_body=body, extra_headers=headers)
    with pytest.raises(RequestError) as caught:
        CODEC.encode(call_to(URL, request=request))
    assert caught.value.where == where
    assert repr(next(iter(body or headers))) in str(caught.value)


@pytest.mark.parametrize("name", OWNED)
def test_fields_with_an_owner_are_refused(name: str) -> None:
    """A field that llmroute writes itself is refused, with what to use instead."""
    request = Request(QUESTION.messages, extra_body={"n": 1, name: "x"})
    with pytest.raises(RequestError, match=f"extra_body: '{name}' may not be set") as caught:
        check_extras(request)
    assert caught.value.hint == RESERVED_FIELDS[name]


def test_fields_inside_and_tools_are_merged() -> None:
    """Only whole fields have an owner: tools, and what stands inside other fields, are added."""
    extra: dict[str, object] = {
        "tools": [{"type": "web_search"}],
        "options": {"system": "x", "contents": []},
    }
    body = CODEC.encode(call_to(URL, request=Request(QUESTION.messages, extra_body=extra))).content
    assert json.loads(body).items() >= extra.items()


def test_unusual_text_arrives_as_it_is() -> None:
    """Control characters and emoji survive the writing; a lone surrogate, no text, is replaced."""
    text = "a{}b\0\u2028\U0001f600"
    request = Request((Message.user(text.format("\ud800")), Message.system("\udfff")))
    for api, name in (("openai-chat", "messages"), ("openai-responses", "input")):
        call = call_to(URL, How(prefix="\udead"), request)
        written = json.loads(open_codec(api).encode(call).content)[name]
        assert [one["content"] for one in written] == [text.format("\ufffd"), "\ufffd", "\ufffd"]


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate in an answer, escaped or as bytes, never reaches the caller."""
    assert stream(part(content="a\ud83d"), part("stop"))[0] == Text("a\ufffd")
    assert stream(part(content="\ud83d\ude00"), part("stop"))[0] == Text("\U0001f600")
    assert answer(choice(content="\udc00b"))[0] == Text("\ufffdb")
    decoder = CODEC.decoder(call_to(URL), stream=False)
    raw = json.dumps(choice(content="a@b")).encode().replace(b"@", b"\xed\xa0\x80")
    assert [*decoder.feed(raw), *decoder.finish()][0] == Text("a\ufffd\ufffd\ufffdb")
    detail = {"type": "x", "\ud800": "\udc00", "text": "hm"}
    thought = answer(choice(reasoning_details=[detail]))
    kept = next(one for one in thought if isinstance(one, ReasoningEnd))
    assert "\ufffd" in kept.block.data.encode().decode()


def test_a_stream_becomes_events() -> None:
    """Content comes piece by piece, then the usage, then the end."""
    events = stream(*pieces(ASKED), *ending(ASKED))
    assert "".join(one.text for one in events if isinstance(one, Text)) == (
        "The answer is forty-two."
    )
    assert events[-2:] == [UsageReport(USAGE), End("stop")]


def test_a_whole_answer_folds_to_the_same_events() -> None:
    """A whole answer says what the stream says, in one piece."""
    decoder = CODEC.decoder(call_to(URL), stream=False)
    assert [*decoder.feed(whole(ASKED)), *decoder.finish()] == [
        Text("The answer is forty-two."),
        UsageReport(USAGE),
        End("stop"),
    ]


def test_a_stream_is_the_same_at_every_split() -> None:
    """However the network cuts a stream, the events are equal."""
    data = b"".join([*pieces(ASKED), *ending(ASKED)])
    events = stream(data)
    for first in range(len(data)):
        assert stream(data[:first], data[first:]) == events


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("content_filter", "content_filter"),
        ("eos", "stop"),
    ],
)
def test_finish_reasons(reason: str, expected: FinishReason) -> None:
    """Finish reasons have four names here; an unknown one still ends the answer."""
    assert answer(choice(reason, content="x"))[-1] == End(expected)
    assert stream(part(content="x"), part(reason))[-1] == End(expected)


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_a_finish_reason_may_say_that_it_broke(reason: str) -> None:
    """A server that says that it gave up has not answered."""
    assert kind_of(choice(reason, content="x")) == "cut_short"


def test_a_refusal_is_text_and_is_marked() -> None:
    """A refusal is shown, and the end says that it is one."""
    expected = [Text("I cannot."), End("stop", refused=True)]
    assert answer(choice(content=None, refusal="I cannot.")) == expected
    assert stream(part(refusal="I cannot."), part("stop")) == expected


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_told_apart(name: str) -> None:
    """Reasoning comes under two names and is no text; a server that sends both says it once."""
    events = stream(part(**{name: "hm"}), part(content="x"), part("stop"))
    assert events == [Reasoning("hm"), Text("x"), End("stop")]
    both = answer(choice(reasoning="hm", reasoning_content="hm", content="x"))
    assert sorted(map(str, both)) == sorted(map(str, [Reasoning("hm"), Text("x"), End("stop")]))


def test_tool_calls_come_in_parts() -> None:
    """Parts of tool calls keep their position, id, name and fragment of arguments."""
    first = {"index": 1, "id": "c1", "function": {"name": "f", "arguments": '{"a'}}
    second = {"index": 1, "function": {"arguments": '":1}'}}
    events = stream(part(tool_calls=[first]), part(tool_calls=[second]), part("tool_calls"))
    assert events == [
        ToolCallPart(1, "c1", "f", '{"a'),
        ToolCallPart(1, None, None, '":1}'),
        End("tool_calls"),
    ]


def test_null_content_is_an_empty_answer() -> None:
    """Null content with a finish reason is an empty text; without one it is no answer."""
    assert answer(choice(content=None)) == [End("stop")]
    assert kind_of(choice(None, content=None)) == "bad_response"


def test_only_the_first_choice_counts() -> None:
    """A second choice, asked for through extra_body, does not mix with the first."""
    both = [
        {"index": 1, "message": {"content": "b"}, "finish_reason": "length"},
        {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},
    ]
    assert answer({"choices": both}) == [Text("a"), End("stop")]


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([part(content="x")], "cut_short"),
        ([part(content="x"), b"data: [DONE]\n\n"], "cut_short"),
        ([b"data: [DONE]\n\n"], "cut_short"),
        ([b": ping\n\n"], "bad_response"),
        ([b"data: {\n\n"], "bad_response"),
        ([b"data: []\n\n"], "bad_response"),
        ([b"data: " + b"[" * 100_000 + b"\n\n"], "bad_response"),
        ([part(content=["x"])], "bad_response"),
        ([event({"choices": [7]})], "bad_response"),
        ([event({"choices": [{"delta": "x"}]})], "bad_response"),
        ([event({"id": "x"})], "bad_response"),
        ([event({"error": {"message": "x", "code": "rate_limit_exceeded"}})], "rate_limit"),
        ([event({"error": {"message": "x", "code": 429}})], "rate_limit"),
        ([event({"error": {"message": "x", "type": "server_error"}})], "server_error"),
        ([event({"error": "it broke"})], "server_error"),
        ([event({"object": "error", "message": "x", "code": 400})], "bad_request"),
    ],
)
def test_a_broken_stream_is_a_typed_error(chunks: list[bytes], kind: str) -> None:
    """What breaks the API's promise, or ends without a finish reason, is never an answer."""
    with pytest.raises(AttemptError) as caught:
        stream(*chunks)
    assert caught.value.fault.kind == kind


SHAPES: list[tuple[object, str]] = [
    ({}, "bad_response"),
    ([], "bad_response"),
    ("text", "bad_response"),
    ({"choices": []}, "bad_response"),
    ({"choices": None}, "bad_response"),
    ({"choices": {}}, "bad_response"),
    ({"choices": [{"message": [], "finish_reason": "stop"}]}, "bad_response"),
    ({"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]}, "bad_response"),
    ({"choices": [{"message": {"content": "x"}, "finish_reason": 7}]}, "bad_response"),
    (choice(content="x", tool_calls="y"), "bad_response"),
    ({"error": {"message": "x", "code": "insufficient_quota"}}, "quota_exhausted"),
    ({"error": {"message": "x"}}, "server_error"),
]


@pytest.mark.parametrize(("value", "kind"), SHAPES)
def test_an_answer_of_another_shape_is_a_typed_error(value: object, kind: str) -> None:
    """Every field of another type, and every missing one that matters, is a typed error."""
    assert kind_of(value) == kind


def test_missing_usage_is_not_made_up() -> None:
    """A server that reports no usage causes no UsageReport."""
    assert answer(choice(content="x")) == [Text("x"), End("stop")]
    assert answer(choice(content="x") | {"usage": None}) == [Text("x"), End("stop")]


@pytest.mark.parametrize(
    "usage",
    [
        [],
        [1],
        "3",
        {},
        {"total_tokens": 3},
        {"prompt_tokens": -1},
        {"prompt_tokens": "3"},
        {"prompt_tokens": 3.5},
        {"prompt_tokens": 1e400},
        {"prompt_tokens": 10**400},
        {"completion_tokens": True},
        {"prompt_tokens": 3, "prompt_tokens_details": []},
    ],
)
def test_malformed_usage_counts_as_missing(usage: object) -> None:
    """A good answer is not lost to a count that cannot be read."""
    assert answer(choice(content="x") | {"usage": usage}) == [Text("x"), End("stop")]
    last = event({"choices": [], "usage": usage})
    assert stream(part(content="x"), part("stop"), last) == [Text("x"), End("stop")]
    assert stream(last, part(content="x"), part("stop")) == [Text("x"), End("stop")]


def test_a_number_that_python_does_not_convert_counts_as_missing() -> None:
    """A count of 5,000 digits costs the usage, not the answer around it; bad JSON stays bad."""
    usage = {"prompt_tokens": 7, "completion_tokens": 1}
    digits = "9" * 5_000
    decoder = CODEC.decoder(call_to(URL), stream=False)
    text = json.dumps(choice(content="x") | {"usage": usage})
    seen = [*decoder.feed(text.replace("7", digits).encode()), *decoder.finish()]
    assert seen == [Text("x"), End("stop")]
    last = event({"choices": [], "usage": usage}).replace(b"7", digits.encode())
    assert stream(part(content="x"), part("stop"), last) == [Text("x"), End("stop")]
    with pytest.raises(AttemptError, match="is not JSON"):
        parse(f'{{"x": {digits}, ')


def test_whole_counts_may_have_a_point() -> None:
    """A number of tokens written as 3.0 is 3."""
    usage = {"prompt_tokens": 3.0, "completion_tokens": 2}
    assert UsageReport(Usage(3, 2)) in answer(choice(content="x") | {"usage": usage})


@pytest.mark.parametrize(
    ("told", "tier"), [("priority", "priority"), (None, None), (7, None), ("A b", None)]
)
def test_the_tier_that_an_answer_was_served_at(told: object, tier: str | None) -> None:
    """It comes with the usage, which it prices; what is no word names no tier."""
    end = {"usage": {"prompt_tokens": 3, "completion_tokens": 2}, "service_tier": told}
    report = UsageReport(Usage(3, 2), tier)
    assert report in answer(choice(content="x") | end)
    assert report in stream(part(content="x"), part("stop"), event({"choices": [], **end}))


BAD_ENDINGS = [
    event({"choices": [], "usage": {"prompt_tokens": "3"}}),
    event({"choices": 7}),
    b"data: {\n\n",
    b"data: []\n\n",
]


@pytest.mark.parametrize("bad", BAD_ENDINGS)
def test_after_the_finish_nothing_is_lost(bad: bytes) -> None:
    """What cannot be read after the finish reason takes neither content nor the usage along."""
    usage = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    data = part(content="Pay 1") + part(content="00 euros") + part("stop") + bad + usage
    expected = [Text("Pay 1"), Text("00 euros"), UsageReport(Usage(3, 2)), End("stop")]
    for first in range(len(data)):
        assert stream(data[:first], data[first:]) == expected


@pytest.mark.parametrize(
    ("late", "kind"),
    [
        ([part(content=7)], "bad_response"),
        ([part(content=" and more")], "cut_short"),
        ([part(content=" and more"), b"data: {\n\n"], "bad_response"),
        ([b"data: {\n\n", part("stop", content=" and more")], "bad_response"),
        ([part("error")], "cut_short"),
        ([event({"error": {"message": "late"}})], "server_error"),
        ([part(tool_calls=[{"index": 0, "function": {"name": "f"}}])], "cut_short"),
    ],
)
def test_an_answer_that_goes_on_after_its_finish_must_end_again(
    late: list[bytes], kind: str
) -> None:
    """Some servers give each piece a finish reason: what breaks between two is not left out."""
    with pytest.raises(AttemptError) as caught:
        stream(part("stop", content="Pay 1"), *late)
    assert caught.value.fault.kind == kind
    assert stream(part("stop", content="Pay 1"), part("length", content="00")) == [
        *(Text("Pay 1"), Text("00"), End("length")),
    ]


@pytest.mark.parametrize("bad", BAD_ENDINGS[1:])
def test_before_the_finish_a_bad_event_is_an_error(bad: bytes) -> None:
    """Content that came with a bad event is yielded before the error, at every split."""
    data = part(content="Pay 1") + part(content="00 euros") + bad + part("stop")
    for first in range(len(data)):
        decoder = CODEC.decoder(call_to(URL), stream=True)
        seen: list[ProviderEvent] = []
        with pytest.raises(AttemptError):
            seen.extend(
                one for chunk in (data[:first], data[first:]) for one in decoder.feed(chunk)
            )
        assert seen == [Text("Pay 1"), Text("00 euros")]
