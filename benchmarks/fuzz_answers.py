"""What a provider may answer, damaged: streams, whole answers, and the headers that ask to wait.

For each answer: the error is an AttemptError, or the events are those of the contract, their texts
can be encoded, and are not larger than a small multiple of what came in. Cut into other pieces, the
same bytes give the same events and the same error. No error holds the key or the prompt, which some
answers repeat.
"""

from __future__ import annotations

import json
import zlib
from array import array
from base64 import b64encode
from dataclasses import replace
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from benchmarks.fuzz_damage import BYTES, Pool, damaged, damaged_stream, split, torn
from llmroute.errors import AttemptError
from llmroute.flow.outcome import judge
from llmroute.flow.running import Running
from llmroute.health.admission import Permit
from llmroute.providers import HTTP_APIS, open_codec
from llmroute.providers.answers import Head
from llmroute.providers.failures import LONGEST_WAIT_S
from llmroute.providers.http_provider import HttpProvider
from llmroute.providers.transport import Transport
from llmroute.testing import VirtualClock
from llmroute.types.calls import Cancel, Timer
from llmroute.types.events import (
    End,
    Opened,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallPart,
    UsageReport,
    Vectors,
)
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.requests import Request
from tests.providers.calls import KEY, How, call_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from llmroute.providers.budget import Budget
    from llmroute.providers.wire import HttpRequest
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault

RECORDED = Path(__file__).parent.parent / "tests" / "providers" / "recorded"
URL = "https://api.example.com/v1"
PROMPT = "canary prompt: the combination is 17-4-36, left twice"
MARK = "canary"
"""A word of the key that no error may hold."""
RUN = 16
"""So many letters and digits of the prompt no error may hold, in whatever spelling."""
KINDS = (Opened, Text, Reasoning, ReasoningEnd, ToolCallPart, UsageReport, Vectors, End)
NO_STREAM = frozenset({"openai-embeddings"})
APIS_OF = {"anthropic": "anthropic-messages", "gemini": "gemini"}
"""The API of a recorded folder; any other is OpenAI's."""

