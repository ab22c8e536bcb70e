"""Calls of tools in a conversation: each answered right behind it, by id and name as wires want."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING

from llmroute.types.frozen import replace
from llmroute.types.messages import Message, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Sequence

ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What OpenAI (40 characters at most) and Anthropic (these characters) both take."""
SHORT_ID = re.compile(r"[A-Za-z0-9]{9}")
UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
"""Names of tools, as OpenAI and Anthropic both take them."""
UNANSWERED = "No result was given."


def paired(messages: Sequence[Message], *, short: bool) -> tuple[Message, ...]:
    """Put the results of each turn's calls right behind it, all in one message, in their order.

    A call that nobody answered gets a result that says so; a result of no call becomes text of the
    user. Ids that the wire does not take, or that came before, are replaced; `short` ones have nine
    letters or digits. Names that the wire does not take are made to fit, alike in call and result.
    """
    ids = _Ids(short=short)
    done: list[Message] = []
    results = _Results(messages)
    for at, message in enumerate(messages):
        if message.role == "tool":
            done += results.left_at(at)
        elif not message.tool_calls:
            done.append(message)
        else:
            new = {call.id: ids.fit(call.id) for call in message.tool_calls}
            asked = _renamed(message, new)
            found = [results.take(call, at) for call in message.tool_calls]
            pairs = zip(asked.tool_calls, found, strict=True)
            done += [asked, Message("tool", tuple(_answer(call, one) for call, one in pairs))]
    return tuple(done)


def _renamed(message: Message, new: dict[str, str]) -> Message:
    parts = (
        replace(part, id=new[part.id], name=fit_name(part.name))
        if isinstance(part, ToolCall)
        else part
        for part in message.parts
    )
    return replace(message, parts=tuple(parts))


def _answer(call: ToolCall, result: ToolResult) -> ToolResult:
    """The result under id and name of its call, whatever it was called before."""
    return replace(result, call_id=call.id, name=call.name)


def fit_name(name: str) -> str:
    """A tool's name in the letters and the length that wires take; one that fits stays."""
    return UNNAMEABLE.sub("_", name)[:LONGEST_NAME] or "_"


class _Results:
    """The results of a conversation, each to be taken once."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._by_call: dict[str, deque[tuple[int, int]]] = {}
        self._left: list[dict[int, ToolResult]] = []  # by message, then by place in it
        for at, message in enumerate(messages):
            results = enumerate(message.parts)
            found = {index: part for index, part in results if isinstance(part, ToolResult)}
            self._left.append(found)
            for index, part in found.items():
                self._by_call.setdefault(part.call_id, deque()).append((at, index))

    def take(self, call: ToolCall, after: int) -> ToolResult:
        """Take the first result of `call` that comes behind message number `after`."""
        places = self._by_call.get(call.id, deque())
        while places:
            at, index = places.popleft()  # what lies before it is never asked for again
            if at > after:
                return self._left[at].pop(index)
        return ToolResult(call.id, call.name, UNANSWERED, is_error=True)

    def left_at(self, at: int) -> list[Message]:
        """What of message number `at` answers no call, as text."""
        left = [Message("user", (spoken_result(one),)) for one in self._left[at].values()]
        self._left[at] = {}
        return left


class _Ids:
    """Ids that a wire takes, each given out once."""

    def __init__(self, *, short: bool) -> None:
        self._form = SHORT_ID if short else ID
        self._given: set[str] = set()
        self._number = 0

    def fit(self, wanted: str) -> str:
        """`wanted` if it will do, else another."""
        if not self._form.fullmatch(wanted) or wanted in self._given:
            wanted = self._made()
        self._given.add(wanted)
        return wanted

    def _made(self) -> str:
        self._number = max(self._number, len(self._given))
        while (made := f"call{self._number:05d}") in self._given:
            self._number += 1
        return made


def spoken_call(call: ToolCall) -> str:
    """A call as text, for models that know no tools."""
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return f"[asked the tool {call.name}: {arguments}]"


def spoken_result(result: ToolResult) -> str:
    """A result as text, likewise."""
    verb = "failed" if result.is_error else "answered"
    return f"[the tool {result.name} {verb}: {result.content}]"
