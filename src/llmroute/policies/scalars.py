"""How simple values are written as plain ones, ready for JSON, and read again.

Both check the type, and raise MisfitError without quoting the value: it may be somebody's prompt.
"""

from __future__ import annotations

import math
import os
from base64 import b64decode, b64encode
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = 2**63
MOST_DIGITS = 200
LARGEST_EXPONENT = 40


class MisfitError(Exception):
    """A value is not of the wanted type; `path` says where, and grows on the way out."""

    def __init__(self, what: str, hint: str = "", path: tuple[str, ...] = ()) -> None:
        """Say what is wrong."""
        super().__init__(what)
        self.what, self.hint, self.path = what, hint, path


class Form(Protocol):
    """How values of one type are written, and read."""

    def write(self, value: object) -> object:
        """Make it plain; raises MisfitError."""
        ...

    def read(self, value: object) -> object:
        """Make it again; raises MisfitError."""
        ...


class Scalar(NamedTuple):
    """Values that JSON has: strings, integers, numbers, true and false, null."""

    types: tuple[type, ...]
    called: str

    def write(self, value: object) -> object:
        """Return it, if it is one."""
        wanted = isinstance(value, self.types)
        if not wanted or (isinstance(value, bool) and bool not in self.types):
            raise MisfitError(f"it must be {self.called}")
        if isinstance(value, float) and not math.isfinite(value):
            raise MisfitError("it must be a finite number")
        if isinstance(value, int) and abs(value) >= LARGEST:
            raise MisfitError("it is too large")
        return value

    def read(self, value: object) -> object:
        """Return it likewise."""
        return self.write(value)


class Spelled(NamedTuple):
    """Values that are written as strings."""

    type: type
    called: str
    spell: Callable[[object], str]
    parse: Callable[[str], object]

    def write(self, value: object) -> object:
        """Spell it."""
        if not isinstance(value, self.type):
            raise MisfitError(f"it must be {self.called}")
        return self.spell(value)

    def read(self, value: object) -> object:
        """Parse it."""
        if isinstance(value, str):
            try:
                return self.parse(value)
            except (ValueError, InvalidOperation):
                pass
        raise MisfitError(f"it must be {self.called}")


def _amount(text: str) -> Decimal:
    """A decimal number that can be reckoned with, and printed, in little memory."""
    number = Decimal(text[: MOST_DIGITS + 1])
    if not number.is_finite() or len(text) > MOST_DIGITS:
        raise ValueError
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        raise ValueError
    return number


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found


def _data(value: object) -> str:
    return b64encode(cast("bytes", value)).decode("ascii")


def _day(value: object) -> str:
    return cast("date", value).isoformat()


def _path(value: object) -> str:
    return os.fsdecode(cast("os.PathLike[str]", value))


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)


SIMPLE: dict[object, Form] = {
    str: Scalar((str,), "a string"),
    bool: Scalar((bool,), "true or false"),
    int: Scalar((int,), "a whole number"),
    float: Scalar((int, float), "a number"),
    type(None): Scalar((type(None),), "null"),
    Decimal: Spelled(Decimal, "a decimal number, as a string", str, _amount),
    datetime: Spelled(datetime, "a moment with its zone", _day, _moment),
    date: Spelled(date, "a date", _day, date.fromisoformat),
    bytes: Spelled(bytes, "data in base64", _data, _bytes),
    os.PathLike: Spelled(os.PathLike, "a path", _path, str),
}
"""The types that are made of no others."""
