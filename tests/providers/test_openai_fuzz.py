"""Damaged answers: whatever bytes come, only a typed error or an answer comes out.

`$FUZZ_EXAMPLES` sets how many are tried; a hundred thousand take some minutes.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.errors import AttemptError
from llmroute.flow.outcome import judge
from llmroute.flow.running import Running
from llmroute.providers import open_codec
from llmroute.providers.sse import SseReader
from llmroute.types.events import (
    End,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallPart,
    UsageReport,
)
from tests.providers.calls import APIS, How, call_to
from tests.providers.openai_calls import EXAMPLES

if TYPE_CHECKING:
    from llmroute.types.events import (
        ProviderEvent,
    )

URL = "https://api.example.com/v1"
FOLDER = Path(__file__).parent / "recorded" / "openai"
WHOLE = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.json"))}
STREAMS = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.sse"))}
KINDS = (Text, Reasoning, ReasoningEnd, ToolCallPart, UsageReport, End)
CALLS = {
    (api, stream): call_to(URL, How(api=api, stream=stream))
    for api in APIS
    for stream in (False, True)
}

NOTHING: list[object] = []
EMPTY: dict[str, object] = {}
PLAIN: tuple[object, ...] = (None, True, False, 0, 1, -1, 1.5, 10**20, "", "x", "\ud800")
SCALARS: list[object] = [*PLAIN, NOTHING, [1], EMPTY, {"type": "text"}]
DIALECTS: list[object] = [
    {"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}},
    {"function": {"arguments": "{"}},
    [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}],
    [{"type": "reasoning.text", "text": "hm", "index": 0}],
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "reasoning", "id": "r", "encrypted_content": "x", "summary": [{"text": "a"}]},
    {"google": {"thought_signature": "x"}},
]
values = st.sampled_from([*SCALARS, *DIALECTS])
NAMES = (
    *("content", "reasoning", "reasoning_details", "tool_calls", "function_call", "refusal"),
    *("finish_reason", "usage", "error", "choices", "delta", "message", "index", "id", "type"),
    *("output", "item", "response", "status", "output_index", "extra_content", "arguments"),
)


def damaged(draw: st.DrawFn, node: object, depth: int = 0) -> object:
    """Change one place of a JSON value: another value, a field more, a field less."""
    if isinstance(node, dict) and node and draw(st.integers(0, 7)) < 7 - depth:
        fields = dict(cast("dict[str, object]", node))
        name = draw(st.sampled_from(sorted(fields)))
        fields[name] = damaged(draw, fields[name], depth + 1)
        return fields
    if isinstance(node, list) and node and draw(st.integers(0, 7)) < 7 - depth:
        items = list(cast("list[object]", node))
        at = draw(st.integers(0, len(items) - 1))
        items[at] = damaged(draw, items[at], depth + 1)
        return items
    if isinstance(node, dict):
        return {**cast("dict[str, object]", node), draw(st.sampled_from(NAMES)): draw(values)}
    return draw(values)


@st.composite
def wholes(draw: st.DrawFn) -> bytes:
    """A whole answer, damaged in up to three places."""
    value: object = json.loads(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(0, 3))):
        value = damaged(draw, value)
    return json.dumps(value).encode()


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream whose events are damaged, lost, said twice or out of order."""
    events = STREAMS[draw(st.sampled_from(sorted(STREAMS)))].split(b"\n\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(events) - 1))
        head, found, data = events[at].partition(b"data: {")
        match draw(st.sampled_from(["change", "lose", "repeat", "move"])):
            case "change" if found:
                value = damaged(draw, json.loads(b"{" + data))
                events[at] = head + b"data: " + json.dumps(value).encode()
            case "lose" if len(events) > 1:
                del events[at]
            case "repeat":
                events.insert(at, events[at])
            case _:
                events.append(events.pop(at))
    return b"\n\n".join(events)


@st.composite
def torn(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of which some are changed, lost or added."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        end = at + draw(st.integers(0, 5))
        data[at:end] = draw(st.binary(max_size=5))
    return bytes(data)


def answer_to(api: str, data: bytes, cut: int, *, stream: bool) -> None:
    """Decode `data` in two pieces, and put the answer together as the flow does."""
    call = CALLS[api, stream]
    decoder = open_codec(api).decoder(call, stream=stream)
    running = Running(1, 0, call.model, 0.0)
    try:
        events: list[ProviderEvent] = [*decoder.feed(data[:cut]), *decoder.feed(data[cut:])]
        events += decoder.finish()
        assert all(isinstance(one, KINDS) for one in events)
        for event in events:
            if isinstance(event, Text | Reasoning | ReasoningEnd | ToolCallPart):
                running.take(0.0, event)
        end = events[-1]
        assert isinstance(end, End)
        text = "".join(str(part) for part in judge(running, end, None).parts)
    except AttemptError:
        return
    text.encode()  # no lone surrogate


@given(st.sampled_from(APIS), wholes() | torn(wholes()), st.integers(0, 4096))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_damaged_answer(api: str, data: bytes, cut: int) -> None:
    """Whatever a whole answer holds, it is an answer or a typed error."""
    answer_to(api, data, cut, stream=False)


@given(st.sampled_from(APIS), streams() | torn(streams()), st.integers(0, 4096))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_damaged_stream(api: str, data: bytes, cut: int) -> None:
    """Whatever a stream holds, it is an answer or a typed error."""
    answer_to(api, data, cut, stream=True)


@given(torn(streams()) | st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=4))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_torn_stream_reads_the_same_at_every_cut(data: bytes, cuts: list[int]) -> None:
    """However a stream is cut, the reader sees the same events, and raises nothing else."""
    places = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    whole = list(SseReader(1 << 20).feed(data))
    reader = SseReader(1 << 20)
    pieces = [data[one:other] for one, other in itertools.pairwise(places)]
    assert [event for piece in pieces for event in reader.feed(piece)] == whole
    with contextlib.suppress(AttemptError):
        list(SseReader(64).feed(data))
