"""Windows of time that come again: hours of the day, on days of the week."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
WHOLE_WEEK = (1 << MINUTES_PER_WEEK) - 1


def within(here: datetime, start: int, end: int, days: frozenset[int]) -> bool:
    """Whether a moment, as the clocks of the window's zone show it, lies in the window.

    `start` and `end` are minutes of the day, `end` left out of it; one that ends before it starts
    goes on past midnight. `days` count from 0, Monday, and are those on which the window starts.
    """
    minute, day = 60 * here.hour + here.minute, here.weekday()
    if start < end:
        return start <= minute < end and day in days
    if minute >= start:
        return day in days
    return minute < end and (day - 1) % 7 in days


def minutes_of_week(start: int, end: int, days: frozenset[int]) -> int:
    """The minutes of the week that lie in the window, a bit for each."""
    length = (end - start - 1) % MINUTES_PER_DAY + 1
    window = (1 << length) - 1
    bits = 0
    for day in days:
        bits |= window << (day * MINUTES_PER_DAY + start)
    return (bits | bits >> MINUTES_PER_WEEK) & WHOLE_WEEK


def clock(minute: int) -> str:
    """A minute of the day as "16:30"."""
    return f"{minute // 60:02}:{minute % 60:02}"
