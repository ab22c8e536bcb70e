"""How events get from an engine's thread onto an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .inbox import opened, seconds_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault


class AsyncInbox:
    """A queue that a task waits on."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        """Belong to the running loop; `on_lost` runs when that loop is closed."""
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[ProviderEvent | Fault | None] = asyncio.Queue()
        self._on_lost = on_lost

    def put(self, item: ProviderEvent | Fault | None) -> None:
        """Hand over an event, a fault, or a wake-up; from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._on_lost()

    async def take(self, call: Call) -> ProviderEvent:
        """Wait for the next event without holding the loop.

        Raises:
            AttemptError: the fault that came instead, or kind "interrupted".
        """
        while True:
            left = seconds_left(call)
            try:
                async with asyncio.timeout(left):
                    event = opened(await self._items.get())
            except TimeoutError:
                continue
            if event is not None:
                return event
