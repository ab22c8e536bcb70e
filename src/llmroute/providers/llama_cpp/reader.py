"""Bounded reads of a GGUF file: the format is that of ggml-org/ggml, docs/gguf.md.

Every count and size is bounded, since the file may be truncated or made to harm.
"""

from __future__ import annotations

import os
import struct
from typing import IO, NoReturn

from llmroute.errors import AttemptError

MAX_TEXT_BYTES = 4 * 1024 * 1024
MAX_ELEMENTS = 8_000_000
MAX_KEPT = 512
"""Numbers of an array that is read and not skipped: one for each layer."""
COUNT_BYTES = 8
STRING, ARRAY = 8, 9
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
Scalar = int | float | bool | str
Value = Scalar | tuple[int | float, ...] | tuple[bytes, ...]
"""Of arrays, short ones of numbers are kept, and texts where they are asked for; else ()."""


def refuse(path: str, what: str) -> NoReturn:
    """Raise the typed error for a file that cannot be a model."""
    raise AttemptError("model_file", f"{path}: {what}") from None


class Reader:
    """Bounded little-endian reads; whatever ends too soon or makes no sense is an AttemptError."""

    def __init__(self, path: str, file: IO[bytes], size: int) -> None:
        """Begin at the start of `file`, which has `size` bytes."""
        self.path = path
        self.file = file
        self.left = size
        self.elements = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count > self.left:
            refuse(self.path, "the header is truncated; download the file again")
        self.left -= count
        data = self.file.read(count)
        if len(data) != count:  # it shrank meanwhile
            refuse(self.path, "the header is truncated; download the file again")
        return data

    def skip(self, count: int) -> None:
        """Leave `count` bytes out."""
        if count > self.left:
            refuse(self.path, "the header is truncated; download the file again")
        self.left -= count
        self.file.seek(count, os.SEEK_CUR)

    def number(self, code: str) -> Scalar:
        """One number; `code` is that of `struct`."""
        value: Scalar = struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]
        return value

    def count(self, limit: int, what: str) -> int:
        """A count of `what`, which may not be above `limit`."""
        (value,) = struct.unpack("<Q", self.take(8))
        if value > limit:
            refuse(self.path, f"the header is damaged: {value} {what}, at most {limit} make sense")
        return int(value)

    def text(self, limit: int, what: str) -> str:
        """A text of at most `limit` bytes."""
        return self.take(self.count(limit, what)).decode("utf-8", "replace")

    def value(self, kind: int, *, texts: bool) -> Value:
        """One value; `texts` keeps the elements of an array of texts."""
        if kind == STRING:
            return self.text(MAX_TEXT_BYTES, "bytes of text")
        if kind == ARRAY:
            return self.array(texts=texts)
        code = SCALARS.get(kind)
        if code is None:
            refuse(self.path, f"the header is damaged: {kind} is no type of value")
        return self.number(code)

    def array(self, *, texts: bool) -> tuple[int | float, ...] | tuple[bytes, ...]:
        """An array; its elements, if they are kept."""
        (kind,) = struct.unpack("<I", self.take(4))
        count = self.count(MAX_ELEMENTS - self.elements, "array elements")
        self.elements += count
        code = SCALARS.get(kind)
        if code is not None and count <= MAX_KEPT:
            return struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize(code)))
        if code is not None:
            self.skip(count * struct.calcsize(code))
        elif kind == STRING:
            found = self.texts(count)
            return tuple(found) if texts else ()
        else:
            refuse(self.path, f"the header is damaged: {kind} is no type of array element")
        return ()

    def texts(self, count: int) -> list[bytes]:
        """An array of texts; of 260,000 in large vocabularies, so this is the hot loop."""
        read, unpack, left = self.file.read, struct.Struct("<Q").unpack, self.left
        found: list[bytes] = []
        for _ in range(count):
            size_bytes = read(COUNT_BYTES)
            size = unpack(size_bytes)[0] if len(size_bytes) == COUNT_BYTES else left
            left -= COUNT_BYTES + size
            if left < 0:
                refuse(self.path, "the header is truncated; download the file again")
            found.append(read(size))
        self.left = left
        return found
