"""The time of a simulation: whatever the simulator says it is."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from llmroute.types.calls import Cancel


class SimulatedClock:
    """A clock that the simulator sets; it begins at midnight of `today`, in UTC."""

    def __init__(self, today: date) -> None:
        """Begin at 0 s."""
        self._midnight = datetime.combine(today, time(), UTC)
        self.moment = 0.0

    def now(self) -> float:
        """Seconds since the beginning."""
        return self.moment

    def today(self) -> date:
        """The date, by the seconds that passed."""
        return self.wall_time().date()

    def wall_time(self) -> datetime:
        """The time of day in UTC, to the second."""
        return self._midnight + timedelta(seconds=int(self.moment))

    def sleep_until(self, moment: float, cancel: Cancel) -> None:
        """Nobody sleeps in a simulation."""
        raise NotImplementedError

    async def asleep_until(self, moment: float, cancel: Cancel) -> None:
        """Nobody sleeps in a simulation."""
        raise NotImplementedError
