"""Real time."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.calls import Cancel


class SystemClock:
    """The machine's monotonic clock and its local date."""

    __slots__ = ("_days", "_seconds")

    def __init__(self) -> None:
        """Begin with no date looked up."""
        self._days: dict[int, date] = {}
        self._seconds: dict[int, datetime] = {}

    now = staticmethod(time.monotonic)
    """Seconds since an arbitrary moment; never goes back."""

    def today(self) -> date:
        """The local date; it is asked for at every plan, and looked up once a minute."""
        minute = int(time.time() // 60)
        found = self._days.get(minute)
        if found is None:
            self._days.clear()
            found = date.today()  # noqa: DTZ011 - retirements are dates without a time zone
            self._days[minute] = found
        return found

    def wall_time(self) -> datetime:
        """The time of day in the machine's zone, to the second; looked up once in each."""
        second = int(time.time())
        found = self._seconds.get(second)
        if found is None:
            self._seconds.clear()
            found = self._seconds[second] = datetime.fromtimestamp(second).astimezone()
        return found

    def sleep_until(self, moment: float, cancel: Cancel) -> None:
        """Sleep until `moment`, or until `cancel` is set; at once when either is past."""
        woken = threading.Event()
        forget = cancel.on_set(woken.set)
        try:
            woken.wait(min(max(0.0, moment - time.monotonic()), threading.TIMEOUT_MAX))
        finally:
            forget()

    async def asleep_until(self, moment: float, cancel: Cancel) -> None:
        """Sleep likewise without holding the event loop; `cancel` may be set in any thread."""
        import asyncio  # programs that are not async never load it

        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(woken.set)

        forget = cancel.on_set(wake)
        timer = loop.call_later(max(0.0, moment - time.monotonic()), woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()
            forget()
