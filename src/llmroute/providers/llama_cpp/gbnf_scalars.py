"""The rules of JSON in GBNF, and of its strings, numbers and constants."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import ceil, floor

from llmroute.errors import AttemptError

MAX_REPEATS = 1_000
"""llama.cpp writes a bounded repetition out; longer ones are left to the reader of the answer."""
MAX_LISTED = 256
"""Numbers of a range that are listed one by one."""
MAX_NUMBER = 1e15
"""Ends of ranges beyond this do not count."""
DIGIT, HEX = "[0-9]", "[0-9a-fA-F]"
SPACE = '" "?'
ANSWER_SPACE = "[ \\n]{0,2}"
"""White space that an answer may begin with: some tokenizers put it there."""
BASE = {
    "space": SPACE,
    "char": (
        r'[\x20-\x21\x23-\x5B\x5D-\x7E\u0080-\uD7FF\uE000-\U0010FFFF] | "\\" (["\\/bfnrt] | "u" '
        f"([0-9a-cA-CeEfF] {HEX}{{3}} | [dD] [0-7] {HEX}{{2}}))"
    ),
    "string": r'"\"" char* "\""',
    "whole": f'"0" | [1-9] {DIGIT}{{0,14}}',
    "positive": f"[1-9] {DIGIT}{{0,14}}",
    "fraction": f'("." {DIGIT}{{1,15}})? ([eE] [-+]? {DIGIT}{{1,2}})?',
    "integer": '"-"? whole',
    "number": '"-"? whole fraction',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "list": '"[" space (any ("," space any)* space)? "]"',
    "map": '"{" space (string ":" space any ("," space string ":" space any)* space)? "}"',
    "any": "map | list | string | number | boolean | null",
}
DATE = f'{DIGIT}{{4}} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] {DIGIT} | "3" [01])'
HOUR = f'([01] {DIGIT} | "2" [0-3]) ":" [0-5] {DIGIT}'
TIME = f'{HOUR} ":" [0-5] {DIGIT} ("Z" | [+-] {HOUR})'
FORMATS = {
    "date": DATE,
    "time": TIME,
    "date-time": f'{DATE} "T" {TIME}',
    "uuid": f'{HEX}{{8}} "-" {HEX}{{4}} "-" {HEX}{{4}} "-" {HEX}{{4}} "-" {HEX}{{12}}',
}
Schema = Mapping[str, object]


def literal(text: str) -> str:
    """A text as a GBNF literal."""
    escaped = re.sub(
        r'["\\\x00-\x1f\x7f]',
        lambda found: f"\\x{ord(found[0]):02X}",
        text.encode("utf-8", "replace").decode(),
    )
    return f'"{escaped}"'


def unfit(why: str) -> AttemptError:
    """The typed error for a schema that no grammar can be made of."""
    return AttemptError("bad_request", f"the answer cannot be held to the JSON Schema: {why}")


def key(name: str) -> str:
    """A key of an object, with its colon."""
    return literal(f"{json.dumps(name, ensure_ascii=False)}:")


def constant(value: object) -> str:
    """A value of JSON as a literal."""
    try:
        return literal(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError):
        raise unfit("a constant in it is no JSON") from None


def bounds(schema: Schema, low: str, high: str) -> tuple[int, int | None]:
    """How often something repeats, within what a grammar can say."""
    least, most = _finite(schema.get(low)), _finite(schema.get(high))
    fewest = min(int(least or 0), MAX_REPEATS)
    if most is None or most > MAX_REPEATS:
        return fewest, None
    if most < fewest:
        raise unfit(f"{low} is above {high}")
    return fewest, int(most)


def string(schema: Schema) -> str:
    """A string of a certain form or length."""
    form = FORMATS.get(str(schema.get("format")))
    least, most = bounds(schema, "minLength", "maxLength")
    if form is not None:
        return rf'"\"" {form} "\""'
    if least == 0 and most is None:
        return "string"
    return rf'"\"" char{{{least},{"" if most is None else most}}} "\""'


def number(kind: str, schema: Schema) -> str:
    """A number, or an integer, of a certain range."""
    low = _end(schema, "minimum", "exclusiveMinimum")
    high = _end(schema, "maximum", "exclusiveMaximum")
    if kind == "number":
        return f"{_signed(low, high, 'whole')} fraction"
    if low is not None and high is not None and high - low < MAX_LISTED:
        return _listed(range(ceil(low), floor(high) + 1))
    return _signed(low, high, "positive" if (low or 0) > 0 else "whole")


def _listed(numbers: range) -> str:
    if not numbers:
        raise unfit("a part of it allows no number")
    return " | ".join(literal(str(one)) for one in numbers)


def _signed(low: float | None, high: float | None, digits: str) -> str:
    """Digits with the signs that a range leaves."""
    if low is not None and low >= 0:
        return digits
    return f'"-" {digits}' if high is not None and high < 0 else f'"-"? {digits}'


def _end(schema: Schema, shut: str, open_: str) -> float | None:
    """One end of a range; of integers an end that is not in it is moved to the next that is."""
    low, whole = shut == "minimum", schema.get("type") == "integer"
    inside, outside = _finite(schema.get(shut)), _finite(schema.get(open_))
    if outside is not None and whole:
        outside = floor(outside) + 1 if low else ceil(outside) - 1
    ends = [end for end in (inside, outside) if end is not None]
    if not ends:
        return None
    return max(ends) if low else min(ends)


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < MAX_NUMBER else None
