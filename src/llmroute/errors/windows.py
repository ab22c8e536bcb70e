"""Reads windows of time: `time = "22:00-06:00"` and `days = ["sat", "sun"]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmroute.types.times import DAYS, EVERY_DAY, MINUTES_PER_DAY

from .problems import nearest

if TYPE_CHECKING:
    from .reading import Table

CLOCK = r"([01]\d|2[0-3]):([0-5]\d)|24:00"


def read_hours(table: Table) -> tuple[int, int]:
    """Read `time` as minutes of the day; without it the whole day."""
    given = table.text("time")
    if given is None:
        return 0, MINUTES_PER_DAY
    start, dash, end = given.partition("-")
    hint = 'Write time = "22:00-06:00"'
    if not (dash and re.fullmatch(CLOCK, start.strip()) and re.fullmatch(CLOCK, end.strip())):
        table.problem("time", f"{given!r} is no window of time", hint)
        return 0, MINUTES_PER_DAY
    first, last = _minute(start), _minute(end)
    if first % MINUTES_PER_DAY == last % MINUTES_PER_DAY and (first, last) != (0, MINUTES_PER_DAY):
        table.problem("time", f"{given!r} starts when it ends", "Leave it out for the whole day")
    return first % MINUTES_PER_DAY, last or MINUTES_PER_DAY


def _minute(clock: str) -> int:
    hour, _, minute = clock.strip().partition(":")
    return 60 * int(hour) + int(minute)


def read_days(table: Table) -> frozenset[int]:
    """Read `days`, counted from 0, Monday; without it every day."""
    given = table.texts("days")
    if given is None:
        return EVERY_DAY
    if not given:
        table.problem("days", "it must name at least one day")
    known = [day for day in given if day in DAYS]
    for day in given:
        if day not in known:
            hint = nearest(day.lower()[:3], DAYS)
            table.problem("days", f"{day!r} is no day", hint)
    return frozenset(map(DAYS.index, known))
