"""Options as the caller types them: checked, with the nearest right word, and frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast, get_args

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.types.requests import PURPOSES, TASKS, OnBreak, Request, Sampling
from llmroute.types.secrets import Secret, flaw

from .messages import normalize

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.requests import ChatOptions

    from .messages import Prompt

MOST_TOKENS = 100_000_000
LONGEST_S = 86_400.0
ELSEWHERE = {
    "timeout": "Use deadline_s: seconds for the whole call",
    "max_completion_tokens": "Use max_tokens",
    "max_output_tokens": "Use max_tokens",
    "messages": "Messages are the first argument",
    "stream": "Use client.stream(...)",
    "key": "Use api_key",
    "max_cost": "Use max_cost_usd",
}


Frozen = TypeVar("Frozen")


class Checked(NamedTuple):
    """Options after checking; `values` holds only what was given. It never holds a plain key."""

    values: Mapping[str, object]
    key: Secret | None

    def __repr__(self) -> str:
        return f"Checked({len(self.values)} options)"


NOTHING = Checked({}, None)
"""No option at all."""


def check(options: ChatOptions) -> Checked:
    """Check every option; raises RequestError. Takes the key out of `options` first."""
    if not options:
        return NOTHING
    loose = cast("dict[str, object]", options)
    secret = _take_key(loose) if "api_key" in loose else None
    values: dict[str, object] = {}
    for name, value in loose.items():
        checker = CHECKERS.get(name)
        if checker is None:
            hint = ELSEWHERE.get(name) or nearest(name, [*CHECKERS, "api_key"])
            raise RequestError("no such option", where=name, hint=hint)
        if value is not None:
            values[name] = checker(name, value)
    return Checked(values, secret)


def merge(base: Checked, top: Checked) -> Checked:
    """Lay `top` over `base`."""
    if base is NOTHING or top is NOTHING:
        return base if top is NOTHING else top
    return Checked({**base.values, **top.values}, top.key or base.key)


def request(prompt: Prompt, values: Mapping[str, object]) -> Request:
    """Freeze a request of checked options; raises RequestError for the messages."""
    if not values:
        return Request(normalize(prompt, None))
    messages = normalize(prompt, cast("str | None", values.get("system")))
    sampling = _built(Sampling, {name: values[name] for name in SAMPLING if name in values})
    rest = {name: values[name] for name in REQUEST if name in values}
    if "model" in values:
        rest["models"] = values["model"]
    return _built(Request, {"messages": messages, "sampling": sampling, **rest})


def _built(kind: type[Frozen], values: Mapping[str, object]) -> Frozen:
    """Make a value of fields whose types `CHECKERS` has seen to."""
    return cast("Callable[..., Frozen]", kind)(**values)


def check_hints(given: Mapping[str, object], declared: Mapping[str, str]) -> None:
    """Refuse hints that the policy does not declare, or of another type; raises RequestError."""
    for name, value in given.items():
        where = f"hints[{name!r}]"
        if name not in declared:
            more = "Hints are declared under [hints] of the policy"
            hint = nearest(name, declared, more)
            raise RequestError("the policy declares no such hint", where=where, hint=hint)
        kind = declared[name]
        if type(value).__name__ != kind and not (kind == "float" and type(value) is int):
            raise RequestError(f"must be {kind}, got {type(value).__name__}", where=where)


def _take_key(options: dict[str, object]) -> Secret | None:
    """Take the key out of `options`; no frame of ours holds it when something is raised."""
    if not isinstance(options.get("api_key"), str):
        kind = type(options.pop("api_key", None)).__name__
        if kind == "NoneType":
            return None
        raise RequestError(f"must be a string, got {kind}", where="api_key")
    secret = Secret(str(options.pop("api_key")).strip())
    wrong = flaw(secret.reveal(), "the key")
    if wrong is not None:
        raise RequestError(wrong, where="api_key")
    return secret


def _wrong(name: str, value: object, wanted: str) -> RequestError:
    """Describe a wrong value: a number is quoted, text never is."""
    got = shown(value) if isinstance(value, int | float | Decimal) else type(value).__name__
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
    if hasattr(value, "_fields") or not isinstance(value, Sequence):  # a declaration is a tuple
        raise _wrong(name, value, "a string or several")
    items = cast("Sequence[object]", value)
    return tuple(_text(name, item) for item in items)


def _names(name: str, value: object) -> tuple[str, ...]:
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
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(name, value, "a whole number")
        if not low <= value <= high:
            raise _wrong(name, value, f"from {low:,} to {high:,}")
        return value

    return check_integer


def _number(low: float, high: float) -> Callable[[str, object], float]:
    def check_number(name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(name, value, "a number")
        if not low <= value <= high:  # also NaN
            raise _wrong(name, value, f"from {low:g} to {high:g}")
        return float(value)

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


def _purposes(name: str, value: object) -> tuple[str, ...]:
    purposes = _texts(name, value)
    for purpose in purposes:
        kind = purpose.partition(":")[0]
        if kind not in PURPOSES:
            hint = nearest(kind, PURPOSES)
            raise RequestError(f"there is no purpose {kind[:40]!r}", where=name, hint=hint)
    return purposes


def _on_break(name: str, value: object) -> OnBreak:
    for choice in get_args(OnBreak):
        if value == choice:
            return cast("OnBreak", choice)
    raise RequestError('must be "raise" or "restart"', where=name)


def _mapping(name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _wrong(name, value, "a mapping")
    mapping = cast("Mapping[object, object]", value)
    for key in mapping:
        if not isinstance(key, str):
            raise RequestError(f"its names must be strings, got {type(key).__name__}", where=name)
    return cast("Mapping[str, object]", mapping)


def _headers(name: str, value: object) -> Mapping[str, str]:
    headers = {key: _text(name, item) for key, item in _mapping(name, value).items()}
    for key, item in headers.items():
        if not (key.isascii() and item.isascii() and key.isprintable() and item.isprintable()):
            raise RequestError(
                f"header {key[:40]!r} holds characters that cannot be sent", where=name
            )
    return headers


CHECKERS: dict[str, Callable[[str, object], object]] = {
    "model": _names,
    "task": _task,
    "hints": _mapping,
    "tags": _texts,
    "system": _text,
    "max_tokens": _integer(1, MOST_TOKENS),
    "temperature": _number(0.0, 2.0),
    "top_p": _number(0.0, 1.0),
    "top_k": _integer(0, 1_000_000),
    "min_p": _number(0.0, 1.0),
    "stop": _stops,
    "seed": _integer(0, 2**32 - 1),
    "max_cost_usd": _money,
    "deadline_s": _seconds,
    "on_break": _on_break,
    "local": _flag,
    "purposes": _purposes,
    "extra_body": _mapping,
    "extra_headers": _headers,
}
SAMPLING = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "stop", "seed")
REQUEST = (
    "task",
    "hints",
    "tags",
    "max_cost_usd",
    "local",
    "purposes",
    "extra_body",
    "extra_headers",
)
