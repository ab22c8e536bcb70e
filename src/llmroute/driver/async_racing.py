"""The driver for asyncio that hedges: each attempt begins in a task of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from .asynchronous import AsyncDriver, aevents
from .hooks import aclose_quietly, anext_event
from .racing import LET_GO_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from llmroute.types.events import Event, ProviderEvent

    from .racing import RacingSession
    from .session import Live

_let_go: set[asyncio.Task[None]] = set()  # a loop alone keeps no task alive


class AsyncRacingDriver(AsyncDriver):
    """Runs one call; its tasks feed the flow in turn, and wake the calling one."""

    def __init__(self, session: RacingSession[AsyncIterator[ProviderEvent]]) -> None:
        """Prepare; nothing is sent before the first pull."""
        super().__init__(session)
        self._racing = session
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def next_event(self) -> Event | None:
        """Run until there is an event to show; None at the end."""
        event = await super().next_event()
        if self._racing.result is not None:
            await self._settle()
        return event

    async def close(self, why: str) -> None:
        """Stop whatever runs; closing twice does nothing."""
        await super().close(why)
        await self._settle()

    async def _once(self) -> None:
        session = self._racing
        if session.aborted is not None:
            session.heed_abort()
        if session.due:
            self._enter()
        elif session.live is not None or session.to_stop is not None:
            await super()._once()
        elif session.result is None:
            await session.resources.clock.asleep_until(session.wake_at, session.bell.listen())
            session.slept()
            self._reap()

    def _enter(self) -> None:
        """Begin the attempt that is due in a task that ends when the attempt is cancelled."""
        session = self._racing
        live = session.enter(aevents)
        if live is None:
            return
        task = asyncio.create_task(self._race(live))
        self._tasks[live.call.id] = task
        ring = session.bell.ring

        def stop() -> None:
            if asyncio.current_task() is not task:  # one that stops itself needs no telling
                task.cancel()

        forget = live.call.cancel.on_set(stop)

        def over(_: asyncio.Task[None]) -> None:
            forget()
            ring()

        task.add_done_callback(over)

    async def _race(self, live: Live[AsyncIterator[ProviderEvent]]) -> None:
        """Run an attempt until it shows something, or is over."""
        session, attempt_id = self._racing, live.call.id
        failure = AttemptError("provider_bug", "the provider cancelled itself")
        try:
            await self._drain_alone(live)
        except AttemptError as error:
            failure = error
        except asyncio.CancelledError:  # it lost, or the loop is being closed
            pass
        if session.live is live:
            return
        await aclose_quietly(live.events)
        if attempt_id in session.losers:
            session.stopped(live)
        elif attempt_id in session.racers:
            session.failed(attempt_id, failure, live.reported)

    async def _drain_alone(self, live: Live[AsyncIterator[ProviderEvent]]) -> None:
        session, attempt_id = self._racing, live.call.id
        while attempt_id in session.racers:
            wake_at = session.wake_at
            session.took(live, await anext_event(live.events))
            if session.shown and attempt_id in session.racers:
                session.won(live)
            elif session.wake_at < wake_at:  # the caller sleeps for too long
                session.bell.ring()

    def _reap(self) -> None:
        """Forget the tasks that have ended; raises what is nobody's failure."""
        for attempt_id, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[attempt_id]
                loser = self._racing.losers.get(attempt_id)
                if loser is not None:  # it was cancelled before it began
                    self._racing.stopped(loser)
                if not task.cancelled():
                    task.result()

    async def _settle(self) -> None:
        """Wait for the tasks of cancelled attempts, a moment; then their ends are reported."""
        tasks = [task for task in self._tasks.values() if not task.done()]
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=LET_GO_S)
            for task in left:
                _let_go.add(task)
                task.add_done_callback(_let_go.discard)
        for live in list(self._racing.losers.values()):
            self._racing.stopped(live)
        self._tasks.clear()
