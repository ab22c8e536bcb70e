"""Windows of time: hours of the day, days of the week, in one time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY


class Times(NamedTuple):
    """A window of time that comes again each day, or on some days of the week.

    `start` and `end` are minutes of the day, `end` left out of it; one that ends before it starts
    goes on past midnight. `days` count from 0, Monday, and are those on which the window starts:
    from 22:00 to 06:00 on Friday takes in Saturday at 5. `zone` of None means UTC.
    """

    start: int = 0
    end: int = MINUTES_PER_DAY
    days: frozenset[int] = frozenset(range(7))
    zone: tzinfo | None = None

    def holds(self, now: datetime | None) -> bool:
        """Whether `now`, which has a zone, lies in the window; None lies in none."""
        if now is None:
            return False
        from datetime import UTC

        here = now.astimezone(self.zone or UTC)
        minute, day = 60 * here.hour + here.minute, here.weekday()
        if self.start < self.end:
            return self.start <= minute < self.end and day in self.days
        if minute >= self.start:
            return day in self.days
        return minute < self.end and (day - 1) % 7 in self.days

    @property
    def mask(self) -> int:
        """The minutes of the week that lie in the window, a bit for each."""
        length = (self.end - self.start - 1) % MINUTES_PER_DAY + 1
        window = (1 << length) - 1
        bits = 0
        for day in self.days:
            bits |= window << (day * MINUTES_PER_DAY + self.start)
        return (bits | bits >> MINUTES_PER_WEEK) & WHOLE_WEEK

    def __str__(self) -> str:
        parts = [f"{_clock(self.start)}-{_clock(self.end)}"] if self.is_part_of_day else []
        if len(self.days) < len(DAYS):
            parts.append(" ".join(DAYS[day] for day in sorted(self.days)))
        return " ".join([*parts, "UTC" if self.zone is None else str(self.zone)])

    @property
    def is_part_of_day(self) -> bool:
        """Whether it leaves hours of the day out."""
        return (self.start, self.end) != (0, MINUTES_PER_DAY)


WHOLE_WEEK = (1 << MINUTES_PER_WEEK) - 1


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
