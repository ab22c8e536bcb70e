"""What the fault server was asked for, and what an answer shall say, whatever the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = ("The ", "answer ", "is ", "forty", "-two", ".")
Json = dict[str, object]
NONE: list[Json] = []


class Asked(NamedTuple):
    """What was asked for: "chat", "responses", "messages" or "gemini", a stream or not, options."""

    api: str
    stream: bool
    model: str
    options: dict[str, str]

    def number(self, name: str, otherwise: float) -> float:
        """Read an option, `stall;after=2`."""
        return float(self.options.get(name, otherwise))


class Saying(NamedTuple):
    """What a whole answer says, how it ends, and whether it tells what was used."""

    text: str = "".join(WORDS)
    finish_reason: str = "stop"
    thoughts: str = ""
    usage: bool = True


class Wire(Protocol):
    """How one API says things."""

    errors: ClassVar[Mapping[str, tuple[int, Json]]]
    """Status and body of what it refuses, by name."""

    def opening(self, asked: Asked) -> bytes:
        """Write how a stream begins, before any content."""
        ...

    def word(self, asked: Asked, text: str) -> bytes:
        """Write a piece of a stream."""
        ...

    def thought(self, text: str) -> bytes:
        """Write a piece of reasoning."""
        ...

    def nothing(self, asked: Asked) -> bytes:
        """Write an event that keeps the connection alive and says nothing."""
        ...

    def ending(self, asked: Asked, saying: Saying) -> list[bytes]:
        """Write the end of a stream: what says that it is whole, and what may follow."""
        ...

    def whole(self, asked: Asked, saying: Saying) -> Json:
        """Write a whole answer."""
        ...

    def error(self, status: int, message: str) -> Json:
        """Write the body of an error that has no name of its own."""
        ...

    def broken(self, message: str) -> bytes:
        """Write an error inside a stream."""
        ...


def event(data: object, name: str = "") -> bytes:
    """Write one server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()
