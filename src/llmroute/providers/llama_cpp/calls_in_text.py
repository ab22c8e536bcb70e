"""Calls of tools, told apart from an answer's text while it comes in.

Text is held back only while it may be the beginning of a call. Three ways of writing calls are
read: <tool_call>{"name": ..., "arguments": {...}}</tool_call> anywhere; an answer that is nothing
but such JSON, or several of it; and the same with "parameters", or with "tool" for the name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.types.events import Text, ToolCallPart

from .answer import overlap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from llmroute.types.events import ProviderEvent

OPEN, CLOSE = "<tool_call>", "</tool_call>"
FENCE = r"(?:```(?:json)?\s*)?"
KEYS = ("name", "tool", "function", "type", "id", "arguments", "parameters")
MAY_BE_CALL = re.compile(rf'\s*{FENCE}\[?\s*\{{\s*"(?:{"|".join(KEYS)})"', re.DOTALL)
BEGINNING = re.compile(r'\s*(?:`{0,3}|```j?s?o?n?\s*)?\[?\s*(?:\{\s*(?:"[a-z]*)?)?\Z')
NAMED = re.compile(r'"(?:name|tool)"\s*:\s*"([^"\\]{1,64})"')


class Call(NamedTuple):
    """A call that was found: the tool's name, and its arguments as JSON."""

    name: str
    arguments: str


class CallFinder:
    """Tells text from calls of the tools named `names`; `found` counts the calls.

    `first` is the number of the first call's id.
    """

    def __init__(self, names: AbstractSet[str], first: int = 1) -> None:
        """Begin at the beginning of an answer; without names everything is text."""
        self._names = names
        self._first = first
        self._held = ""
        self._mode = "start" if names else "plain"
        self.found = 0

    def feed(self, text: str) -> Iterator[ProviderEvent]:
        """Take a piece of the answer; give what it is sure to be."""
        if self._mode == "plain":
            yield Text(text)
            return
        self._held += text
        if self._mode == "start":
            self._mode = self._begun()
        if self._mode == "text":
            yield from self._tagged()

    def _begun(self) -> str:
        if MAY_BE_CALL.match(self._held):
            return "json"
        return "start" if BEGINNING.match(self._held) else "text"

    def _tagged(self) -> Iterator[ProviderEvent]:
        """Give text up to where a tag opens, and the calls between tags.

        White space is held back until something follows it: beside a tag it is no text.
        """
        while True:
            before, opened, rest = self._held.partition(OPEN)
            body, closed, after = rest.partition(CLOSE)
            sure = before if opened else before[: len(before) - overlap(before, OPEN)]
            shown = sure.rstrip()
            if shown:
                yield Text(shown)
            if not closed:
                self._held = self._held[len(sure if opened else shown) :]
                return
            yield from self._tag(body)
            self._held = after.lstrip()

    def _tag(self, body: str) -> Iterator[ProviderEvent]:
        calls = [one for value in _values(body)[0] for one in _calls(value)]
        name = NAMED.search(body)
        if not calls and name:  # no JSON: whoever judges the answer says so
            calls = [Call(name[1], body.strip())]
        if not calls:
            yield Text(f"{OPEN}{body}{CLOSE}")
        yield from map(self._part, calls)

    def _part(self, call: Call) -> ToolCallPart:
        at = self.found
        self.found += 1
        return ToolCallPart(at, f"call_{self._first + at}", call.name, call.arguments)

    def finish(self) -> Iterator[ProviderEvent]:
        """The answer is complete; give what was held back."""
        rest, self._held = self._held, ""
        calls = self._calls_alone(rest)
        yield from map(self._part, calls)
        if not calls and rest and (rest.strip() or not self.found):
            yield Text(rest)

    def _calls_alone(self, text: str) -> list[Call]:
        """The calls that `text` consists of; none when it is anything else.

        A tag need not be closed: in some vocabularies its end is a token that is not written out.
        """
        begun = re.sub(rf"\A\s*({OPEN}|{FENCE})", "", text)
        values, after = _values(begun)
        if after.strip("` \n"):
            return []
        return [one for value in values for one in _calls(value) if one.name in self._names]


def _values(text: str) -> tuple[list[object], str]:
    """The JSON values that `text` begins with, and what stands behind them."""
    decoder = json.JSONDecoder()
    found: list[object] = []
    text = text.strip()
    while text:
        try:
            value, end = cast("tuple[object, int]", decoder.raw_decode(text))
        except (ValueError, RecursionError):
            break
        found += cast("list[object]", value) if isinstance(value, list) else [value]
        text = text[end:].lstrip(" \n\t\r;,")
    return found, text


def _calls(value: object) -> Iterator[Call]:
    """The call that a value of JSON is; nothing when it is none."""
    if not isinstance(value, Mapping):
        return
    known = cast("Mapping[str, object]", value)
    inner = known.get("function")
    if isinstance(inner, Mapping):
        known = cast("Mapping[str, object]", inner)
    name = known.get("name") or known.get("tool") or known.get("function")
    arguments = known.get("arguments", known.get("parameters"))
    if isinstance(name, str) and arguments is not None:
        written = (
            arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        )
        yield Call(name, written)
