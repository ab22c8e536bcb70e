"""What is read of one row of somebody else's data, value by value; a wrong one leaves it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from llmroute.errors.reading import kind_of

if TYPE_CHECKING:
    from llmroute.types.prices import Price

Reason = Literal["provider", "asked", "model", "kind", "again", "unreadable", "gate", "nothing"]
ID = r"[A-Za-z0-9@~][A-Za-z0-9@._:/+~-]{0,199}"
"""What a model may be called: it goes into a file, between quotes."""
MOST_TOKENS = 100_000_000
LARGEST_EXPONENT = 30
"""A number of more digits than this before or behind the point is none that is believed."""


NO_TABLE = ""
"""The only key of a row that is no table."""


class Twice:
    """Stands for the value of a key that stood twice: nobody can say which was meant."""


class RowError(Exception):
    """A row that is left out, and why."""

    def __init__(self, reason: Reason, what: str) -> None:
        """Keep the reason as a word, and what was found."""
        super().__init__(what)
        self.reason: Reason = reason
        self.what = what


class Raw(NamedTuple):
    """A row as the source has it: `name` is its own, `provider` and `model` are ours.

    `provider` is None when the source names one that the catalog does not have.
    """

    name: str
    provider: str | None
    model: str
    values: Mapping[str, object]


class Told(NamedTuple):
    """What a row tells: facts by the keys of a fact file, and the price."""

    facts: Mapping[str, object]
    price: Price | None = None
    embeds: bool = False


class Left(NamedTuple):
    """A row that is left out: its own name, why in a word, and what was found."""

    name: str
    reason: Reason
    what: str


def table_of(value: object, key: str) -> Mapping[str, object]:
    """Take a table; None is an empty one. Raises RowError."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value)
    raise _wrong(key, value, "a table")


def list_of(value: object, key: str) -> list[object]:
    """Take a list; None is an empty one. Raises RowError."""
    if value is None:
        return []
    if isinstance(value, list):
        return cast("list[object]", value)
    raise _wrong(key, value, "a list")


def text_of(values: Mapping[str, object], key: str) -> str | None:
    """Take a string; None when there is none. Raises RowError."""
    value = values.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _wrong(key, value, "a string")


def flag_of(values: Mapping[str, object], key: str) -> bool | None:
    """Take true or false; None when there is neither. Raises RowError."""
    value = values.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong(key, value, "true or false")


def number_of(values: Mapping[str, object], key: str) -> Decimal | None:
    """Take a number exactly as it is written; an enormous one is infinite. Raises RowError."""
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(key, value, "a number")
    return _bounded(Decimal(value), key)


def _bounded(number: Decimal, key: str) -> Decimal:
    if not number.is_finite() or number == 0:
        return number or Decimal(0)
    if number.adjusted() > LARGEST_EXPONENT:
        return Decimal("Infinity").copy_sign(number)
    if number.adjusted() < -LARGEST_EXPONENT:
        raise RowError("unreadable", f"{key} is a number of {-number.adjusted()} places")
    return number


def whole_of(values: Mapping[str, object], key: str) -> int | None:
    """Take a count; 0 means that it is not known. Raises RowError."""
    number = number_of(values, key)
    if number is None or number == 0:
        return None
    if not number.is_finite() or number != int(number) or not 0 < number <= MOST_TOKENS:
        raise RowError("unreadable", f"{key} must be a count of at most {MOST_TOKENS}")
    return int(number)


def day_of(values: Mapping[str, object], key: str, *, months: bool = False) -> date | None:
    """Take a date; with `months` a month alone is its first day, else not known.

    Raises:
        RowError: it is neither.
    """
    value = values.get(key)
    if type(value) is date:
        return value
    text = text_of(values, key)
    if not text:
        return None
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        text = f"{text}-01"
        if not months:
            return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RowError("unreadable", f"{key} is no date") from None


def abilities_of(values: Mapping[str, object], keys: Mapping[str, str]) -> tuple[str, ...]:
    """Text, and each ability whose key is true. Raises RowError."""
    return ("text", *(name for name, key in keys.items() if flag_of(values, key)))


def _wrong(key: str, value: object, wanted: str) -> RowError:
    if isinstance(value, Twice):
        return RowError("unreadable", f"{key} stands twice")
    return RowError("unreadable", f"{key} must be {wanted}, not {kind_of(value)}")


def told_facts(**facts: object) -> dict[str, object]:
    """Keep the facts that are known."""
    return {key: value for key, value in facts.items() if value is not None}
