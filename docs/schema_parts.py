# ruff: noqa: INP001 - a script that stands beside the pages
"""What the JSON Schemas are made of: words, numbers, tables, and descriptions from the pages."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, cast

from llmroute.catalog.measured import ON_APPROVAL
from llmroute.catalog.rates import LIFE, MOST_HOURS, TIER, TOKENS
from llmroute.errors.reading import Table, collector
from llmroute.errors.windows import CLOCK
from llmroute.types.times import DAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Schema = dict[str, object]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string", "pattern": r"\S"}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
SOME_TEXTS: Schema = {**TEXTS, "minItems": 1}
DAY: Schema = {"type": "string", "format": "date"}
PAIRS: Schema = {"type": "object", "additionalProperties": TEXT}
ROW = re.compile(r"^\| (`[^|]+?) \| (?:[^|\n]+ \| )?([^|\n]+) \|$", re.MULTILINE)
OPTION = re.compile(r"^([a-z_, ]+): (.+(?:\n .+)*)", re.MULTILINE)


def number(most: float, *, above: bool = False) -> Schema:
    """A number from 0, or above it."""
    return {"type": "number", "exclusiveMinimum" if above else "minimum": 0, "maximum": most}


def whole(least: int, most: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def words(known: Iterable[object]) -> Schema:
    """One of some words."""
    return {"enum": list(known)}


def list_of(known: Iterable[object], least: int = 0) -> Schema:
    """An array of words, all of them known."""
    return {"type": "array", "items": words(known), **({"minItems": least} if least else {})}


def matching(pattern: str) -> Schema:
    """A string that follows a pattern from its beginning to its end."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def named(pattern: str, value: Schema) -> Schema:
    """A table whose keys follow a pattern."""
    keys = {"pattern": f"^(?:{pattern})$"}
    return {"type": "object", "propertyNames": keys, "additionalProperties": value}


def either(*schemas: Schema) -> Schema:
    """What one of them takes."""
    return {"anyOf": list(schemas)}


def needing(*keys: str) -> Schema:
    """A table that has all of these keys."""
    return {"required": list(keys)}


def closed(needs: Iterable[str] = (), /, **keys: Schema) -> Schema:
    """A table with these keys and no other."""
    required = {"required": list(needs)} if needs else {}
    return {"type": "object", "properties": keys, "additionalProperties": False, **required}


def as_read(read: Callable[[Table], object], keys: Mapping[str, Schema]) -> Schema:
    """A table with exactly the keys that its reader asks for.

    Raises:
        ValueError: the reader asks for other keys than those that are known here.
    """
    table = Table({}, (), collector("", []))
    read(table)
    if table.asked != frozenset(keys):
        raise ValueError(f"known here or there only: {sorted(table.asked ^ set(keys))}")
    return closed(**keys)


def described(table: Schema, says: Mapping[str, str]) -> Schema:
    """A table with a description of each key; raises KeyError for one that nobody describes."""
    keys = cast("Mapping[str, Schema]", table["properties"])
    return {**table, "properties": {key: {"description": says[key], **keys[key]} for key in keys}}


def _bare(text: str) -> str:
    """A cell of a page, or lines of a docstring, as plain text."""
    return " ".join(re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("`", "").split())


def of_page(page: str, heading: str) -> dict[str, str]:
    """What a table below a heading says of each key."""
    part = page.partition(f"\n{heading}\n")[2]
    part = re.split(r"^##", part, maxsplit=1, flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    for keys, means in ROW.findall(part):
        for key in re.findall(r"`([\w.]+)`", keys):
            found[key.partition(".")[0]] = _bare(means)
    return found


def of_options(options: type) -> dict[str, str]:
    """What the docstring of a table of options says of each."""
    found = OPTION.findall(inspect.getdoc(options) or "")
    return {key: _bare(means) for keys, means in found for key in keys.split(", ")}


USD = number(1000)
RATES = {"input": USD, "output": USD, "cached_input": USD}
LONG = closed(
    ["above_tokens", "input", "output"],
    above_tokens=whole(1, TOKENS),
    **RATES,
    cache_write=USD,
)
RATE_KEYS: dict[str, Schema] = {
    **RATES,
    "cache_write": either(USD, named(LIFE, USD)),
    "long_context": {"type": "array", "items": LONG},
}
CLOCKS = matching(rf" *(?:{CLOCK}) *- *(?:{CLOCK}) *")
WINDOW_KEYS: dict[str, Schema] = {"time": CLOCKS, "days": list_of(DAYS, least=1)}
FACTOR = number(10, above=True)
TIMED = either(needing("time"), needing("days"))
HOURS = either(
    {**closed(["factor"], **WINDOW_KEYS, factor=FACTOR), **TIMED},
    {**closed(["input", "output"], **WINDOW_KEYS, **RATE_KEYS), **TIMED},
)
PRICE_KEYS: dict[str, Schema] = {
    **RATE_KEYS,
    "tiers": named(TIER, either(FACTOR, closed(["input", "output"], **RATE_KEYS))),
    "hours": {"type": "array", "minItems": 1, "maxItems": MOST_HOURS, "items": HOURS},
    "regional": number(10, above=True),
    "valid_from": DAY,
    "valid_until": DAY,
}
"""What a price says, in USD per million tokens, factors and days."""
SPEED_KEYS: dict[str, Schema] = {
    "first_token_s": number(3600),
    "tokens_per_s": number(1_000_000, above=True),
    "input_tokens_per_s": number(100_000_000, above=True),
    "source": TEXT,
}
DATA_KEYS: dict[str, Schema] = {
    "trains": FLAG,
    "retention_days": whole(0, 36_500),
    "zero_retention": words([True, False, ON_APPROVAL]),
    "regions": TEXTS,
    "source": TEXT,
}


def price(**more: Schema) -> Schema:
    """A price, whole."""
    return closed(["input", "output"], **PRICE_KEYS, **more)


def prices(**more: Schema) -> Schema:
    """The price of each span of days."""
    return {"type": "array", "minItems": 1, "items": price(**more)}
