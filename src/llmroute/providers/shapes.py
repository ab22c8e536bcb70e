"""JSON from upstream, read field by field: a wrong type is a typed error, never a crash."""

from __future__ import annotations

import json
import re
from typing import cast

from llmroute.errors import AttemptError

Json = dict[str, object]
MAX_TOKENS = 10**12
"""More than any usage can be; beyond it prices could not be reckoned."""
WHOLE_CHARACTERS = 20
_TIER = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SURROGATES = re.compile("[\ud800-\udfff]")


def bad(reason: str) -> AttemptError:
    """Make the error for an answer that breaks the API's promise."""
    return AttemptError("bad_response", reason)


def parse(text: str) -> Json:
    """Parse a JSON object; raises AttemptError "bad_response"."""
    try:
        value = _loaded(text)
    except (ValueError, RecursionError):
        raise bad("the answer is not JSON") from None
    if not isinstance(value, dict):
        raise bad("the answer is JSON, but no object")
    return cast("Json", value)


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number longer than Python converts: sys.get_int_max_str_digits
        return json.loads(text, parse_int=_whole)


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= WHOLE_CHARACTERS else float(digits)


def sound(text: str) -> str:
    """Replace each lone surrogate by U+FFFD: no encoding has it, so printing it would fail."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def text_at(owner: Json, name: str) -> str:
    """Read a string, made sound; absent and null are empty."""
    value = owner.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(f"the answer's {name!r} is not a string")
    return sound(value)


def count_at(owner: Json, name: str) -> int:
    """Read a number of tokens; absent and null are 0."""
    value = owner.get(name)
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # some servers write 3.0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_TOKENS:
        raise bad(f"the answer's {name!r} is not a number of tokens")
    return value


def tier_at(owner: Json, name: str = "service_tier") -> str | None:
    """Read the tier that a request was served at; what is no word for one names none."""
    value = owner.get(name)
    return value if isinstance(value, str) and _TIER.fullmatch(value) else None


def object_at(owner: Json, name: str) -> Json:
    """Read an object; absent and null are empty."""
    value = owner.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad(f"the answer's {name!r} is not an object")
    return cast("Json", value)


def objects_at(owner: Json, name: str) -> list[Json]:
    """Read an array of objects; absent and null are empty."""
    value = owner.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad(f"the answer's {name!r} is not an array")
    items = cast("list[object]", value)
    if not all(isinstance(item, dict) for item in items):
        raise bad(f"the answer's {name!r} holds something else than objects")
    return cast("list[Json]", items)
