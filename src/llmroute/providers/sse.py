"""Server-sent events, read as the standard says (WHATWG HTML, section 9.2.6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END = re.compile(rb"\r\n?|\n")
_PLAIN = re.compile(rb"(?:event: ([^\n]+)\n)?data: ([^\n]*)")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class SseEvent(NamedTuple):
    """One event; `name` is "message" unless the stream says otherwise."""

    name: str
    data: str


class SseReader:
    """Cuts a stream of bytes into events, wherever the network cut it into chunks.

    An event that the end of the stream cuts off is never returned, as the standard wants it. `id`
    and `retry` are for clients that connect again, and say nothing here.
    """

    def __init__(self, event_bytes: int) -> None:
        """Take events of at most `event_bytes`, comments and other lines between them included."""
        self._limit = event_bytes
        self._first = True
        self._between = False  # whether the next byte begins an event
        self._skip_newline = False  # the last chunk ended in CR, perhaps of a CRLF
        self._line = bytearray()  # the line that the last chunk cut off
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Yield the events that `chunk` completes; raises AttemptError "too_long" after them."""
        short = self._between and chunk.endswith(b"\n\n") and len(chunk) <= self._limit
        if not short or b"\r" in chunk:
            yield from self._slow(chunk)
            return
        for block in chunk[:-2].split(b"\n\n"):  # as nearly every provider writes it
            if plain := _PLAIN.fullmatch(block):
                name, data = plain.groups()
                named = name.decode("utf-8", "replace") if name else "message"
                yield SseEvent(named, data.decode("utf-8", "replace"))
            else:
                yield from self._slow(block + b"\n\n")

    def _slow(self, chunk: bytes) -> Iterator[SseEvent]:
        for line in self._lines(chunk):
            if line:
                self._field(line)
            else:
                if self._data:
                    yield SseEvent(self._name or "message", "\n".join(self._data))
                    self._data = []
                self._name = ""
                self._size = 0
        self._between = not (self._line or self._size or self._skip_newline or self._first)

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            return
        start = 1 if self._skip_newline and chunk.startswith(b"\n") else 0
        self._skip_newline = chunk.endswith(b"\r")
        for end in _LINE_END.finditer(chunk, start):
            line = chunk[start : end.start()]
            if self._line:
                line = bytes(self._line) + line
                self._line.clear()
            self._measure(len(line))
            if self._first:
                self._first = False
                line = line.removeprefix(_BYTE_ORDER_MARK)
            yield line
            start = end.end()
        self._line += chunk[start:]
        self._measure(0)

    def _field(self, line: bytes) -> None:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value

    def _measure(self, more: int) -> None:
        self._size += more
        if self._size + len(self._line) > self._limit:
            raise AttemptError("too_long", f"an event of the stream exceeds {self._limit} bytes")
