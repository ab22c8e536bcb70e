"""What a sound server says on each wire: whole answers, and streams piece by piece."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .asked import WORDS, Asked, Saying, event
from .native_wires import Gemini, Messages
from .openai_wires import Chat, Responses

if TYPE_CHECKING:
    from .asked import Wire

__all__ = ["WIRES", "WORDS", "Asked", "Saying", "ending", "event", "pieces", "response_of", "whole"]

WIRES: dict[str, Wire] = {
    "chat": Chat(),
    "responses": Responses(),
    "messages": Messages(),
    "gemini": Gemini(),
}


def wire_of(asked: Asked) -> Wire:
    """Choose how to speak."""
    return WIRES[asked.api]


def pieces(asked: Asked, words: tuple[str, ...] = WORDS) -> list[bytes]:
    """Write the content of a stream: an opening event, then one event per word."""
    wire = wire_of(asked)
    return [wire.opening(asked), *(wire.word(asked, word) for word in words)]


def ending(
    asked: Asked,
    text: str = "".join(WORDS),
    *,
    finish_reason: str = "stop",
    usage: bool = True,
) -> list[bytes]:
    """Write the end of a stream that said `text`."""
    return wire_of(asked).ending(asked, Saying(text, finish_reason, usage=usage))


def response_of(asked: Asked, text: str, *, finish_reason: str = "stop") -> dict[str, object]:
    """Write a whole response of the Responses API."""
    return WIRES["responses"].whole(asked, Saying(text, finish_reason))


def whole(asked: Asked, text: str | None = None, *, finish_reason: str = "stop") -> bytes:
    """Write a whole answer."""
    saying = Saying("".join(WORDS) if text is None else text, finish_reason)
    return json.dumps(wire_of(asked).whole(asked, saying)).encode()
