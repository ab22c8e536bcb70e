"""Real time: the sleeps end at their moment, or when cancelled from another thread."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest

from llmroute.driver.clock import SystemClock
from llmroute.types.calls import Cancel


def sleep(how: str, moment: float, cancel: Cancel) -> None:
    """Sleep on the system clock in one of the two colors."""
    if how == "sync":
        SystemClock().sleep_until(moment, cancel)
    else:
        asyncio.run(SystemClock().asleep_until(moment, cancel))


@pytest.mark.parametrize("how", ["sync", "async"])
def test_sleep_ends_at_its_moment(how: str) -> None:
    """A sleep never ends before its moment."""
    clock = SystemClock()
    moment = clock.now() + 0.02
    sleep(how, moment, Cancel())
    assert clock.now() >= moment - 1e-6


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("moment", [0.0, -math.inf])
def test_past_moments_return_at_once(how: str, moment: float) -> None:
    """A moment that is past is no sleep and no error."""
    sleep(how, moment, Cancel())


@pytest.mark.parametrize("how", ["sync", "async"])
def test_cancel_from_another_thread_ends_an_endless_sleep(how: str) -> None:
    """Setting the cancel flag in another thread wakes even an endless sleeper."""
    cancel = Cancel()
    thread = threading.Timer(0.02, cancel.set, ["enough"])
    thread.start()
    sleep(how, math.inf, cancel)
    thread.join()
    assert cancel.is_set


@pytest.mark.parametrize("how", ["sync", "async"])
def test_cancelled_before_is_no_sleep(how: str) -> None:
    """A flag that is already set ends the sleep before it begins."""
    cancel = Cancel()
    cancel.set("already")
    sleep(how, math.inf, cancel)
