"""Calls of tools as JSON: what begins like one, and what is one.

Every pattern takes white space without going back, and is held against a short beginning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

MOST_HELD = 300
"""Characters within which a call has said its name."""
KEYS = frozenset({"name", "tool", "function", "type", "id", "arguments", "parameters"})
"""What a call may hold; JSON that holds more is no call."""
_FENCE = r"(?:```(?:json)?+\s*+)?+"
_BRACE = rf"\s*+{_FENCE}\[?+\s*+\{{\s*+"
_BEGINNING = re.compile(
    r'\s*+(?:```j?+s?+o?+n?+\s*+|`{1,2}+\Z)?+\[?+\s*+(?:\{\s*+(?:"[a-z]*+)?+)?+\Z'
)
_KEY = re.compile(rf'{_BRACE}"(?:{"|".join(sorted(KEYS))})"')
_ARGUMENTS_FIRST = re.compile(rf'{_BRACE}"(?:arguments|parameters)"')
_NAMED = re.compile(
    rf'{_BRACE}(?:"(?:type|id)"\s*+:\s*+"[^"\\]{{0,64}}+"\s*+,\s*+)*+'
    r'(?:"function"\s*+:\s*+\{\s*+)?+"(?:name|tool|function)"\s*+:\s*+"([^"\\]{1,64}+)"'
)
_GOES_ON = re.compile(r'\s*+(?:\Z|,\s*+(?:\Z|"(?:[a-z]*+\Z|arguments"|parameters"|id"|type")))')
_BETWEEN = re.compile(r"[\s;,]*+")


class Call(NamedTuple):
    """A call that was found: the tool's name, and its arguments as JSON."""

    name: str
    arguments: str


def may_be_call(head: str, names: AbstractSet[str] | None, *, tagged: bool) -> bool:
    """Whether what begins with `head` may be a call of one of `names`, or of any tool.

    `head` is cut behind `MOST_HELD` characters. Between tags the arguments need not follow.
    """
    if _NAMED.match(head):
        return _named(head, names, tagged=tagged) is not None
    if _ARGUMENTS_FIRST.match(head):
        return True
    return len(head) <= MOST_HELD and bool(_BEGINNING.match(head) or _KEY.match(head))


def _named(text: str, names: AbstractSet[str] | None, *, tagged: bool) -> str | None:
    """The name in the call of one of `names`, or of any tool, that a text begins with."""
    found = _NAMED.match(text)
    if found is None or not (tagged or _GOES_ON.match(text, found.end())):
        return None
    return found[1] if names is None or found[1] in names else None


def calls_alone(text: str, names: AbstractSet[str]) -> list[Call]:
    """The calls that a whole answer consists of; none at all if anything else is in it.

    JSON that is broken, or cut, but begins like a call is one: whoever judges it says so.
    """
    values, rest = _values(text)
    calls = list(map(_call, values))
    if rest:
        calls.append(_broken(rest, names, tagged=False))
    known = [call for call in calls if call is not None]
    return known if len(known) == len(calls) and _offered(known, names) else []


def calls_in_tag(body: str, names: AbstractSet[str] | None) -> list[Call]:
    """The calls between tags, likewise; the tags say that it is one, whatever else it holds."""
    values, rest = _values(body)
    calls = [call for call in map(_tagged_call, values) if call is not None]
    if len(calls) == len(values) and not rest and _offered(calls, names):
        return calls
    broken = _broken(body.strip(), names, tagged=True)
    return [] if broken is None else [broken]


def _offered(calls: list[Call], names: AbstractSet[str] | None) -> bool:
    return any(names is None or call.name in names for call in calls)


def _broken(text: str, names: AbstractSet[str] | None, *, tagged: bool) -> Call | None:
    """The call that a text is meant to be; its whole text stands for the arguments."""
    name = _named(text, names, tagged=tagged)
    return None if name is None else Call(name, text)


def _values(text: str) -> tuple[list[object], str]:
    """The JSON values that a text begins with, and what stands behind them."""
    decoder = json.JSONDecoder()
    found: list[object] = []
    text = re.sub(rf"\A\s*+{_FENCE}", "", text)
    at = 0
    while at < len(text):
        try:
            value, at = cast("tuple[object, int]", decoder.raw_decode(text, at))
        except (ValueError, RecursionError):
            break
        found += cast("list[object]", value) if isinstance(value, list) else [value]
        at = _end(text, at)
    return found, text[at:].strip("` \n\t\r")


def _end(text: str, at: int) -> int:
    """Where the next value begins."""
    between = _BETWEEN.match(text, at)
    return at if between is None else between.end()


def _call(value: object) -> Call | None:
    """The call that a value is; a description of a tool is none."""
    if not isinstance(value, Mapping):
        return None
    outer = cast("Mapping[str, object]", value)
    inner = _inner(outer)
    if not (outer.keys() <= KEYS and inner.keys() <= KEYS) or _is_schema(inner.get("parameters")):
        return None
    return _tagged_call(outer) if inner.keys() & {"arguments", "parameters"} else None


def _tagged_call(value: object) -> Call | None:
    """The call that a value between tags is."""
    if not isinstance(value, Mapping):
        return None
    inner = _inner(cast("Mapping[str, object]", value))
    name = inner.get("name") or inner.get("tool") or inner.get("function")
    if not isinstance(name, str):
        return None
    arguments = inner.get("arguments", inner.get("parameters", {}))
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return Call(name, written)


def _inner(value: Mapping[str, object]) -> Mapping[str, object]:
    """What says the name and the arguments: the value itself, or its "function"."""
    inner = value.get("function")
    return cast("Mapping[str, object]", inner) if isinstance(inner, Mapping) else value


def _is_schema(parameters: object) -> bool:
    if not isinstance(parameters, Mapping):
        return False
    known = cast("Mapping[str, object]", parameters)
    return known.get("type") == "object" and isinstance(known.get("properties"), Mapping)
