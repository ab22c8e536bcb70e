"""The bell: it ends the sleep under way, or the next one, and shortens no wait that must be."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest

from llmroute.driver.bell import Bell
from llmroute.driver.clock import SystemClock
from llmroute.types.calls import Cancel

HOW = pytest.mark.parametrize("how", ["sync", "async"])


def sleep(how: str, bell: Bell) -> None:
    """Sleep without end, unless it rings."""
    if how == "sync":
        SystemClock().sleep_until(math.inf, bell.listen())
    else:
        asyncio.run(SystemClock().asleep_until(math.inf, bell.listen()))
    bell.heard()


@HOW
def test_a_ring_ends_the_sleep_under_way(how: str) -> None:
    """A bell that is rung in another thread wakes even an endless sleeper, as often as it rings."""
    bell = Bell()
    for _ in range(3):
        thread = threading.Timer(0.01, bell.ring)
        thread.start()
        sleep(how, bell)
        thread.join()


@HOW
def test_a_ring_before_the_sleep_is_not_lost(how: str) -> None:
    """A bell that rang since the last sleep ends the next one before it begins."""
    bell = Bell()
    assert bell.ring()
    sleep(how, bell)
    assert not bell.listen().is_set


def test_a_ring_after_the_end_says_so() -> None:
    """Whoever rings for a call that is over is told that nobody waits there."""
    bell = Bell()
    bell.over = True
    assert not bell.ring()


class Freed:
    """A callback that cancels something when it is freed, as a generator does that held it."""

    def __init__(self, other: Cancel) -> None:
        """Hold `other`."""
        self._other = other

    def __call__(self) -> None:
        """Do nothing when called."""

    def __del__(self) -> None:
        self._other.set("freed")


def test_freeing_a_callback_may_cancel_something() -> None:
    """What is freed while a callback is taken back may cancel another call in the same thread."""
    other = Cancel()
    forget = Cancel().on_set(Freed(other))
    thread = threading.Thread(target=forget, daemon=True)
    thread.start()
    thread.join(5.0)
    assert other.is_set
    assert not thread.is_alive()
