"""The output items of a response: each said once, in pieces or whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import Reasoning, ReasoningEnd, Text, ToolCallPart
from llmroute.types.messages import ReasoningBlock

from ..shapes import count_at, objects_at, text_at
from .kept import keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.events import ProviderEvent

    from ..shapes import Json

BETWEEN_PARTS = "\n\n"
"""What stands between two parts of a summary, as people read it."""


class Items:
    """Says what the items hold that was not said before."""

    def __init__(self) -> None:
        """Begin an answer."""
        self.refused = False
        self._said: list[str] = []  # messages that are done
        self._saying: list[str] = []  # text of the message under way
        self._thinking = False  # whether thoughts came since the last reasoning item was done
        self._thought = 0  # reasoning items that are done
        self._positions: dict[str, int] = {}  # of calls, by their ids and their items' ids
        self._argued: dict[int, list[str]] = {}  # by position: the arguments of a call
        self._named: set[int] = set()  # positions of calls that began
        self._last = 0
        self._next = 0

    @property
    def asked(self) -> bool:
        """Whether any tool was asked for."""
        return bool(self._argued)

    @property
    def spoke(self) -> bool:
        """Whether any text came in pieces, or any tool was asked for."""
        return any(self._said) or any(self._saying) or self.asked

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

    def place(self, part: Json) -> int:
        """The position of the call that an event is about."""
        known = self._positions.get(f"item {text_at(part, 'item_id')}")
        if known is not None:
            return known
        return self._last if part.get("output_index") is None else count_at(part, "output_index")

    def argue(self, position: int, fragment: str) -> list[ProviderEvent]:
        """Take a fragment of a call's arguments."""
        if not fragment:
            return []
        self._argued.setdefault(position, []).append(fragment)
        self._next = max(self._next, position + 1)
        return [ToolCallPart(position, None, None, fragment)]

    def settle(self, position: int, arguments: str) -> list[ProviderEvent]:
        """Take the arguments of a call whole: what of them did not come in pieces."""
        return self.argue(position, self._unargued(position, arguments))

    def _unargued(self, position: int, arguments: str) -> str:
        told = "".join(self._argued.get(position, []))
        return "" if _same(told, arguments) else _new(arguments, told)

    def begin(self, position: int, item: Json) -> list[ProviderEvent]:
        """Take an item that is added: of a call its id and name, of others nothing yet."""
        if item.get("type") != "function_call" or self._known(item) is not None:
            return []
        return self._call(position, item, "")

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
        Raises AttemptError "cut_short" when what was said is not how the output begins.
        """
        late = bool(self._said or self._saying or self._argued)
        events: list[ProviderEvent] = []
        unsaid = self._unsaid(output)
        for position, item in enumerate(output):
            match text_at(item, "type"):
                case "message":
                    events += next(unsaid)
                case "reasoning":
                    events += self._again(item, late=late)
                case _:
                    events += self.take(position, item)
        return events

    def _unsaid(self, output: list[Json]) -> Iterator[list[ProviderEvent]]:
        """For each message what of its text was not said; those that are done were compared."""
        texts = [self._text(item) for item in output if text_at(item, "type") == "message"]
        done = len(self._said)
        whole = "".join(texts[done:])
        told = len(whole) - len(_new(whole, "".join(self._saying)))
        yield from ([] for _ in texts[:done])
        for text in texts[done:]:
            yield [Text(text[told:])] if text[told:] else []
            told = max(0, told - len(text))

    def _message(self, item: Json) -> list[ProviderEvent]:
        events = self.say(_new(self._text(item), "".join(self._saying)))
        self._said.append("".join(self._saying))
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
        arguments = text_at(item, "arguments")
        known = self._known(item)
        if known is None and position in self._named and not _names(item):
            known = position
        if known is not None:
            return self.settle(known, arguments)
        return self._call(position, item, arguments)

    def _known(self, item: Json) -> int | None:
        """The position of a call that began, by its id or its item's."""
        found = (self._positions.get(name) for name in _names(item))
        return next((one for one in found if one is not None), None)

    def _call(self, position: int, item: Json, arguments: str) -> list[ProviderEvent]:
        if position in self._named:  # the server does not number its items
            position = self._next
        if self._argued.get(position):  # they came before the call began
            arguments = self._unargued(position, arguments)
        self._argued.setdefault(position, []).append(arguments)
        self._named.add(position)
        self._positions |= dict.fromkeys(_names(item), position)
        self._last = position
        self._next = max(self._next, position + 1)
        call_id, name = text_at(item, "call_id"), text_at(item, "name")
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


def _names(item: Json) -> list[str]:
    """What a call is known by."""
    found = {"call": text_at(item, "call_id"), "item": text_at(item, "id")}
    return [f"{kind} {name}" for kind, name in found.items() if name]


def _same(one: str, other: str) -> bool:
    """Whether two arguments mean the same, however they are spaced."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False


def _new(text: str, told: str) -> str:
    """What of `text` goes beyond `told`; raises AttemptError "cut_short" if they are at odds.

    Blanks at the end do not count, nor does an item that does not repeat its text.
    """
    if text.startswith(told):
        return text[len(told) :]
    if text and text.rstrip() != told.rstrip():
        raise AttemptError("cut_short", "pieces of the answer were lost")
    return ""
