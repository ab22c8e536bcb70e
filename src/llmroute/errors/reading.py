"""Read tables of a file, or keywords of a call, key by key; every problem is collected."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import TYPE_CHECKING, SupportsIndex, cast

from .problems import Problem, nearest

if TYPE_CHECKING:
    from datetime import date

MOST_ROWS = 10_000
"""How many tables an array may hold."""
MOST_DIGITS = 24
"""How many characters of a number a problem shows."""

Path = tuple[str, ...]
Report = Callable[[Path, str, str], None]
"""Takes the path of a key, what is wrong with it, and a hint that may be empty."""


def collector(file: str, problems: list[Problem]) -> Report:
    """Make a report that appends to `problems`; for values that stand in no file."""

    def report(path: Path, what: str, hint: str) -> None:
        problems.append(Problem(file, None, ".".join(path), what, hint))

    return report


def kind_of(value: object) -> str:
    """Name a value's type as TOML does; one that TOML does not have, as Python does."""
    from datetime import date, time  # only when something is wrong

    kinds: dict[str, tuple[type, ...]] = {
        "a boolean": (bool,),  # before the integers, which it is one of
        "a string": (str,),
        "an integer": (int,),
        "a number": (float, Decimal),
        "a table": (Mapping,),
        "an array": (list, tuple),
        "a date or time": (date, time),
    }
    return next(
        (name for name, types in kinds.items() if isinstance(value, types)),
        f"a Python {type(value).__name__}",
    )


def _integer(value: object) -> int | None:
    """Take what Python takes for an index, such as NumPy's integers; None when it is no integer."""
    if type(value) is int:  # most are; asking a protocol is slow
        return value
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # the class int, an array of several
        return None


def _decimal(value: object) -> Decimal | None:
    """Take any real number, as the decimal that it is written as; None when it is none."""
    if type(value) is Decimal:
        return value
    integer = _integer(value)
    if integer is not None:
        return Decimal(integer)
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    try:
        return Decimal(str(value))
    except (InvalidOperation, ValueError):  # a fraction; ValueError: one of thousands of digits
        return _quotient(value)


def _quotient(value: Real | Decimal) -> Decimal | None:
    try:
        return Decimal(str(float(value)))
    except OverflowError:
        return Decimal("Infinity")


def _within(number: Decimal, low: Decimal, high: Decimal, *, above: bool) -> bool:
    return number.is_finite() and low <= number <= high and not (above and number == low)


def _figure(number: Decimal) -> str:
    """Write a number; one of many digits by its size."""
    text = str(number)
    return text if len(text) <= MOST_DIGITS else f"{number:.3E}"


