"""Calls that may run several attempts at once: what both colors share."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from llmroute.flow import commands as do
from llmroute.flow import occurrences as on
from llmroute.types.events import UsageReport

from .session import Events, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Call, Provider
    from llmroute.types.events import ProviderEvent

    from .session import Live, Order, Resources

LET_GO_S = 0.02
"""Seconds that a call waits at its end for cancelled attempts; our own providers need less."""


class RacingSession(Session[Events]):
    """One call that may hedge.

    Attempts begin as racers: each runs beside the caller until the deadline, since the flow keeps
    their limits and cancels them. The first that shows something has won: the flow cancels the
    others, and from then on it is `live`, as in a call that does not hedge, and costs no more.
    """

    def __init__(self, order: Order, resources: Resources) -> None:
        """Begin nothing yet."""
        super().__init__(order, resources)
        self.due: deque[do.Start] = deque()
        self.racers: dict[int, Live[Events]] = {}
        self.losers: dict[int, Live[Events]] = {}  # cancelled, and not yet at their end

    def enter(
        self, events_of: Callable[[Provider], Callable[[Call], Events]]
    ) -> Live[Events] | None:
        """Begin the next attempt that is due; None when it has failed already."""
        start = self.due.popleft()
        racer = self.begun(start._replace(limit_at=start.deadline_at), events_of)
        if racer is not None:
            self.racers[start.id] = racer
        return racer

    def won(self, racer: Live[Events]) -> None:
        """The race is decided: the caller's own thread or task goes on with this one."""
        del self.racers[racer.call.id]
        self.live = racer

    def took(self, live: Live[Events], event: ProviderEvent | None) -> None:
        """Report an event; what it used is told at once: it may lose in a moment."""
        super().took(live, event)
        if isinstance(event, UsageReport):
            self.feed(on.Used(live.call.id, *event))

    def left(self, attempt_id: int) -> None:
        """Forget an attempt that is over."""
        if self.racers.pop(attempt_id, None) is None:
            super().left(attempt_id)

    def stopped(self, live: Live[Events]) -> None:
        """Report that a cancelled attempt has come to its end."""
        self.losers.pop(live.call.id, None)
        super().stopped(live)

    def _apply(self, command: do.Command) -> None:
        if isinstance(command, do.Start):
            self.due.append(command)
        else:
            super()._apply(command)

    def _cancel(self, attempt_id: int, why: str) -> None:
        racer = self.racers.pop(attempt_id, None)
        if racer is not None:
            self.losers[attempt_id] = racer
            racer.call.cancel.set(why)
            return
        self.due = deque(start for start in self.due if start.id != attempt_id)
        super()._cancel(attempt_id, why)
