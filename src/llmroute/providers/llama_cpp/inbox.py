"""How events get from an engine's thread to the thread that asked."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.faults import Fault

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent

LONGEST_WAIT_S = 3600.0
"""Seconds; waits without end are not possible with every platform's locks."""


def seconds_left(call: Call) -> float:
    """Seconds until the call must give control back.

    Raises:
        AttemptError: kind "interrupted" when there are none, or the call was cancelled.
    """
    if call.cancel.is_set:
        raise AttemptError("interrupted", f"cancelled: {call.cancel.why}")
    left = call.timer.at - call.clock.now()
    if left <= 0:
        raise AttemptError("interrupted", "the time of the attempt is up")
    return min(left, LONGEST_WAIT_S)


def opened(item: ProviderEvent | Fault | None) -> ProviderEvent | None:
    """Unwrap what came: an event, or None for a mere wake-up.

    Raises:
        AttemptError: the fault that came instead.
    """
    if isinstance(item, Fault):
        raise AttemptError.of(item)
    return item


class Inbox:
    """A queue that a thread waits on."""

    def __init__(self) -> None:
        """Begin empty."""
        self._items: queue.SimpleQueue[ProviderEvent | Fault | None] = queue.SimpleQueue()

    def put(self, item: ProviderEvent | Fault | None) -> None:
        """Hand over an event, a fault, or a wake-up; from any thread."""
        self._items.put(item)

    def take(self, call: Call) -> ProviderEvent:
        """Wait for the next event.

        Raises:
            AttemptError: the fault that came instead, or kind "interrupted".
        """
        while True:
            left = seconds_left(call)
            try:
                event = opened(self._items.get(timeout=left))
            except queue.Empty:
                continue
            if event is not None:
                return event