class Table:
    """One table; a getter returns None for what is absent or wrong, and reports what is wrong."""

    def __init__(self, values: Mapping[str, object], path: Path, report: Report) -> None:
        """Read `values`, which stand at `path`."""
        self.values = values
        self.path = path
        self.report = report
        self._read: set[str] = set()

    @property
    def asked(self) -> frozenset[str]:
        """The keys that were asked for so far."""
        return frozenset(self._read)

    def problem(self, key: str, what: str, hint: str = "") -> None:
        """Report a problem with `key`; "" means the table itself."""
        self.report((*self.path, key) if key else self.path, what, hint)

    def get(self, key: str) -> object:
        """Take the value as it is."""
        self._read.add(key)
        return self.values.get(key)

    def _wrong(self, key: str, value: object, wanted: str) -> None:
        self.problem(key, f"it must be {wanted}, not {kind_of(value)}")

    def text(self, key: str) -> str | None:
        """Take a string that is not empty."""
        value = self.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        if isinstance(value, str):
            self.problem(key, "it must not be empty")
        else:
            self._wrong(key, value, "a string")
        return None

    def file(self, key: str) -> str | None:
        """Take a path: a string that is not empty or, in code, any path-like object."""
        value = self.get(key)
        path: object = value
        if isinstance(value, os.PathLike):
            path = os.fspath(cast("os.PathLike[str]", value))
        if path is None or (isinstance(path, str) and path.strip() and "\0" not in path):
            return path
        if isinstance(path, str):
            what = "it must not be empty" if "\0" not in path else "no file's name holds a NUL"
            self.problem(key, what)
        else:
            self._wrong(key, path, "a string or a path")
        return None

    def flag(self, key: str) -> bool | None:
        """Take true or false."""
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(key, value, "true or false")
        return None

    def number(self, key: str, low: str, high: str, *, above: bool = False) -> Decimal | None:
        """Take a number from `low` to `high`; `above` leaves `low` itself out."""
        value = self.get(key)
        if value is None:
            return None
        number = _decimal(value)
        if number is None:
            self._wrong(key, value, "a number")
            return None
        if _within(number, Decimal(low), Decimal(high), above=above):
            return number
        start = f"more than {low}" if above else f"at least {low}"
        self.problem(key, f"it must be {start} and at most {high}, not {_figure(number)}")
        return None

    def whole(self, key: str, low: int, high: int) -> int | None:
        """Take a whole number from `low` to `high`."""
        value = self.get(key)
        if value is None:
            return None
        integer = _integer(value)
        if integer is None:
            self._wrong(key, value, "a whole number")
        elif low <= integer <= high:
            return integer
        else:
            self.problem(key, f"it must lie between {low} and {high}")
        return None

    def choice(self, key: str, words: Sequence[str], later: Sequence[str] = ()) -> str | None:
        """Take one of `words`; those in `later` are not available in this version."""
        value = self.text(key)
        if value is None or value in words:
            return value
        if value in later:
            self.problem(key, f"{value!r} is not available in this version", nearest("", words))
        else:
            self.problem(key, f"{value!r} is not a value of it", nearest(value, words))
        return None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Take an array of strings."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, str) or not isinstance(value, Sequence):
            self._wrong(key, value, "an array of strings")
            return None
        items = cast("Sequence[object]", value)
        if all(isinstance(item, str) and item.strip() for item in items):
            return tuple(str(item) for item in items)
        self.problem(key, "it must hold non-empty strings only")
        return None

    def table(self, key: str) -> Table | None:
        """Take a table."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, Mapping):
            inner = cast("Mapping[str, object]", value)
            return Table(inner, (*self.path, key), self.report)
        self._wrong(key, value, "a table")
        return None

    def tables(self, key: str) -> list[Table]:
        """Take an array of tables; their paths carry their positions."""
        value = self.get(key)
        items = cast("Sequence[object]", value) if isinstance(value, Sequence) else ()
        if value is not None and (not items or not all(isinstance(one, Mapping) for one in items)):
            self.problem(key, f"it must be an array of tables, [[{key}]]")
            return []
        if len(items) > MOST_ROWS:
            self.problem(key, f"it holds {len(items)} tables; at most {MOST_ROWS} are read")
            return []
        return [
            Table(cast("Mapping[str, object]", one), (*self.path, key, str(index)), self.report)
            for index, one in enumerate(items)
        ]

    def day(self, key: str) -> date | None:
        """Take a date."""
        from datetime import date  # only the catalog holds dates

        value = self.get(key)
        if value is None or type(value) is date:
            return value
        self._wrong(key, value, "a date, 2026-11-23")
        return None

    def done(self, later: Sequence[str] = (), elsewhere: Mapping[str, str] | None = None) -> None:
        """Report every key that nobody asked for.

        `later` names those of later versions, `elsewhere` maps what other tools call a key to what
        it is called here.
        """
        for key in self.values:
            if key in self._read:
                continue
            if key in later:
                self.problem(key, "it is not available in this version")
            else:
                ours = (elsewhere or {}).get(key)
                hint = nearest(key, self._read) if ours is None else f"Use {ours}"
                self.problem(key, "there is no such key", hint)
