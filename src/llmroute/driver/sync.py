"""The driver for plain threads: attempts run inline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from .hooks import close_quietly, next_event
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llmroute.types.calls import Call, Provider
    from llmroute.types.events import Event, ProviderEvent
    from llmroute.types.reply import Reply

    from .session import Live, Order, Resources


def driver_for(order: Order, resources: Resources) -> Driver:
    """Make the driver of a call; with hedging its attempts run side by side."""
    if order.snapshot.hedge_s is None:
        return Driver(Session(order, resources))
    from .racing import RacingSession
    from .sync_racing import RacingDriver  # for those who hedge

    return RacingDriver(RacingSession(order, resources))


class Driver:
    """Runs one call in the calling thread."""

    def __init__(self, session: Session[Iterator[ProviderEvent]]) -> None:
        """Prepare; nothing is sent before the first pull."""
        self.session = session

    def run(self) -> Reply[object]:
        """Run to the end and return the reply; raises the error the call ended in."""
        self.next_event()  # what interrupts it also stops the attempt
        return self.session.answer()

    def next_event(self) -> Event | None:
        """Run until there is an event to show; None at the end."""
        session = self.session
        if session.shown:
            return session.shown.popleft()
        if session.result is None:
            session.pulled()
        done = False
        try:
            while session.to_stop is not None or (session.result is None and not session.shown):
                self._once()
            done = True
        finally:
            if not done:  # Ctrl-C, a cancelled task, an error that is nobody's failure
                self.close("the call was interrupted")
        return session.shown.popleft() if session.shown else None

    def close(self, why: str) -> None:
        """Stop whatever runs; closing twice does nothing."""
        session = self.session
        session.abandon(why)
        if session.to_stop is not None:
            self._stop(session.to_stop)
        elif session.live is not None:
            close_quietly(session.live.events)

    def _once(self) -> None:
        """Do the one thing that is due."""
        session = self.session
        if session.aborted is not None:
            session.heed_abort()
        if session.to_stop is not None:
            self._stop(session.to_stop)
        elif session.to_start is not None:
            session.start(_events)
            if session.live is not None:
                self._pull(session.live)
        elif session.live is not None:
            self._pull(session.live)
        elif session.result is None:
            session.resources.clock.sleep_until(session.wake_at, session.bell.listen())
            session.slept()

    def _pull(self, live: Live[Iterator[ProviderEvent]]) -> None:
        """Take what the provider yields until there is something to show, or the attempt ends."""
        session = self.session
        try:
            while session.live is live and not session.shown and session.aborted is None:
                session.took(live, next_event(live.events))
        except AttemptError as error:
            failure = error
        else:
            if session.live is not live and live.end is None:
                close_quietly(live.events)
            return
        close_quietly(live.events)
        session.failed(live.call.id, failure, live.reported)

    def _stop(self, live: Live[Iterator[ProviderEvent]]) -> None:
        close_quietly(live.events)
        self.session.stopped(live)


def _events(provider: Provider) -> Callable[[Call], Iterator[ProviderEvent]]:
    return provider.events
