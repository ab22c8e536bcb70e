"""The reader of server-sent events, against the standard and at every split."""

from __future__ import annotations

import pytest

from llmroute.errors import AttemptError
from llmroute.providers.sse import SseEvent, SseReader

# (stream, events): the examples of the standard, and what real servers send.
STREAMS: list[tuple[bytes, list[SseEvent]]] = [
    (b"data: one\n\ndata: two\n\n", [SseEvent("message", "one"), SseEvent("message", "two")]),
    (b"data: a\r\n\r\ndata: b\r\n\r\n", [SseEvent("message", "a"), SseEvent("message", "b")]),
    (b"data: a\r\rdata: b\r\r", [SseEvent("message", "a"), SseEvent("message", "b")]),
    (b"data: a\r\n\ndata: b\n\r\n", [SseEvent("message", "a"), SseEvent("message", "b")]),
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [SseEvent("message", "YHOO\n+2\n10")]),
    (b": test stream\n\ndata: x\nid: 1\n\ndata:y\nid\n\n", [
        SseEvent("message", "x"), SseEvent("message", "y"),
    ]),
    (b"data\n\ndata\ndata\n\ndata:", [SseEvent("message", ""), SseEvent("message", "\n")]),
    (b"data:test\n\ndata: test\n\ndata:  test\n\n", [
        SseEvent("message", "test"), SseEvent("message", "test"), SseEvent("message", " test"),
    ]),
    (b"event: add\ndata: 1\n\nevent: add\n\ndata: 2\n\n", [
        SseEvent("add", "1"), SseEvent("message", "2"),
    ]),
    (b"\xef\xbb\xbfdata: bom\n\ndata: \xef\xbb\xbf\n\n", [
        SseEvent("message", "bom"), SseEvent("message", "\ufeff"),
    ]),
    (b"data: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\n", [
        SseEvent("message", "\xe9\u20ac\U0001f600"),
    ]),
    (b"data: bad \xff utf-8\n\n", [SseEvent("message", "bad \ufffd utf-8")]),
    (b": ping\n\n: ping\n\n\n\n\n", []),
    (b"retry: 10\nunknown: x\nDATA: no\n\ndata: yes\n\n", [SseEvent("message", "yes")]),
    (b"data: whole\n\ndata: cut off\n", [SseEvent("message", "whole")]),
    (b'data: {"a": "b:c"}\n\n\ndata: z\n\n', [
        SseEvent("message", '{"a": "b:c"}'), SseEvent("message", "z"),
    ]),
]  # fmt: skip


def read(*chunks: bytes) -> list[SseEvent]:
    """Read a stream that comes in these chunks."""
    reader = SseReader(1000)
    return [event for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_events_are_the_same_at_every_split(stream: bytes, events: list[SseEvent]) -> None:
    """However the network cuts a stream, in two, in three or byte by byte, its events are equal."""
    assert read(stream) == events
    assert read(*(bytes([byte]) for byte in stream)) == events
    for first in range(len(stream) + 1):
        assert read(stream[:first], stream[first:]) == events
        for second in range(first, len(stream) + 1):
            assert read(stream[:first], stream[first:second], stream[second:]) == events


@pytest.mark.parametrize(("stream", "events"), [one for one in STREAMS if one[0][:1] != b"\xef"])
def test_the_short_cut_reads_the_same(stream: bytes, events: list[SseEvent]) -> None:
    """A stream reads the same from its second event on, where the short cut is open."""
    for split in range(len(stream) + 1):
        chunks = (b"data: 0\n\n", stream[:split], b"", stream[split:])
        assert read(*chunks) == [SseEvent("message", "0"), *events]


def test_id_and_retry_say_nothing() -> None:
    """Lines for clients that connect again are ignored, however long their numbers are."""
    retry = b"retry: " + b"9" * 5000 + b"\n"
    reader = SseReader(10_000)
    assert list(reader.feed(b"id: 7\n" + retry + b"data: x\n\n")) == [SseEvent("message", "x")]
    assert list(reader.feed(retry + b"\ndata: y\n\n")) == [SseEvent("message", "y")]


def test_what_came_before_a_break_is_read() -> None:
    """An event that is too long does not take those before it along."""
    seen: list[SseEvent] = []
    with pytest.raises(AttemptError):
        seen.extend(SseReader(10).feed(b"data: a\n\ndata: b\n\ndata: " + b"x" * 20))
    assert seen == [SseEvent("message", "a"), SseEvent("message", "b")]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 1001 + b"\n\n"],
        [b"data: a\n\n", b"data: " + b"x" * 1001 + b"\n\n"],
        [b"data: " + b"x" * 600, b"x" * 600],
        [b"data: " + b"x" * 400 + b"\n"] * 3,
        [b": " + b"x" * 2000],
    ],
)
def test_an_event_is_bounded(chunks: list[bytes]) -> None:
    """An event larger than the limit ends the stream before it is whole, however it is made."""
    with pytest.raises(AttemptError) as caught:
        read(*chunks)
    assert caught.value.fault.kind == "too_long"


@pytest.mark.parametrize("line", [b": ", b"retry: ", b"event: ", b"data: "])
def test_every_line_counts_at_every_split(line: bytes) -> None:
    """A line of any kind that exceeds the limit does so whether it comes whole or in pieces."""
    stream = line + b"x" * 1001 + b"\n\ndata: y\n\n"
    for split in (0, 500, 1005, len(stream)):
        with pytest.raises(AttemptError, match="too_long"):
            read(stream[:split], stream[split:])
    short = line + b"x" * 900 + b"\n\n"
    assert read(*[short] * 3, b"data: y\n\n")[-1] == SseEvent("message", "y")


def test_many_events_in_one_chunk_are_no_large_event() -> None:
    """The limit counts a single event, not what the network delivers at once."""
    assert len(read(b"data: 12345\n\n" * 500)) == 500
