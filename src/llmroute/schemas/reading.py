"""JSON as models write it: strict, but for the Markdown fence that many put around it."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn, cast

from .kinds import is_list, is_table
from .pointers import MOST_LEVELS

_FENCE = "```"
_WORD = re.compile(r"\w{0,32}+(?!\w)")


def unfenced(text: str) -> str:
    """Take the white space and one Markdown code fence off."""
    stripped = text.strip()
    around = stripped.startswith(_FENCE) and stripped.endswith(_FENCE)
    if not around or len(stripped) < 2 * len(_FENCE):
        return stripped
    inner = stripped[len(_FENCE) : -len(_FENCE)]
    word = _WORD.match(inner)
    return inner[0 if word is None else word.end() :].strip()


def parse(text: str) -> object:
    """Read strict JSON (RFC 8259): no NaN, no number beyond those of Python, no endless nesting.

    Raises ValueError, whose sentence says where it breaks and never quotes it.
    """
    try:
        value = cast("object", json.loads(text, parse_constant=_refuse, parse_float=_finite))
    except json.JSONDecodeError as error:
        at_end = not text[error.pos :].strip()
        where = "at its end" if at_end else f"at line {error.lineno}, column {error.colno}"
        problem = f"it is no JSON {where}" if text else "it is empty, not JSON"
    except ValueError:  # a constant that JSON has not, or a number that Python does not read
        problem = "it holds a number that JSON cannot have"
    except RecursionError:
        problem = f"it is nested more than {MOST_LEVELS} levels deep"
    else:
        if _is_shallow(text, value):
            return value
        problem = f"it is nested more than {MOST_LEVELS} levels deep"
    raise ValueError(problem)


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _is_shallow(text: str, value: object) -> bool:
    """Whether a value is at most `MOST_LEVELS` deep; most texts have too few brackets not to be."""
    if text.count("[") + text.count("{") <= MOST_LEVELS:
        return True
    layer = [value]
    for _ in range(MOST_LEVELS):
        layer = [item for one in layer for item in _inside(one) if is_list(item) or is_table(item)]
        if not layer:
            return True
    return False


def _inside(value: object) -> list[object]:
    if is_table(value):
        return list(value.values())
    return value if is_list(value) else []
