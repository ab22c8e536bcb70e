"""The output items of a response: each said once, in pieces or whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.events import Reasoning, ReasoningEnd, Text, ToolCallPart
from llmroute.types.messages import ReasoningBlock

from ..shapes import objects_at, text_at
from .kept import keep

if TYPE_CHECKING:
    from llmroute.types.events import ProviderEvent

    from ..shapes import Json

BETWEEN_PARTS = "\n\n"
"""What stands between two parts of a summary, as people read it."""


class Items:
    """Says what the items hold that was not said before."""

    def __init__(self) -> None:
        """Begin an answer."""
        self.refused = False
        self._said: list[str] = []  # text of messages that are done
        self._saying: list[str] = []  # text of the message under way
        self._thinking = False  # whether thoughts came since the last reasoning item was done
        self._thought = 0  # reasoning items that are done
        self._positions: dict[str, int] = {}  # of calls, by their id
        self._argued: dict[int, bool] = {}  # by position: whether the arguments of a call came
        self._next = 0

    @property
    def asked(self) -> bool:
        """Whether any tool was asked for."""
        return bool(self._argued)

    def say(self, text: str) -> list[ProviderEvent]:
        """Take a piece of text."""
        if not text:
            return []
        self._saying.append(text)
        return [Text(text)]

    def refuse(self, text: str) -> list[ProviderEvent]:
        """Take a piece of a refusal."""
        self.refused = True
        return self.say(text)

    def think(self, text: str) -> list[ProviderEvent]:
        """Take a piece of a thought."""
        self._thinking = self._thinking or bool(text)
        return [Reasoning(text)] if text else []

    def think_on(self, part: int) -> list[ProviderEvent]:
        """Begin another part of a summary."""
        return [Reasoning(BETWEEN_PARTS)] if part and self._thinking else []

    def argue(self, position: int, fragment: str) -> list[ProviderEvent]:
        """Take a fragment of a call's arguments."""
        if not fragment:
            return []
        self._argued[position] = True
        self._next = max(self._next, position + 1)
        return [ToolCallPart(position, None, None, fragment)]

    def settle(self, position: int, arguments: str) -> list[ProviderEvent]:
        """Take the arguments of a call whole, if they did not come in pieces."""
        return [] if self._argued.get(position) else self.argue(position, arguments)

    def begin(self, position: int, item: Json) -> list[ProviderEvent]:
        """Take an item that is added: of a call its id and name, of others nothing yet."""
        return self._call(position, item, "") if item.get("type") == "function_call" else []

    def take(self, position: int, item: Json) -> list[ProviderEvent]:
        """Take an item that is done: what of it was not said."""
        match text_at(item, "type"):
            case "message":
                return self._message(item)
            case "function_call":
                return self._called(position, item)
            case "reasoning":
                return self._reasoned(item)
            case _:
                return []

    def rest(self, output: list[Json]) -> list[ProviderEvent]:
        """Take the output of a response that is complete: what of it was not said.

        A reasoning item that comes after what it led to is left out: it would not be taken back.
        """
        late = bool(self._said or self._saying or self._argued)
        events: list[ProviderEvent] = []
        told = "".join(self._said + self._saying)
        for position, item in enumerate(output):
            match text_at(item, "type"):
                case "message":
                    text = self._text(item)
                    new = _new(text, told)
                    told = told[len(text) :]
                    events += [Text(new)] if new else []
                case "reasoning":
                    events += self._again(item, late=late)
                case _:
                    events += self.take(position, item)
        return events

    def _message(self, item: Json) -> list[ProviderEvent]:
        events = self.say(_new(self._text(item), "".join(self._saying)))
        self._said += self._saying
        self._saying = []
        return events

    def _text(self, item: Json) -> str:
        """The text of a message, its refusals included."""
        texts: list[str] = []
        for piece in objects_at(item, "content"):
            match text_at(piece, "type"):
                case "output_text":
                    texts.append(text_at(piece, "text"))
                case "refusal":
                    self.refused = True
                    texts.append(text_at(piece, "refusal"))
                case _:
                    pass
        return "".join(texts)

    def _called(self, position: int, item: Json) -> list[ProviderEvent]:
        known = self._positions.get(text_at(item, "call_id"))
        arguments = text_at(item, "arguments")
        if known is not None:
            return self.settle(known, arguments)
        return self._call(self._next if position in self._argued else position, item, arguments)

    def _call(self, position: int, item: Json, arguments: str) -> list[ProviderEvent]:
        call_id, name = text_at(item, "call_id"), text_at(item, "name")
        self._positions[call_id] = position
        self._argued[position] = bool(arguments)
        self._next = max(self._next, position + 1)
        return [ToolCallPart(position, call_id or None, name or None, arguments)]

    def _reasoned(self, item: Json) -> list[ProviderEvent]:
        """Thoughts that did not come in pieces, and the block that goes back."""
        texts = [text_at(one, "text") for one in objects_at(item, "summary")]
        text = BETWEEN_PARTS.join(texts)
        thought = text or "".join(text_at(one, "text") for one in objects_at(item, "content"))
        events = [] if self._thinking else self.think(thought)
        self._thinking = False
        self._thought += 1
        encrypted = text_at(item, "encrypted_content")
        if not encrypted:
            return events
        data = keep({"id": text_at(item, "id"), "encrypted_content": encrypted})
        return [*events, ReasoningEnd(ReasoningBlock(text, data=data))]

    def _again(self, item: Json, *, late: bool) -> list[ProviderEvent]:
        if self._thought:
            self._thought -= 1
            return []
        events = self._reasoned(item)
        self._thought -= 1
        return [one for one in events if not late or not isinstance(one, ReasoningEnd)]


def _new(text: str, told: str) -> str:
    """What of `text` goes beyond `told`; nothing where the two are at odds."""
    return text[len(told) :] if text.startswith(told) else ""
