"""What both drivers share: the flow of one call, its commands, and the attempt under way."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from llmroute.errors import AttemptError, ClosedError, LLMRouteError
from llmroute.flow import Flow
from llmroute.flow import commands as do
from llmroute.flow import occurrences as on
from llmroute.types.calls import Call, Cancel, Timer
from llmroute.types.events import End, Opened, Text, UsageReport

from .asking import asked
from .bell import Bell
from .hooks import guarded, shielded
from .sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Clock, Provider
    from llmroute.types.events import Event, ProviderEvent
    from llmroute.types.models import Model
    from llmroute.types.plans import Plan
    from llmroute.types.reply import Attempt, Reply
    from llmroute.types.requests import Request
    from llmroute.types.secrets import Secret
    from llmroute.types.usage import Usage

    Reported = tuple[Usage | None, str | None]

Events = TypeVar("Events")
NOTHING: Reported = (None, None)


class Resources(Protocol):
    """What a client lends to a call."""

    @property
    def clock(self) -> Clock:
        """The time that limits are counted in."""
        ...

    def provider(self, model: Model) -> Provider:
        """The provider that answers for `model`."""
        ...

    def key(self, model: Model) -> Secret | None:
        """The key of `model`; raises AttemptError when it is missing or cannot be sent."""
        ...

    def started(self, model: Model) -> None:
        """Tell the observers that an attempt is under way; `record` or `gone` follows."""
        ...

    def record(self, attempt: Attempt, order: Order) -> None:
        """Tell the observers of a finished attempt of this call."""
        ...

    def gone(self, model: Model) -> None:
        """Tell the observers of an attempt that nobody will finish; from any thread."""
        ...


class Order(NamedTuple):
    """One call as the client hands it over."""

    request: Request
    plan: Plan
    snapshot: on.Snapshot


class Live(Generic[Events]):
    """The attempt under way: its call and the provider's events."""

    __slots__ = ("call", "end", "events", "reported")

    def __init__(self, call: Call, events: Events) -> None:
        """Hold `events`, an iterator or an async iterator."""
        self.call = call
        self.events = events
        self.end: End | None = None
        self.reported: Reported = NOTHING


