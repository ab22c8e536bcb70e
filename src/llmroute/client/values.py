"""The values of options, checked one by one; each checker returns the value as it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from numbers import Real
from operator import index
from typing import TYPE_CHECKING, cast, get_args

from llmroute.errors import PolicyError, RequestError
from llmroute.errors.problems import nearest
from llmroute.types.models import QUALITIES
from llmroute.types.requests import LANGUAGE, PURPOSES, TASKS, OnBreak, ReasoningEffort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import SupportsIndex

    from llmroute.types.plans import Facts
    from llmroute.types.tools import Tool

MOST_TOKENS = 100_000_000
LONGEST_S = 86_400.0


def _wrong(name: str, value: object, wanted: str) -> RequestError:
    """Describe a wrong value: a number is quoted, text never is."""
    kind = type(value)
    module = "" if kind.__module__.startswith(("builtins", "llmroute")) else f"{kind.__module__}."
    named = module + kind.__name__
    got = shown(value) if isinstance(value, int | float | Decimal) else named
    return RequestError(f"must be {wanted}, got {got}", where=name)


def shown(number: float | Decimal) -> str:
    """Write a number, or say that it is too long to be written."""
    try:
        text = str(number)
    except ValueError:  # an integer of more digits than Python writes
        text = "9" * 41
    return text if len(text) <= 40 else "a number of too many digits"  # noqa: PLR2004 - a line


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name, value, "a string")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    items = _several(value)
    if items is None:
        raise _wrong(name, value, "a string or several")
    return tuple(_text(name, item) for item in items)


def _several(value: object) -> Iterable[object] | None:
    """The items of a list, a tuple or a set; None for what is no such thing."""
    is_record = hasattr(value, "_fields")  # a declaration is a tuple, but no list
    is_many = isinstance(value, Sequence | AbstractSet)
    if not is_many or is_record or isinstance(value, bytes):
        return None
    return cast("Iterable[object]", value)


def _names(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, AbstractSet):
        raise _wrong(name, cast("object", value), "in an order: a string or a list")
    names = _texts(name, value)
    if not names or not all(names):
        raise RequestError("names nothing", where=name)
    return names


def _stops(name: str, value: object) -> tuple[str, ...]:
    stops = _texts(name, value)
    if not all(stops):
        raise RequestError("an empty stop string would end every answer at once", where=name)
    return stops


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, value, "True or False")
    return value


def _integer(low: int, high: int) -> Callable[[str, object], int]:
    def check_integer(name: str, value: object) -> int:
        try:
            number = index(cast("SupportsIndex", value))
        except TypeError:
            raise _wrong(name, value, "a whole number") from None
        if isinstance(value, bool):
            raise _wrong(name, value, "a whole number")
        if not low <= number <= high:
            raise _wrong(name, number, f"from {low:,} to {high:,}")
        return number

    return check_integer


def _number(low: float, high: float) -> Callable[[str, object], float]:
    def check_number(name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, Real | Decimal):
            raise _wrong(name, value, "a number")
        number = cast("float", value)
        if not low <= number <= high:  # also NaN
            raise _wrong(name, number, f"from {low:g} to {high:g}")
        return float(number)

    return check_number


def _seconds(name: str, value: object) -> float:
    seconds = _number(0.0, LONGEST_S)(name, value)
    if seconds == 0:
        raise _wrong(name, value, "more than 0 seconds")
    return seconds


def _money(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _wrong(name, value, "an amount of USD")
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):  # also an integer of thousands of digits
        text = f"got {value[:20]!r}" if isinstance(value, str) else "the number is too long"
        raise RequestError(f"must be an amount of USD, {text}", where=name) from None
    if not amount.is_finite() or amount < 0:
        raise _wrong(name, amount, "an amount of USD of 0 or more")
    return amount


def _task(name: str, value: object) -> str:
    task = _text(name, value)
    if task not in TASKS:
        raise RequestError(f"there is no task {task[:40]!r}", where=name, hint=nearest(task, TASKS))
    return task


def _language(name: str, value: object) -> str:
    language = _text(name, value)
    if not re.fullmatch(LANGUAGE, language):
        hint = 'Such as "de"'
        raise RequestError("must be an ISO 639-1 code of two letters", where=name, hint=hint)
    return language


def _quality(name: str, value: object) -> str:
    tier = _text(name, value)
    if tier not in QUALITIES:
        what = f"there is no quality {tier[:40]!r}"
        raise RequestError(what, where=name, hint=nearest(tier, QUALITIES))
    return tier


def _purposes(name: str, value: object) -> tuple[str, ...]:
    purposes = _texts(name, value)
    for purpose in purposes:
        kind = purpose.partition(":")[0]
        if kind not in PURPOSES:
            hint = nearest(kind, PURPOSES)
            raise RequestError(f"there is no purpose {kind[:40]!r}", where=name, hint=hint)
    return purposes


def _facts(name: str, value: object) -> Facts:
    from llmroute.policies.facts import facts

    try:
        return facts(_mapping(name, value))
    except PolicyError as error:
        found = error.problems[0]
    raise RequestError(found.what, where=found.key, hint=found.hint)


def _on_break(name: str, value: object) -> OnBreak:
    for choice in get_args(OnBreak):
        if value == choice:
            return cast("OnBreak", choice)
    known = ", ".join(f'"{choice}"' for choice in get_args(OnBreak))
    raise RequestError(f"must be one of {known}", where=name)


def _mapping(name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _wrong(name, value, "a mapping")
    mapping = cast("Mapping[object, object]", value)
    for key in mapping:
        if not isinstance(key, str):
            raise RequestError(f"its names must be strings, got {type(key).__name__}", where=name)
    return cast("Mapping[str, object]", mapping)


def _headers(name: str, value: object) -> Mapping[str, str]:
    return {key: _text(name, item) for key, item in _mapping(name, value).items()}


def _tools(name: str, value: object) -> tuple[Tool, ...]:
    items = _several(value)
    if items is None:
        raise _wrong(name, value, "a list of functions or Tools")
    from llmroute.schemas.tools import read_tools

    return read_tools(items)


def _tool_choice(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        hint = f'Write tool_choice="{_tool_named(cast("Mapping[str, object]", value))}"'
        raise RequestError("must be a string, got a dict", where=name, hint=hint)
    choice = _text(name, value)
    if not choice:
        raise RequestError("names nothing", where=name)
    return choice


def _tool_named(choice: Mapping[str, object]) -> str:
    """The tool that a choice in the form of OpenAI's or Anthropic's API names."""
    inner = choice.get("function", choice)
    named = cast("Mapping[str, object]", inner).get("name") if isinstance(inner, Mapping) else None
    if isinstance(named, str) and named.isidentifier():
        return named[:64]
    return "required" if choice.get("type") in {"any", "required"} else "NAME"


def _reasoning(name: str, value: object) -> ReasoningEffort:
    for effort in get_args(ReasoningEffort):
        if value == effort:
            return cast("ReasoningEffort", effort)
    efforts = ", ".join(f'"{effort}"' for effort in get_args(ReasoningEffort))
    raise RequestError(f"must be one of {efforts}", where=name)


CHECKERS: dict[str, Callable[[str, object], object]] = {
    "model": _names,
    "task": _task,
    "hints": _mapping,
    "tags": _texts,
    "system": _text,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "reasoning": _reasoning,
    "max_tokens": _integer(1, MOST_TOKENS),
    "temperature": _number(0.0, 2.0),
    "top_p": _number(0.0, 1.0),
    "top_k": _integer(0, 1_000_000),
    "min_p": _number(0.0, 1.0),
    "stop": _stops,
    "seed": _integer(0, 2**32 - 1),
    "language": _language,
    "max_cost_usd": _money,
    "max_latency_s": _seconds,
    "min_quality": _quality,
    "deadline_s": _seconds,
    "on_break": _on_break,
    "hedge_after_s": _seconds,
    "local": _flag,
    "purposes": _purposes,
    "facts": _facts,
    "extra_body": _mapping,
    "extra_headers": _headers,
}

EMBED_CHECKERS: dict[str, Callable[[str, object], object]] = {
    **{name: CHECKERS[name] for name in ("model", "hints", "tags", "max_cost_usd", "deadline_s")},
    **{name: CHECKERS[name] for name in ("local", "purposes", "facts")},
    **{name: CHECKERS[name] for name in ("extra_body", "extra_headers")},
    "dimensions": _integer(1, 65_536),
}