ECHOES: tuple[object, ...] = (
    *(KEY, PROMPT, f"Incorrect API key provided: {KEY}.", f"You asked: {PROMPT}", PROMPT.upper()),
    {"error": {"message": f"{KEY} {PROMPT}", "code": KEY, "type": PROMPT}},
    {"error": {"code": 401, "message": KEY, "status": KEY, "details": [{"reason": PROMPT}]}},
    {"message": PROMPT, "code": KEY[:20], "type": "invalid_request_error"},
)
SCALARS: tuple[object, ...] = (
    *(None, True, False, 0, 1, -1, 1.5, 10**20, -(10**400), 1e308, float("nan"), float("inf")),
    *("", " ", "x", "\ud800", "\udc00\ud83d", "\0", "\u2028", "{", "[DONE]", "stop", "error"),
    *("tool_calls", "content_filter", "length", "text", "message_stop", "response.completed"),
)
DIALECTS: tuple[object, ...] = (
    *json.loads('[[], [1], [[]], {}, [{}], {"type": "text"}, [null], {"": ""}]'),
    {"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}},
    {"function": {"arguments": "{"}},
    {"index": 10**9, "function": {"name": "f"}},
    [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}],
    [{"type": "reasoning.text", "text": "hm", "index": 0}],
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "reasoning", "id": "r", "encrypted_content": "x", "summary": [{"text": "a"}]},
    {"google": {"thought_signature": "x"}},
    {"functionCall": {"name": "f", "args": {"a": [1]}}, "thoughtSignature": "x"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
    {"prompt_tokens": 1e9, "completion_tokens": -1, "input_tokens": 3.0, "output_tokens": "3"},
)
NAMES = (
    *("content", "reasoning", "reasoning_content", "reasoning_details", "tool_calls", "refusal"),
    *("function_call", "finish_reason", "usage", "error", "choices", "delta", "message", "index"),
    *(
        "id",
        "type",
        "output",
        "item",
        "response",
        "status",
        "output_index",
        "extra_content",
        "code",
    ),
    *("arguments", "candidates", "parts", "text", "thought", "promptFeedback", "stop_reason"),
    *(
        "content_block",
        "usageMetadata",
        "details",
        "data",
        "embedding",
        "object",
        "",
        "\ud800",
        MARK,
    ),
)
POOL = Pool((*SCALARS, *SCALARS, *DIALECTS, *ECHOES), NAMES)
FAILURES: tuple[object, ...] = (
    {"error": {"message": "m", "type": "invalid_request_error", "param": None, "code": "c"}},
    {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": []}},
    {"error": "m"},
    {"detail": [{"loc": ["body"], "msg": "m"}]},
    {"type": "error", "error": {"type": "overloaded_error", "message": "m"}},
    {"object": "error", "message": "m", "code": 40001},
    [{"error": {"code": 400, "message": "m", "details": [{"retryDelay": "34.07s"}]}}],
)
STATUSES = (400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 501, 503, 529, 599)


class Sent(NamedTuple):
    """An answer: what it is sent for, its head, and its bytes in pieces."""

    api: str
    stream: bool
    limits: Limits
    head: Head
    pieces: list[bytes]
    exact: bool
    """Whether other pieces must give the same events, and not only an answer or a typed error."""


class Canned:
    """An engine, and an answer of it, that sends what it is told to."""

    def __init__(self) -> None:
        """Begin without an answer."""
        self.head = Head(200, {})
        self.pieces: Sequence[bytes] = ()

    def send(self, request: HttpRequest, budget: Budget, /) -> Canned:
        """Answer."""
        del request, budget
        return self

    def chunks(self) -> Iterator[bytes]:
        """The body."""
        yield from self.pieces

    def close(self) -> None:
        """Do nothing."""


class Outcome(NamedTuple):
    """What came of an answer."""

    events: list[ProviderEvent]
    fault: Fault | None
    told: str
    """All that may be printed of the error."""


class Answers:
    """Answers of every API."""

    def __init__(self, *, stream: bool) -> None:
        """Stream, or whole answers."""
        self._stream = stream
        suffix = "sse" if stream else "json"
        self._samples = [
            (_api_of(path), path.read_bytes()) for path in sorted(RECORDED.glob(f"*/*.{suffix}"))
        ]
        if not stream:
            self._samples += [("openai-embeddings", body) for body in _embeddings()]

    def made(self, chance: Random) -> Sent:
        """Make an answer; one in ten comes for another API than was asked."""
        api, data = chance.choice(self._samples)
        head = Head(200, {"content-type": self._kind(chance)})
        if not self._stream and chance.random() < 0.3:
            head, data = _failure(chance, data)
        if chance.random() < 0.1:
            api = chance.choice([one for one in HTTP_APIS if one not in NO_STREAM])
        if chance.random() < 0.8:
            data = self._damaged(chance, data)
        if chance.random() < 0.4:
            data = torn(chance, data)
        limits = Limits()
        if chance.random() < 0.2:
            limits = replace(limits, event_bytes=chance.choice([16, 200, 2000]))
        exact = True
        if chance.random() < 0.1:
            exact = False
            limits = replace(limits, body_bytes=chance.choice([1, 100, 1000]))
        if chance.random() < 0.05:
            exact = False
            encoding = chance.choice(["gzip", "deflate", "br", "GZIP "])
            head = head._replace(headers={**head.headers, "content-encoding": encoding})
            data = zlib.compress(data, wbits=chance.choice([15, 31]))
            data = torn(chance, data) if chance.random() < 0.5 else data
        return Sent(api, self._stream, limits, head, split(chance, data), exact)

    def _kind(self, chance: Random) -> str:
        if chance.random() < 0.9:
            return "text/event-stream" if self._stream else "application/json; charset=utf-8"
        return chance.choice(["", "application/json", "text/event-stream", "text/html", "\xff;"])

    def _damaged(self, chance: Random, data: bytes) -> bytes:
        if self._stream:
            return damaged_stream(chance, data, POOL)
        try:
            value: object = json.loads(data)
        except ValueError:
            return data
        for _ in range(chance.randrange(1, 4)):
            value = damaged(chance, value, POOL)
        return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode(
            "utf-8", "surrogatepass"
        )

    def tried(self, made: object) -> str:
        """Read it in its pieces, and as one."""
        sent = cast("Sent", made)
        whole = b"".join(sent.pieces)
        size = sent.limits.body_bytes if "content-encoding" in sent.head.headers else len(whole)
        outcome, other = read(sent, sent.pieces), read(sent, [whole])
        _check(outcome, size)
        _check(other, size)
        if sent.exact:
            assert _same(outcome.events, other.events), "other events when cut into other pieces"
            assert outcome.fault == other.fault, "another error when cut into other pieces"
        return "answer" if outcome.fault is None else outcome.fault.kind


def _same(events: Sequence[ProviderEvent], others: Sequence[ProviderEvent]) -> bool:
    """Whether they are equal; vectors are compared as they are shown, since NaN equals nothing."""
    if events == others:
        return True
    shown = [[str(one) for one in some if isinstance(one, Vectors)] for some in (events, others)]
    rest = [[one for one in some if not isinstance(one, Vectors)] for some in (events, others)]
    return shown[0] == shown[1] and rest[0] == rest[1]


def _api_of(path: Path) -> str:
    if path.name.startswith("responses"):
        return "openai-responses"
    return APIS_OF.get(path.parent.name, "openai-chat")


def _embeddings() -> list[bytes]:
    vector = [0.5, -0.25, 1.0]
    written = b64encode(array("f", vector).tobytes()).decode()
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    return [
        json.dumps({"data": [{"index": 0, "embedding": one}], "usage": usage}).encode()
        for one in (vector, written)
    ]


def _failure(chance: Random, recorded: bytes) -> tuple[Head, bytes]:
    """An answer with another status than a good one."""
    body = json.dumps(chance.choice(FAILURES)).encode()
    if chance.random() < 0.2:
        body = chance.choice([recorded, b"", b"<html>502</html>"])
    status = chance.choice([*STATUSES, chance.randrange(201, 600)])
    return Head(status, dict(chance.choice(HEADERS_SEEN))), body


@cache
def _opened(api: str) -> tuple[HttpProvider, Canned]:
    """A provider over a canned engine."""
    engine = Canned()
    return HttpProvider(open_codec(api), Transport(engine=engine)), engine


@cache
def _call(api: str, stream: bool) -> Call:
    """A call whose prompt and key must not come out, at a time that stands still."""
    asked = Request((Message.system("Be terse."), Message.user(PROMPT)))
    if api in NO_STREAM:
        asked = Request((), texts=(PROMPT,))
    call = call_to(URL, How(api=api, stream=stream), asked)
    return call._replace(clock=VirtualClock(), deadline_at=1e6, timer=Timer(1e6))


def read(sent: Sent, pieces: Sequence[bytes]) -> Outcome:
    """Read the answer as a client would, in these pieces."""
    provider, engine = _opened(sent.api)
    engine.head, engine.pieces = sent.head, pieces
    call = _call(sent.api, sent.stream)._replace(limits=sent.limits, cancel=Cancel())
    events: list[ProviderEvent] = []
    try:
        events.extend(provider.events(call))
        _put_together(call, events)
    except AttemptError as error:
        told = f"{error} {error!r} {error.fault!r} {error.__cause__!r} {error.__context__!r}"
        return Outcome(events, error.fault, told)
    assert isinstance(events[-1], End), "no end"
    return Outcome(events, None, "")


def _put_together(call: Call, events: Sequence[ProviderEvent]) -> None:
    """Put the answer together as the flow does; raises AttemptError."""
    running = Running(1, 0, Permit(call.model, 0.0), 0.0)
    for event in events:
        if isinstance(event, Text | Reasoning | ReasoningEnd | ToolCallPart | Vectors):
            running.take(0.0, event, 1)
    end = events[-1]
    assert isinstance(end, End), "no end"
    for part in judge(running, end, call.request if call.request.texts else None).parts:
        str(part).encode()


def _said_bytes(event: ProviderEvent) -> int:
    """The size of what an event says; raises UnicodeEncodeError for what has no encoding."""
    if isinstance(event, ReasoningEnd):
        return len(f"{event.block.text}{event.block.data or ''}".encode())
    return sum(len(field.encode()) for field in event if isinstance(field, str))


def _check(outcome: Outcome, size: int) -> None:
    assert all(isinstance(one, KINDS) for one in outcome.events), "no event of the contract"
    assert len(outcome.events) <= size + 10, "more events than bytes"
    said = sum(map(_said_bytes, outcome.events))
    assert said <= 10 * size + 1000, "more was said than came in"
    assert MARK not in outcome.told, "an error holds the key"
    letters = _letters(outcome.told)
    assert not any(run in letters for run in RUNS), "an error holds the prompt"


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


RUNS = {_letters(PROMPT)[at : at + RUN] for at in range(len(_letters(PROMPT)) - RUN + 1)}


DATE = "Thu, 26 Nov 2026 12:00:00 GMT"
DATE_S = 1_795_694_400
HEADERS_SEEN: tuple[Mapping[str, str], ...] = (
    {},
    {"retry-after": "20"},
    {"retry-after-ms": "1500", "retry-after": "2"},
    {"retry-after": "Thu, 26 Nov 2026 12:00:30 GMT", "date": DATE},
    {"retry-after": "1", "x-should-retry": "true"},
    {"x-should-retry": "false"},
)
WORDS = (
    *("0", "1", "20", "3600", "99999999999", "1e3", "1.5", "-1", "+1", "1_000", "\u0661", "\u00b2"),
    *("nan", "inf", "0x10", "1,5", "5s", "5 s", "soon", "null", "true", DATE, "GMT", "-0000"),
    *("Thu, 26 Nov 2026 12:00:30", "Thursday, 26-Nov-26 12:00:30 GMT", "2026-11-26T12:00:30Z"),
    *("Thu Nov 26 12:00:30 2026", "26 Nov 0000 00:00:00 GMT", "31 Dec 9999 23:59:59 -2359"),
    *("9" * 400, " ", ",", ":", "(", "\x00", "\xff", "\t", "Nov", "99", "61:61:61", "+9999"),
)


class Headers(NamedTuple):
    """Headers, and how many seconds they ask for; None where the maker does not know."""

    headers: dict[str, str]
    expected_s: float | None = None


class RetryAfter:
    """Headers that ask to wait."""

    def made(self, chance: Random) -> Headers:
        """Make headers: some are known to be right, most are damaged."""
        seconds = chance.choice([0, 1, chance.randrange(3600), chance.randrange(10**8)])
        match chance.randrange(10):
            case 0:
                return Headers({"retry-after": f" {seconds} "}, seconds)
            case 1:
                return Headers({"retry-after-ms": str(seconds), "retry-after": "7"}, seconds / 1000)
            case 2:
                until = formatdate(DATE_S + seconds, usegmt=True)
                return Headers({"retry-after": until, "date": DATE}, seconds)
            case 3:
                return Headers({"retry-after": f"-{seconds + 1}"}, -1.0)
            case _:
                names = chance.sample(["retry-after", "retry-after-ms", "date"], 2)
                return Headers({name: _header(chance) for name in names})

    def tried(self, made: object) -> str:
        """Read them by way of an answer with status 429."""
        headers, expected_s = cast("Headers", made)
        sent = Sent("openai-chat", False, Limits(), Head(429, headers), [], exact=True)  # noqa: FBT003
        outcome = read(sent, [b'{"error": {"message": "m"}}'])
        assert outcome.fault is not None, "a status of 429 without an error"
        wait_s = outcome.fault.remedy.wait_s
        assert wait_s is None or 0.0 <= wait_s <= LONGEST_WAIT_S, "a wait that is none"
        if expected_s is not None:
            known_s = None if expected_s < 0 else min(expected_s, LONGEST_WAIT_S)
            assert wait_s == known_s, "not the wait that was asked for"
        return "nothing" if wait_s is None else "a wait"


def _header(chance: Random) -> str:
    """A header's value: words that occur in some, joined and torn."""
    words = [chance.choice(WORDS) for _ in range(chance.choice([1, 1, 2, 5]))]
    if chance.random() < 0.4:
        words = formatdate(DATE_S + chance.randrange(-(10**9), 10**9), usegmt=True).split(" ")
        words[chance.randrange(len(words))] = chance.choice(WORDS)
    text = chance.choice([" ", "", "-"]).join(words)
    return (
        torn(chance, text.encode(), BYTES[:10]).decode("latin-1") if chance.random() < 0.5 else text
    )


def streams() -> Answers:
    """Make the target of streams."""
    return Answers(stream=True)


def whole_answers() -> Answers:
    """Make the target of whole answers."""
    return Answers(stream=False)


def retry_after() -> RetryAfter:
    """Make the target of headers that ask to wait."""
    return RetryAfter()
