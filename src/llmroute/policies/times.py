"""Windows of time: hours of the day, days of the week, in one time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.times import (
    DAYS,
    EVERY_DAY,
    MINUTES_PER_DAY,
    WHOLE_WEEK,
    clock,
    minutes_of_week,
    within,
)
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

__all__ = ["DAYS", "MINUTES_PER_DAY", "WHOLE_WEEK", "Times"]


class Times(NamedTuple):
    """A window of time that comes again each day, or on some days of the week.

    `start` and `end` are minutes of the day, `end` left out of it; one that ends before it starts
    goes on past midnight. `days` count from 0, Monday, and are those on which the window starts:
    from 22:00 to 06:00 on Friday takes in Saturday at 5. `zone` of None means UTC.
    """

    start: int = 0
    end: int = MINUTES_PER_DAY
    days: frozenset[int] = EVERY_DAY
    zone: tzinfo | None = None

    def holds(self, now: datetime | None) -> bool:
        """Whether `now`, which has a zone, lies in the window; None lies in none."""
        if now is None:
            return False
        from datetime import UTC

        here = now.astimezone(self.zone or UTC)
        return within(here, self.start, self.end, self.days)

    @property
    def mask(self) -> int:
        """The minutes of the week that lie in the window, a bit for each."""
        return minutes_of_week(self.start, self.end, self.days)

    def __str__(self) -> str:
        parts = [f"{clock(self.start)}-{clock(self.end)}"] if self.is_part_of_day else []
        if len(self.days) < len(DAYS):
            parts.append(" ".join(DAYS[day] for day in sorted(self.days)))
        return " ".join([*parts, "UTC" if self.zone is None else str(self.zone)])

    @property
    def is_part_of_day(self) -> bool:
        """Whether it leaves hours of the day out."""
        return (self.start, self.end) != (0, MINUTES_PER_DAY)
