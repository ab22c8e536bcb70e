"""Compressed answers, which nobody asked for, taken apart within bounds."""

from __future__ import annotations

import zlib

from llmroute.errors import AttemptError

_AUTO = zlib.MAX_WBITS + 32  # gzip or zlib, by the header
_PART_BYTES = 1024 * 1024  # zlib needs twice what it gives out at once


class Plain:
    """An answer that is not compressed."""

    def __init__(self, room_bytes: int) -> None:
        """Let at most `room_bytes` through."""
        self._room = self._limit = room_bytes

    def feed(self, data: bytes) -> bytes:
        """Return the decoded bytes; raises AttemptError "too_long" when they are too many."""
        self._room -= len(data)
        if self._room < 0:
            raise AttemptError("too_long", f"the answer exceeds {self._limit} bytes")
        return data


class Inflate(Plain):
    """A gzip or deflate answer; it is never expanded beyond the room there is."""

    def __init__(self, room_bytes: int) -> None:
        """Let at most `room_bytes` through."""
        super().__init__(room_bytes)
        self._engine = zlib.decompressobj(_AUTO)

    def feed(self, data: bytes) -> bytes:
        """Return the decoded bytes; raises AttemptError "too_long" or "bad_response"."""
        parts: list[bytes] = []
        full = False  # the engine may hold more, also when all of the data is in it
        try:
            while data or full:
                part = self._engine.decompress(data, _PART_BYTES)
                parts.append(super().feed(part))
                data = self._engine.unconsumed_tail
                full = len(part) == _PART_BYTES
                if self._engine.eof:  # a file may be several, one after the other
                    data, full = self._engine.unused_data, False
                    self._engine = zlib.decompressobj(_AUTO)
        except zlib.error:
            raise AttemptError("bad_response", "the answer's compression is broken") from None
        return b"".join(parts)


def inflater(encoding: str, room_bytes: int) -> Plain:
    """Choose by Content-Encoding; raises AttemptError "bad_response" for an unknown one."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return Plain(room_bytes)
    if name in {"gzip", "x-gzip", "deflate"}:
        return Inflate(room_bytes)
    raise AttemptError("bad_response", "the answer is compressed in a way that was not asked for")
