"""The driver for plain threads that hedges: each attempt begins in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

from llmroute.errors import AttemptError, LLMRouteError
from llmroute.types.calls import SharedClock
from llmroute.types.events import UsageReport

from .hooks import close_quietly, next_event
from .racing import LET_GO_S
from .sync import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llmroute.types.calls import Call, Clock, Provider
    from llmroute.types.events import Event, ProviderEvent

    from .bell import Bell
    from .racing import RacingSession
    from .session import Live

    Item = ProviderEvent | LLMRouteError | None  # None: the end
    Mail = deque[tuple["Racer", Item]]

Turn = Literal["go on", "stop", "leave"]


class RealTime:
    """Time that passes, whoever sleeps."""

    def join(self, thread: threading.Thread) -> None:
        """Stop nothing."""

    def leave(self, thread: threading.Thread) -> None:
        """Resume nothing."""


REAL_TIME = RealTime()


def shared(clock: Clock) -> SharedClock:
    """What a clock wants to know of the threads that use it."""
    return clock if isinstance(clock, SharedClock) else REAL_TIME


class Racer:
    """An attempt in a thread of its own, which hands over one event and waits for its turn.

    So it never runs ahead of its caller, and can leave what it has begun to the caller's thread.
    """

    def __init__(self, live: Live[Iterator[ProviderEvent]], mail: Mail, bell: Bell) -> None:
        """Begin nothing yet; once begun, its thread ends soon after its call was cancelled."""
        self.live = live
        self._mail = mail
        self._bell = bell
        self._time = shared(live.call.clock)
        self._turns: SimpleQueue[Turn] = SimpleQueue()
        self._forget = live.call.cancel.on_set(self.stop)
        run = copy_context().run
        self.thread = threading.Thread(target=run, args=(self._run,), daemon=True)
        self.thread.name = "llmroute-attempt"

    def start(self) -> None:
        """Let it pull the first event."""
        self._time.join(self.thread)
        self.thread.start()

    def go_on(self) -> None:
        """Let it pull another event."""
        self._time.join(self.thread)
        self._turns.put("go on")

    def stop(self) -> None:
        """Let it end the attempt when it has its turn."""
        self._turns.put("stop")

    def leave(self) -> None:
        """Let its thread end where it waits; whoever called goes on with the attempt."""
        self._turns.put("leave")

    def _run(self) -> None:
        end: Item = AttemptError("provider_bug", "the provider ended its thread")
        turn: Turn | None = None
        try:
            turn = self._drain()
            end = None
        except LLMRouteError as error:
            end = error
        finally:
            self._forget()
            if turn != "leave":
                close_quietly(self.live.events)
                self._post(end)
            self._time.leave(self.thread)

    def _drain(self) -> Turn | None:
        """Hand over event after event; None at the end, else the turn that ends it."""
        while (event := next_event(self.live.events)) is not None:
            self._post(event)
            self._time.leave(self.thread)
            turn = self._turns.get()
            if turn != "go on":
                return turn
        return None

    def _post(self, item: Item) -> None:
        self._mail.append((self, item))
        self._bell.ring()


class RacingDriver(Driver):
    """Runs one call; the calling thread alone knows the flow, and reads what the threads post."""

    def __init__(self, session: RacingSession[Iterator[ProviderEvent]]) -> None:
        """Prepare; nothing is sent before the first pull."""
        super().__init__(session)
        self._racing = session
        self._mail: Mail = deque()
        self._racers: dict[int, Racer] = {}  # whose threads have not posted their end
        self._time = shared(session.resources.clock)

    def next_event(self) -> Event | None:
        """Run until there is an event to show; None at the end."""
        thread = threading.current_thread()
        self._time.join(thread)
        try:
            event = super().next_event()
        finally:
            self._time.leave(thread)
        if self._racers and self._racing.result is not None:
            self._settle()
        return event

    def close(self, why: str) -> None:
        """Stop whatever runs; closing twice does nothing."""
        super().close(why)
        self._settle()

    def _once(self) -> None:
        session = self._racing
        if session.aborted is not None:
            session.heed_abort()
        if self._mail:
            self._read(*self._mail.popleft())
        elif session.due:
            self._enter()
        elif session.live is not None or session.to_stop is not None:
            super()._once()
        elif session.result is None:
            self._sleep()

    def _enter(self) -> None:
        """Begin the attempt that is due in a thread, known before it runs: Ctrl-C may come."""
        live = self._racing.enter(_lazily)
        if live is not None:
            racer = self._racers[live.call.id] = Racer(live, self._mail, self._racing.bell)
            racer.start()

    def _sleep(self) -> None:
        """Sleep until a thread posts something, or the flow wants to see the time."""
        session = self._racing
        session.resources.clock.sleep_until(session.wake_at, session.bell.listen())
        if self._mail:
            session.bell.heard()
        else:
            session.slept()

    def _read(self, racer: Racer, item: Item) -> None:
        """Take what a thread has posted."""
        session, live = self._racing, racer.live
        over = item is None or isinstance(item, LLMRouteError)
        if over:
            self._racers.pop(live.call.id, None)
        if live.call.id in session.racers:
            self._report(racer, item)
        elif live.call.id in session.losers:
            if over:
                session.stopped(live)
            elif isinstance(item, UsageReport):
                live.reported = item

    def _report(self, racer: Racer, item: Item) -> None:
        session, live = self._racing, racer.live
        try:
            if isinstance(item, LLMRouteError):
                raise item
            session.took(live, item)
        except AttemptError as error:
            failure = error
        else:
            if live.call.id in session.racers:
                self._go_on(racer)
            return
        racer.stop()
        session.failed(live.call.id, failure, live.reported)

    def _go_on(self, racer: Racer) -> None:
        """Let an attempt pull on: in its thread, or in this one when it has won."""
        if self._racing.shown:
            self._racing.won(racer.live)
            racer.leave()
            del self._racers[racer.live.call.id]
        else:
            racer.go_on()

    def _settle(self) -> None:
        """Wait for the threads of cancelled attempts, a moment; then their ends are reported."""
        let_go_at = time.monotonic() + LET_GO_S
        for racer in self._racers.values():
            if racer.thread.is_alive():  # not when Ctrl-C came before it was started
                racer.thread.join(max(0.0, let_go_at - time.monotonic()))
        while self._mail:
            self._read(*self._mail.popleft())
        for live in list(self._racing.losers.values()):
            self._racing.stopped(live)
        self._racers.clear()


def _lazily(provider: Provider) -> Callable[[Call], Iterator[ProviderEvent]]:
    """Begin at the first pull, so that a provider whose `events` waits holds no caller."""

    def events(call: Call) -> Iterator[ProviderEvent]:
        yield from provider.events(call)

    return events
