"""Reasoning in answers of chat completions: no part of the API, so each server has its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.events import Reasoning, ReasoningEnd, Text
from llmroute.types.messages import ReasoningBlock

from ..shapes import objects_at, text_at
from .kept import keep

if TYPE_CHECKING:
    from llmroute.types.events import ProviderEvent

    from ..shapes import Json

GROWING = ("text", "summary", "data")
"""Fields of a detail that a stream sends in pieces."""


class Thoughts:
    """What the model thinks, for people, and the `reasoning_details` that its server wants back.

    Details: https://openrouter.ai/docs/use-cases/reasoning-tokens
    """

    def __init__(self) -> None:
        """Begin an answer."""
        self._details: list[Json] = []
        self._growing: list[dict[str, list[str]]] = []
        self._text: list[str] = []

    def take(self, content: Json) -> list[ProviderEvent]:
        """Take a message, or a piece of one; a server that says a thought twice is heard once."""
        details = objects_at(content, "reasoning_details")
        for detail in details:
            self._keep(detail)
        said = text_at(content, "reasoning_content") or text_at(content, "reasoning")
        if not said:
            said = "".join(text_at(one, "text") or text_at(one, "summary") for one in details)
        if not said:
            return []
        self._text.append(said)
        return [Reasoning(said)]

    def end(self) -> list[ProviderEvent]:
        """What goes back with the next turn; nothing for servers that want nothing back."""
        if not self._details:
            return []
        details = [
            detail | {name: "".join(pieces) for name, pieces in growing.items()}
            for detail, growing in zip(self._details, self._growing, strict=True)
        ]
        data = keep({"reasoning_details": details})
        return [ReasoningEnd(ReasoningBlock("".join(self._text), data=data))]

    def _keep(self, detail: Json) -> None:
        """Join a piece with the one before, if it goes on with the same detail."""
        same = ("type", "index")
        last = self._details[-1] if self._details else None
        if last is None or any(last.get(name) != detail.get(name) for name in same):
            self._details.append({})
            self._growing.append({})
        for name, value in detail.items():
            if name in GROWING:
                self._growing[-1].setdefault(name, []).append(text_at(detail, name))
            elif value is not None:
                self._details[-1][name] = value


def pieces_of(content: Json) -> list[ProviderEvent]:
    """Take content that is a list of parts, text and thoughts, as Mistral writes it.

    https://docs.mistral.ai/capabilities/reasoning
    """
    events: list[ProviderEvent] = []
    for piece in objects_at(content, "content"):
        match text_at(piece, "type"):
            case "text":
                events.append(Text(text_at(piece, "text")))
            case "thinking":
                events.append(Reasoning(_thought(piece)))
            case _:  # a reference, a picture
                pass
    return [one for one in events if isinstance(one, Text | Reasoning) and one.text]


def _thought(piece: Json) -> str:
    if isinstance(piece.get("thinking"), str):
        return text_at(piece, "thinking")
    return "".join(text_at(one, "text") for one in objects_at(piece, "thinking"))
