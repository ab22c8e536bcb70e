"""The driver for asyncio: attempts run in the calling task."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import Progress

from .hooks import aclose_quietly, anext_event
from .session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from llmroute.types.calls import Call, Provider
    from llmroute.types.events import Event, ProviderEvent
    from llmroute.types.reply import Reply

    from .session import Live, Order, Resources


def driver_for(order: Order, resources: Resources) -> AsyncDriver:
    """Make the driver of a call; with hedging its attempts run side by side."""
    if order.snapshot.hedge_s is None:
        return AsyncDriver(Session(order, resources))
    from .async_racing import AsyncRacingDriver  # for those who hedge
    from .racing import RacingSession

    return AsyncRacingDriver(RacingSession(order, resources))


class AsyncDriver:
    """Runs one call in the calling task; cancelling the task stops the provider."""

    def __init__(self, session: Session[AsyncIterator[ProviderEvent]]) -> None:
        """Prepare; nothing is sent before the first pull."""
        self.session = session

    async def run(self) -> Reply[object]:
        """Run to the end and return the reply; raises the error the call ended in."""
        await self.next_event()  # what interrupts it also stops the attempt
        return self.session.answer()

    async def next_event(self) -> Event | None:
        """Run until there is an event to show; None at the end."""
        session = self.session
        if session.shown:
            return session.shown.popleft()
        if session.result is None:
            session.pulled()
        done = False
        try:
            while session.to_stop is not None or (session.result is None and not session.shown):
                await self._once()
            done = True
        finally:
            if not done:  # Ctrl-C, a cancelled task, an error that is nobody's failure
                await self.close("the call was interrupted")
        return session.shown.popleft() if session.shown else None

    async def close(self, why: str) -> None:
        """Stop whatever runs; closing twice does nothing."""
        session = self.session
        session.abandon(why)
        if session.to_stop is not None:
            await self._stop(session.to_stop)
        elif session.live is not None:
            await aclose_quietly(session.live.events)

    async def _once(self) -> None:
        """Do the one thing that is due."""
        session = self.session
        if session.aborted is not None:
            session.heed_abort()
        if session.to_stop is not None:
            await self._stop(session.to_stop)
        elif session.to_start is not None:
            session.start(aevents)
            if session.live is not None:
                await self._pull(session.live)
        elif session.live is not None:
            await self._pull(session.live)
        elif session.result is None:
            await session.resources.clock.asleep_until(session.wake_at, session.bell.listen())
            session.slept()

    async def _pull(self, live: Live[AsyncIterator[ProviderEvent]]) -> None:
        """Take what the provider yields until there is something to show, or the attempt ends."""
        try:
            if live.call.model.api == "custom":
                await self._bounded(live)
            else:
                await self._drain(live)
        except AttemptError as error:
            failure = error
        else:
            if self.session.live is not live and live.end is None:
                await aclose_quietly(live.events)
            return
        await aclose_quietly(live.events)
        self.session.failed(live.call.id, failure, live.reported)

    async def _drain(self, live: Live[AsyncIterator[ProviderEvent]]) -> None:
        session = self.session
        while session.live is live and not session.shown and session.aborted is None:
            event = await anext_event(live.events)
            session.took(live, event)
            if isinstance(event, Progress):  # the timer was moved: whoever bounds this begins anew
                return

    async def _bounded(self, live: Live[AsyncIterator[ProviderEvent]]) -> None:
        """Pull from a provider that is not ours: it is cut off even if it ignores its timer."""
        left_s = live.call.timer.at - live.call.clock.now()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(max(0.0, left_s)) as alarm:

                def hurry() -> None:
                    with contextlib.suppress(RuntimeError):  # it is over, or the loop is closed
                        loop.call_soon_threadsafe(alarm.reschedule, loop.time())

                forget = live.call.cancel.on_set(hurry)
                try:
                    await self._drain(live)
                finally:
                    forget()
        except TimeoutError:
            pass
        else:
            return
        raise AttemptError("interrupted", "the attempt's time was up")

    async def _stop(self, live: Live[AsyncIterator[ProviderEvent]]) -> None:
        await aclose_quietly(live.events)
        self.session.stopped(live)


def aevents(provider: Provider) -> Callable[[Call], AsyncIterator[ProviderEvent]]:
    """The method of this color."""
    return provider.aevents
