"""Tool calls of chat completions as they come in: whose piece is it?

The API numbers the calls of an answer. Servers that speak it leave the number out, give every call
the number 0, or a piece of one call a new id; so the id and the name tell calls apart, too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.types.events import ToolCallPart

from ..shapes import bad, count_at, object_at, sound, text_at
from .kept import keep

if TYPE_CHECKING:
    from ..shapes import Json


def says(piece: Json) -> bool:
    """Whether a piece says anything: one that is empty keeps the connection alive, no more."""
    function = object_at(piece, "function")
    told = (piece.get("id"), function.get("name"), piece.get("extra_content"))
    return any(told) or function.get("arguments") not in (None, "")


class CallPieces:
    """Gives each piece the position of its call."""

    def __init__(self) -> None:
        """Begin an answer."""
        self._ids: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._positions: dict[str, int] = {}
        self._numbered: dict[int, int] = {}
        self._last = 0
        self._next = 0

    def __bool__(self) -> bool:
        """Whether any call came."""
        return bool(self._ids)

    def part(self, piece: Json) -> ToolCallPart:
        """Take a piece; raises AttemptError "bad_response"."""
        function = object_at(piece, "function")
        call_id, name = text_at(piece, "id"), text_at(function, "name")
        if piece.get("index") is None:
            position = self._unnumbered(call_id, name)
        else:
            position = self._at(count_at(piece, "index"), call_id, name)
        known = self._ids.get(position)
        if not known:
            self._ids[position] = call_id
            self._positions[call_id] = position
        if name:
            self._names[position] = name
        self._last = position
        self._next = max(self._next, position + 1)
        return ToolCallPart(
            position,
            None if known else call_id or None,
            name or None,
            _arguments(function),
            _signature(piece),
        )

    def _at(self, index: int, call_id: str, name: str) -> int:
        """The position of the call that `index` numbers; another id and name: another call.

        So is another name where ids are missing.
        """
        position = self._numbered.get(index, index)
        known = self._ids.get(position)
        if self._another(position, call_id, name) or (
            known is not None and index not in self._numbered
        ):
            position = self._next
        self._numbered[index] = position
        return position

    def _another(self, position: int, call_id: str, name: str) -> bool:
        """Whether a name with this id is that of another call than the one at `position`."""
        known = self._ids.get(position)
        if known and call_id:
            return bool(name) and call_id != known
        return bool(name) and name != self._names.get(position, name)

    def _unnumbered(self, call_id: str, name: str) -> int:
        """The position of the call that has this id; without a known one, a name begins a call."""
        if call_id and call_id in self._positions:
            return self._positions[call_id]
        return self._next if name or not self._ids else self._last


def _signature(piece: Json) -> str | None:
    """What Gemini wants back with the call."""
    extra = object_at(piece, "extra_content")
    return keep({"extra_content": extra}) if extra else None


def _arguments(function: Json) -> str:
    """A fragment of JSON; some servers send the arguments as the object that they are."""
    value = function.get("arguments")
    if value is None:
        return ""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, dict):
        return sound(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    raise bad("the answer's 'arguments' are neither a string nor an object")
