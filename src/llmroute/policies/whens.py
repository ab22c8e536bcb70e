"""Reads `when`: of a route in a policy file, or of `policies.when(...)` in code."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest
from llmroute.errors.windows import read_days, read_hours
from llmroute.types.requests import LANGUAGE, TASKS

from .conditions import TokenRange, When
from .sections import hint_fits
from .times import Times

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from llmroute.errors.reading import Table
    from llmroute.types.requests import Hint

LARGEST_HINT = 2**63 - 1
"""The largest whole number of TOML."""
MOST_TOKENS = 100_000_000
ELSEWHERE = {
    "languages": "language",
    "lang": "language",
    "tag": "tags",
    "hint": "hints",
    "images": "has_images",
    "tools": "has_tools",
    "hours": "time",
    "timezone": "zone",
    "tz": "zone",
    "day": "days",
    "max_tokens": "tokens = { at_most = ... }",
    "min_tokens": "tokens = { at_least = ... }",
}
"""What one may call a condition, and what it is called here."""


def read_when(table: Table | None, hints: Mapping[str, str] | None) -> When:
    """Read a condition; `hints` are those declared, with their types, None when nobody does."""
    if table is None:
        return When()
    task = table.text("task")
    if task is not None and task not in TASKS:
        table.problem("task", f"there is no task {task!r}", nearest(task, TASKS))
    given = table.table("hints")
    found = When(
        task=task,
        hints=_hints(given, hints) if given else (),
        tags=table.texts("tags") or (),
        tokens=_tokens(table),
        has_images=table.flag("has_images"),
        has_tools=table.flag("has_tools"),
        languages=_languages(table),
        times=_times(table),
    )
    table.done(elsewhere=ELSEWHERE)
    return found


def _hints(table: Table, declared: Mapping[str, str] | None) -> tuple[tuple[str, Hint], ...]:
    for name, value in table.values.items():
        if declared is None:
            _check_plain(name, value, table)
        elif name not in declared:
            table.problem(name, f"no hint {name!r} is declared", nearest(name, declared))
        elif not hint_fits(declared[name], value):
            table.problem(name, f'[hints] declares it as "{declared[name]}"')
        elif declared[name] in {"int", "float"}:
            table.number(name, f"-{LARGEST_HINT}", f"{LARGEST_HINT}")
    return tuple((name, _plain(value)) for name, value in table.values.items())


def _check_plain(name: str, value: object, table: Table) -> None:
    """Check the value of a hint that nobody declared."""
    if not isinstance(value, bool | int | float | str):
        table.problem(name, "it must be true, false, a number or a string")


def _plain(value: object) -> Hint:
    """Make a hint's value comparable with what callers pass: floats, not decimals."""
    from decimal import Decimal

    if isinstance(value, int) and abs(value) > LARGEST_HINT:  # refused, and too long to be named
        return float("inf")
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, bool | int | float | str) else ""  # refused


def _tokens(table: Table) -> TokenRange | None:
    inner = table.table("tokens")
    if inner is None:
        return None
    low = inner.whole("at_least", 0, MOST_TOKENS)
    high = inner.whole("at_most", 0, MOST_TOKENS)
    inner.done(elsewhere={"min": "at_least", "max": "at_most", "above": "at_least"})
    if not inner.values:
        inner.problem("", "it needs at_least, at_most, or both")
    elif low is not None and high is not None and low > high:
        inner.problem("at_least", f"no prompt has at least {low} and at most {high} tokens")
    return TokenRange(low or 0, high)


def _languages(table: Table) -> tuple[str, ...]:
    """Read `language`: a code, or an array of them."""
    from .language import KNOWN

    given = table.get("language")
    if given is None:
        return ()
    if isinstance(given, str):
        codes: tuple[str, ...] | None = (given,)
    else:
        codes = table.texts("language")
        if codes == ():
            table.problem("language", "it must name at least one language")
    for code in codes or ():
        if not re.fullmatch(LANGUAGE, code):
            what = f'{code!r} is no language; it must be an ISO 639-1 code, such as "de"'
            table.problem("language", what, nearest(code.lower()[:2], KNOWN))
    return codes or ()


def _times(table: Table) -> Times | None:
    zone = table.text("zone")
    place = None if zone is None else _zone(table, zone)
    if table.get("time") is None and table.get("days") is None:
        if zone is not None:
            table.problem("zone", "it needs time or days beside it")
        return None
    start, end = read_hours(table)
    return Times(start, end, read_days(table), place)


MOST_FOLDERS = 3
"""In the name of a zone, posix/America/Argentina/Salta; each is looked up inside the last one."""


def _zone(table: Table, name: str) -> tzinfo | None:
    """Find a time zone by its name in the IANA database, which the machine or tzdata has."""
    from zoneinfo import ZoneInfo, available_timezones

    if name.count("/") <= MOST_FOLDERS:
        with suppress(ValueError, OSError, LookupError):  # a path, a folder, an unknown name
            return ZoneInfo(name)
    known = available_timezones()
    hint = nearest(name, known) if known else "Install the package tzdata"
    if len(known) > 1 and hint.startswith("Known"):
        hint = 'Write its name as in "Europe/Berlin"'
    table.problem("zone", f"there is no time zone {name!r}", hint)
    return None
