"""Virtual time: sleeps take none, order is kept, the date follows."""

from __future__ import annotations

import asyncio
import math
import threading
from datetime import date

import pytest

from llmroute.errors import RequestError
from llmroute.testing import VirtualClock
from llmroute.types.calls import Cancel


def test_a_sleep_moves_the_clock_at_once() -> None:
    """A sleep takes no time and moves the clock to its moment, never back."""
    clock = VirtualClock()
    clock.sleep_until(3600.0, Cancel())
    clock.sleep_until(10.0, Cancel())
    assert clock.now() == 3600.0


def test_cancelled_sleep_moves_nothing() -> None:
    """A sleep whose cancel flag is set leaves the clock alone."""
    clock, cancel = VirtualClock(), Cancel()
    cancel.set("left")
    clock.sleep_until(5.0, cancel)
    asyncio.run(clock.asleep_until(5.0, cancel))
    assert clock.now() == 0.0


def test_the_date_follows_the_seconds() -> None:
    """The date changes at midnight, and can be gone to."""
    clock = VirtualClock(today=date(2026, 12, 31))
    clock.advance(86_399.0)
    assert clock.today() == date(2026, 12, 31)
    clock.advance(1.0)
    assert clock.today() == date(2027, 1, 1)
    clock.advance_to(date(2027, 3, 1))
    assert (clock.today(), clock.now()) == (date(2027, 3, 1), 60 * 86_400.0)


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan])
def test_time_only_goes_forward(seconds: float) -> None:
    """The clock never goes back, and never to the end of time."""
    with pytest.raises(RequestError, match="cannot pass"):
        VirtualClock().advance(seconds)


def test_a_past_day_is_refused() -> None:
    """The clock does not go back to an earlier day."""
    with pytest.raises(RequestError, match="cannot pass"):
        VirtualClock(today=date(2026, 2, 1)).advance_to(date(2026, 1, 1))


def test_tasks_wake_in_order_of_their_moments() -> None:
    """Of several sleeping tasks the earliest wakes first, whoever went to sleep first."""
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *moments: float) -> None:
        for moment in moments:
            await clock.asleep_until(moment, Cancel())
            woken.append((name, clock.now()))

    async def main() -> None:
        await asyncio.gather(sleeper("late", 10.0), sleeper("early", 2.0, 3.0, 11.0))

    asyncio.run(main())
    assert woken == [("early", 2.0), ("early", 3.0), ("late", 10.0), ("early", 11.0)]


def test_a_cancelled_task_no_longer_counts() -> None:
    """A task that left its sleep does not keep later ones from waking."""
    clock = VirtualClock()

    async def main() -> None:
        task = asyncio.create_task(clock.asleep_until(1.0, Cancel()))
        await asyncio.sleep(0)
        task.cancel()
        await clock.asleep_until(2.0, Cancel())

    asyncio.run(main())
    assert clock.now() == 2.0


@pytest.mark.parametrize("color", ["sync", "async"])
def test_only_a_cancel_ends_an_endless_sleep(color: str) -> None:
    """An endless sleep moves no clock; it ends when cancelled in another thread."""
    clock, cancel = VirtualClock(), Cancel()
    thread = threading.Timer(0.02, cancel.set, ["left"])
    thread.start()
    if color == "sync":
        clock.sleep_until(math.inf, cancel)
    else:
        asyncio.run(clock.asleep_until(math.inf, cancel))
    thread.join()
    assert clock.now() == 0.0