class Session(Generic[Events]):
    """One call under way; `abort` may be called from any thread, the rest from one at a time.

    `bell` ends a sleep of the driver; whoever rings it, from any thread, gets a `Tick` fed.
    """

    def __init__(self, order: Order, resources: Resources) -> None:
        """Begin nothing yet: the deadline runs from the first `pulled`."""
        self._order = order
        self.resources = resources
        self._clock = resources.clock
        self._now = resources.clock.now
        self._flow = Flow()
        self._step = self._flow.step
        self._begun = False
        self.aborted: on.Abandoned | on.Closing | None = None
        self.bell = Bell()
        self.wake_at = 0.0
        self.shown: deque[Event] = deque()
        self.result: Reply[object] | LLMRouteError | None = None
        self.live: Live[Events] | None = None
        self.to_start: do.Start | None = None
        self.to_stop: Live[Events] | None = None
        self._flying: dict[int, Model] = {}

    def __del__(self) -> None:
        """Whoever drops a stream that was not closed does not leave its attempts counted."""
        self.bell.over = True
        if self._flying:
            self._flow.drop()
            for model in self._flying.values():
                self.resources.gone(model)

    def feed(self, occurrence: on.Occurrence) -> None:
        """Report what happened and take the commands down."""
        for command in self._step(self._now(), occurrence):
            self._apply(command)

    def pulled(self) -> None:
        """The caller wants the next event, or the answer."""
        if self._begun:
            self.feed(on.WANTED)
        else:
            self._begun = True
            order = self._order
            request = shielded(order.request)
            self.feed(on.Begin(order.plan, order.snapshot, request, self.bell.ring))

    def slept(self) -> None:
        """The driver's sleep is over, or was ended."""
        self.bell.heard()
        self.heed_abort()
        self.feed(on.TICK)

    def abort(self, occurrence: on.Abandoned | on.Closing) -> None:
        """Stop from any thread: the provider is told at once, the flow at the next step."""
        if self.aborted is None:
            self.aborted = occurrence
        self.bell.ring()
        live = self.live
        if live is not None:  # one that starts after this line finds `aborted` set
            live.call.cancel.set("stopped from outside")

    def heed_abort(self) -> None:
        """Tell the flow of an abort, once."""
        if self.aborted is not None and self.result is None:
            occurrence, self.aborted = self.aborted, None
            if isinstance(occurrence, on.Abandoned):
                self.abandon(occurrence.why)
            else:
                self.feed(occurrence)

    def abandon(self, why: str) -> None:
        """The caller leaves; whoever pulls again gets a typed error."""
        if self.result is None:
            self.feed(on.Abandoned(why))
            self._finish(ClosedError(why))

    def start(self, events_of: Callable[[Provider], Callable[[Call], Events]]) -> None:
        """Begin the attempt that is due; `events_of` takes the method of this color."""
        start, self.to_start = self.to_start, None
        if start is not None:
            self.live = self.begun(start, events_of)

    def begun(
        self, start: do.Start, events_of: Callable[[Provider], Callable[[Call], Events]]
    ) -> Live[Events] | None:
        """Begin an attempt; None when it has failed already, which is reported."""
        self._flying[start.id] = start.model
        self.resources.started(start.model)
        try:
            call = self.call(start)
            events = events_of(self.resources.provider(start.model))
            return Live(call, guarded(partial(events, call), "the provider"))
        except AttemptError as error:
            failure = error
        self.failed(start.id, failure)
        return None

    def call(self, start: do.Start) -> Call:
        """Make the call of an attempt; raises AttemptError when there is no key for it."""
        order = self._order
        return Call(  # by place, since names cost as much again
            start.id,
            start.model,
            asked(order, start.model, start.prefix),
            order.snapshot.stream,
            order.snapshot.limits,
            self._clock,
            start.deadline_at,
            Timer(start.limit_at),
            Cancel(),
            start.connect_s,
            start.prefix,
            self.resources.key(start.model),
        )

    def took(self, live: Live[Events], event: ProviderEvent | None) -> None:
        """Report an event of the provider; None is its end."""
        occurrence: on.Got | on.Opened
        if isinstance(event, Text):
            occurrence = on.Got(live.call.id, event, size_of(event))
        elif isinstance(event, UsageReport):
            live.reported = event
            return
        elif isinstance(event, End):
            live.end = event
            return
        elif event is None:
            self._exhausted(live)
            return
        elif isinstance(event, Opened):
            occurrence = on.Opened(live.call.id)
        else:
            occurrence = on.Got(live.call.id, event, size_of(event))
        for command in self._step(self._now(), occurrence):
            self._apply(command)

    def _exhausted(self, live: Live[Events]) -> None:
        if live.end is None:
            error = AttemptError("cut_short", "the provider stopped without end")
            self.failed(live.call.id, error, live.reported)
        else:
            self.left(live.call.id)
            self.feed(on.Ended(live.call.id, live.end, *live.reported))

    def failed(self, attempt_id: int, error: AttemptError, reported: Reported = NOTHING) -> None:
        """Report that an attempt is over; an abort that caused it comes first."""
        self.left(attempt_id)
        self.heed_abort()
        self.feed(on.Failed(attempt_id, error, *reported))

    def left(self, attempt_id: int) -> None:
        """Forget an attempt that is over."""
        del attempt_id  # there is but one
        self.live = None

    def stopped(self, live: Live[Events]) -> None:
        """Report that a cancelled attempt has come to its end."""
        if self.to_stop is live:
            self.to_stop = None
        error = AttemptError("interrupted", live.call.cancel.why or "")
        self.feed(on.Failed(live.call.id, error, *live.reported))

    def answer(self) -> Reply[object]:
        """The reply; raises the error that the call ended in."""
        if isinstance(self.result, LLMRouteError):
            raise self.result
        assert self.result is not None  # noqa: S101 - the drivers run until there is a result
        return self.result

    def _apply(self, command: do.Command) -> None:
        if isinstance(command, do.Emit):
            self.shown.append(command.event)
        elif isinstance(command, do.WakeAt):
            self.wake_at = command.moment
            if self.live is not None:
                self.live.call.timer.at = command.moment
        elif isinstance(command, do.Start):
            self.to_start = command
        elif isinstance(command, do.Record):
            self._flying.pop(command.attempt.number, None)
            self.resources.record(command.attempt, self._order)
        elif isinstance(command, do.Cancel):
            self._cancel(command.id, command.why)
        else:
            self._finish(command[0])

    def _finish(self, result: Reply[object] | LLMRouteError) -> None:
        self.result = result
        self.bell.over = True

    def _cancel(self, attempt_id: int, why: str) -> None:
        live = self.live
        if live is not None and live.call.id == attempt_id:
            live.call.cancel.set(why)
            self.to_stop, self.live = live, None
        elif self.to_start is not None and self.to_start.id == attempt_id:
            self.to_start = None
