"""Keywords of JSON Schema that look at one value alone, and when two values are equal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from .kinds import is_list, is_table
from .pointers import pointer

if TYPE_CHECKING:
    from .check import Visit
    from .pointers import At

Schema = Mapping[str, Any]
Keyword = Callable[["Visit", Schema, object, "At"], str | None]
"""Says of a schema that has the keyword what is wrong with the value at a place; None: nothing."""

_KINDS: dict[type, str] = {str: "a string", list: "an array", dict: "an object", bool: "a boolean"}
_TYPES = {"string": str, "array": list, "object": dict, "boolean": bool, "null": type(None)}
_NAMED = {
    "string": "a string",
    "array": "an array",
    "object": "an object",
    "boolean": "true or false",
    "null": "null",
    "integer": "an integer",
    "number": "a number",
}


def same(one: object, other: object) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, and is not true."""
    return key_of(one) == key_of(other)


def key_of(value: object) -> object:
    """A hashable stand-in, equal for equal JSON values."""
    if isinstance(value, bool):
        return ("boolean", value)
    if is_list(value):
        return ("array", *map(key_of, value))
    if is_table(value):
        return ("object", frozenset((name, key_of(item)) for name, item in value.items()))
    return value


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _is(value: object, name: str) -> bool:
    """Whether a value is of a type of JSON Schema; 1.0 is an integer."""
    if name in _TYPES:
        return isinstance(value, _TYPES[name])
    number = _number(value)
    if number is None or name == "number":
        return number is not None
    return isinstance(number, int) or number.is_integer()


def _kind(value: object) -> str:
    return "null" if value is None else _KINDS.get(type(value), "a number")


def type_misfit(wanted: str | list[str], value: object, at: At) -> str | None:
    """Say that a value is of another type than it must be."""
    names = [wanted] if isinstance(wanted, str) else wanted
    if any(_is(value, name) for name in names):
        return None
    words = " or ".join(_NAMED[name] for name in names)
    return f"{pointer(at)} must be {words}, not {_kind(value)}"


def _enum(_: Visit, schema: Schema, value: object, at: At) -> str | None:
    if any(same(one, value) for one in schema["enum"]):
        return None
    return f"{pointer(at)} is none of the values that are allowed"


def _const(_: Visit, schema: Schema, value: object, at: At) -> str | None:
    return None if same(schema["const"], value) else f"{pointer(at)} is not the value it must be"


MOST_TOLD = 10**15
"""Greater bounds are not written out."""
Bound = Callable[[Any, Any], bool]


def _numeric(name: str, holds: Bound, words: str) -> Keyword:
    def check(_: Visit, schema: Schema, value: object, at: At) -> str | None:
        number = _number(value)
        if number is None or holds(number, schema[name]):
            return None
        return f"{pointer(at)} must be {words} {schema[name]}"

    return check


def _multiple(number: float, of: float) -> bool:
    """Whether a number is a multiple, as they are written: 0.3 is one of 0.1."""
    if isinstance(number, float) and not math.isfinite(number):
        return False
    return (Fraction(repr(number)) / Fraction(repr(of))).denominator == 1


def _sized(name: str, kind: type, *, least: bool, words: str) -> Keyword:
    def check(_: Visit, schema: Schema, value: object, at: At) -> str | None:
        if not isinstance(value, kind):
            return None
        size, bound = len(cast("list[object]", value)), schema[name]
        if size >= bound if least else size <= bound:
            return None
        side, count = "least" if least else "most", bound if bound < MOST_TOLD else "very many"
        return f"{pointer(at)} must have at {side} {count} {words}"

    return check


def _pattern(_: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not isinstance(value, str) or re.search(schema["pattern"], value):
        return None
    return f"{pointer(at)} does not match its pattern"


SCALARS: dict[str, Keyword] = {
    "enum": _enum,
    "const": _const,
    "minimum": _numeric("minimum", lambda one, bound: one >= bound, "at least"),
    "maximum": _numeric("maximum", lambda one, bound: one <= bound, "at most"),
    "exclusiveMinimum": _numeric("exclusiveMinimum", lambda one, bound: one > bound, "more than"),
    "exclusiveMaximum": _numeric("exclusiveMaximum", lambda one, bound: one < bound, "less than"),
    "multipleOf": _numeric("multipleOf", _multiple, "a multiple of"),
    "minLength": _sized("minLength", str, least=True, words="characters"),
    "maxLength": _sized("maxLength", str, least=False, words="characters"),
    "minItems": _sized("minItems", list, least=True, words="items"),
    "maxItems": _sized("maxItems", list, least=False, words="items"),
    "minProperties": _sized("minProperties", dict, least=True, words="properties"),
    "maxProperties": _sized("maxProperties", dict, least=False, words="properties"),
    "pattern": _pattern,
}
