"""Calls of tools, told apart from an answer's text while it comes in.

Text is held back only while it may be the beginning of a call. Three ways of writing calls are
read: <tool_call>{"name": ..., "arguments": {...}}</tool_call> anywhere; an answer that is nothing
but such JSON, or several of it; and the same with "parameters", or with "tool" for the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.events import Progress, Text, ToolCallPart

from .answer import overlap
from .written_calls import MOST_HELD, calls_alone, calls_in_tag, may_be_call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from llmroute.types.events import ProviderEvent

    from .written_calls import Call

OPEN, CLOSE = "<tool_call>", "</tool_call>"


class CallFinder:
    """Tells text from calls of the tools named `names`; `found` counts the calls.

    `first` is the number of the first call's id. What is taken but not shown yet is `Progress`.
    """

    def __init__(self, names: AbstractSet[str], first: int = 1) -> None:
        """Begin at the beginning of an answer; without names everything is text."""
        self._names = names
        self._first = first
        self._held = _Held()
        self._gap: str = ""
        self._said = self._beside = False
        self._mode = "alone" if names else "plain"
        self.found = 0

    def feed(self, text: str) -> Iterator[ProviderEvent]:
        """Take a piece of the answer; give what it is sure to be."""
        if self._mode == "plain":
            yield Text(text)
            return
        events: list[ProviderEvent] = []
        left: str | None = text
        while left is not None:
            left = self._read(left, events)
        yield from events or (Progress(),)

    def _read(self, text: str, events: list[ProviderEvent]) -> str | None:
        """Read on until another way of reading is due; returns what is left for it."""
        if self._mode == "alone":
            return self._alone(text)
        if self._mode == "tag":
            return self._in_tag(text, events)
        return self._in_text(text, events)

    def _alone(self, text: str) -> str | None:
        """Hold what may be an answer of nothing but calls."""
        if self._held.add(text) and not may_be_call(self._held.head, self._names, tagged=False):
            self._mode = "text"
            return self._held.release()
        return None

    def _in_text(self, text: str, events: list[ProviderEvent]) -> str | None:
        """Give text up to where a tag opens.

        White space is held back until something follows it: beside a tag it is no text.
        """
        text = self._gap + text
        if self._beside:
            text = text.lstrip()
            self._beside = not text
        before, opened, rest = text.partition(OPEN)
        sure = before if opened else before[: len(before) - overlap(before, OPEN)]
        shown = sure.rstrip()
        if len(sure) - len(shown) > MOST_HELD:
            shown = sure
        self._gap = before[len(shown) :]
        self._say(shown, events)
        if opened:
            self._mode = "tag"
        return rest if opened else None

    def _in_tag(self, text: str, events: list[ProviderEvent]) -> str | None:
        """Hold what may be a call until its tag is closed; in prose it has to be an offered one."""
        names = self._names if self._said else None
        if self._held.add(text) and not may_be_call(self._held.head, names, tagged=True):
            self._mode = "text"
            self._say(self._gap + OPEN, events)
            self._gap = ""
            return self._held.release()
        if not self._held.closed:
            return None
        body, _, after = self._held.release().partition(CLOSE)
        self._mode = "text"
        calls = calls_in_tag(body, names)
        if calls:
            events += map(self._part, calls)
        else:
            self._say(f"{self._gap}{OPEN}{body}{CLOSE}", events)
        self._gap, self._beside = "", bool(calls)
        return after

    def _say(self, text: str, events: list[ProviderEvent]) -> None:
        if text:
            self._said = True
            events.append(Text(text))

    def _part(self, call: Call) -> ToolCallPart:
        at = self.found
        self.found += 1
        return ToolCallPart(at, f"call_{self._first + at}", call.name, call.arguments)

    def finish(self) -> Iterator[ProviderEvent]:
        """The answer is complete; give what was held back.

        A tag need not be closed: in some vocabularies its end is a token that is not written out.
        """
        held, gap = self._held.release(), self._gap
        calls: Iterable[Call] = ()
        if self._mode == "alone":
            calls = calls_alone(held, self._names)
        elif self._mode == "tag":
            calls = calls_in_tag(held, self._names if self._said else None)
            held = f"{OPEN}{held}"
        yield from map(self._part, calls)
        rest = "" if calls else gap + held
        if rest and (rest.strip() or not self.found):
            yield Text(rest)


class _Held:
    """Text that is held back: its pieces, how it begins, and whether a closing tag is in it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._tail = self.head = ""
        self.closed = False

    def add(self, text: str) -> bool:
        """Hold a piece, too; returns whether the beginning has changed by it."""
        self._pieces.append(text)
        ending = self._tail + text
        self.closed = self.closed or CLOSE in ending
        self._tail = ending[-len(CLOSE) :]
        short = len(self.head) <= MOST_HELD
        if short:
            self.head = (self.head + text)[: MOST_HELD + 1]
        return short

    def release(self) -> str:
        """Hold nothing any more; returns what was held."""
        text = "".join(self._pieces)
        self._pieces = []
        self._tail = self.head = ""
        self.closed = False
        return text
