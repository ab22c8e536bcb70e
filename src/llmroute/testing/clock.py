"""Time that passes only when somebody sleeps or says so."""

from __future__ import annotations

import math
import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from llmroute.driver.clock import SystemClock
from llmroute.errors import RequestError

if TYPE_CHECKING:
    from llmroute.types.calls import Cancel

QUIET_TURNS = 10  # of the event loop, in which other tasks may go on before time jumps


class _Sleeper(NamedTuple):
    """A thread that sleeps until `moment`; it may have had several turns, one within the other."""

    moment: float
    woken: threading.Event
    turns: int


class VirtualClock:
    """A clock for tests: a sleep takes no time and moves the clock to its moment.

    It begins at 0 s, at midnight of `today`; the date moves with the seconds. Where several tasks
    sleep, the one to wake first is woken first, once the event loop has nothing else to do; so are
    the threads of a hedged call, once all of them sleep. Any other thread moves the clock at once.
    An endless sleep is a real one, since only a cancel can end it. Made for scripted providers: a
    real server does not know it.
    """

    def __init__(self, today: date = date(2026, 1, 1)) -> None:
        """Begin at midnight of `today`."""
        self._midnight = datetime.combine(today, time())
        self._now_s = 0.0
        self._lock = threading.Lock()
        self._sleepers: dict[object, float] = {}
        self._awake: dict[threading.Thread, int] = {}
        self._asleep: dict[threading.Thread, _Sleeper] = {}

    def now(self) -> float:
        """Seconds since the clock was made."""
        return self._now_s

    def today(self) -> date:
        """The date, by the seconds that passed."""
        return (self._midnight + timedelta(seconds=self._now_s)).date()

    def wall_time(self) -> datetime:
        """The time of day in UTC, by the seconds that passed."""
        return (self._midnight + timedelta(seconds=self._now_s)).replace(tzinfo=UTC)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; raises RequestError for a negative, infinite or undefined number."""
        if not 0 <= seconds < math.inf:
            raise RequestError(f"{seconds} s cannot pass", where="VirtualClock.advance(seconds)")
        with self._lock:
            self._now_s += seconds

    def advance_to(self, day: date) -> None:
        """Go on to midnight of `day`; raises RequestError when that is past."""
        self.advance((datetime.combine(day, time()) - self._midnight).total_seconds() - self._now_s)

    def sleep_until(self, moment: float, cancel: Cancel) -> None:
        """Move the clock to `moment`; not if `cancel` is set."""
        if threading.current_thread() in self._awake:
            self._sleep_beside(moment, cancel)
        elif moment == math.inf:
            SystemClock().sleep_until(moment, cancel)
        elif not cancel.is_set:
            self._reach(moment)

    async def asleep_until(self, moment: float, cancel: Cancel) -> None:
        """Move the clock to `moment` when no other task has to be woken before."""
        if moment == math.inf:
            await SystemClock().asleep_until(moment, cancel)
            return
        import asyncio

        sleeper = object()
        self._sleepers[sleeper] = moment
        quiet, seen = 0, self._now_s
        try:
            while not cancel.is_set and self._now_s < moment:
                if quiet > QUIET_TURNS and moment <= min(list(self._sleepers.values())):
                    self._reach(moment)
                    return
                await asyncio.sleep(0)
                quiet, seen = (quiet + 1 if self._now_s == seen else 0), self._now_s
        finally:
            del self._sleepers[sleeper]

    def join(self, thread: threading.Thread) -> None:
        """Let time stand still while `thread`, which has its turn now, does not sleep."""
        with self._lock:
            self._awake[thread] = self._awake.get(thread, 0) + 1

    def leave(self, thread: threading.Thread) -> None:
        """Let time pass without `thread`, whose turn is over."""
        with self._lock:
            turns = self._awake.pop(thread, 1) - 1
            if turns:
                self._awake[thread] = turns
            self._pass()

    def _sleep_beside(self, moment: float, cancel: Cancel) -> None:
        """Sleep until all others sleep, and this is the first to wake."""
        thread, woken = threading.current_thread(), threading.Event()
        with self._lock:
            self._asleep[thread] = _Sleeper(moment, woken, self._awake.pop(thread))
        forget = cancel.on_set(lambda: self._rouse(thread))
        with self._lock:
            self._pass()
        woken.wait()
        forget()

    def _rouse(self, thread: threading.Thread) -> None:
        with self._lock:
            self._wake(thread)

    def _wake(self, thread: threading.Thread) -> None:
        sleeper = self._asleep.pop(thread, None)
        if sleeper is not None:
            self._awake[thread] = sleeper.turns
            sleeper.woken.set()

    def _pass(self) -> None:
        """Wake the first of the sleepers when nobody is awake; it counts as awake at once."""
        if self._awake or not self._asleep:
            return
        thread = min(self._asleep, key=lambda one: self._asleep[one].moment)
        moment = self._asleep[thread].moment
        if moment < math.inf:
            self._now_s = max(self._now_s, moment)
            self._wake(thread)

    def _reach(self, moment: float) -> None:
        with self._lock:
            self._now_s = max(self._now_s, moment)
