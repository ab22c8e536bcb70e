"""What the drivers' tests share: a desk that lends what a client lends, and both colors."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple

from llmroute.driver import asynchronous, sync
from llmroute.driver.clock import SystemClock
from llmroute.driver.session import Order
from llmroute.errors import AttemptError, LLMRouteError
from llmroute.flow import occurrences as on
from llmroute.health.admission import OPEN
from llmroute.testing import Delay
from llmroute.types.calls import Cancel
from llmroute.types.events import Opened
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.requests import Request
from tests.flow.harness import plan_of, remote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llmroute.driver.asynchronous import AsyncDriver
    from llmroute.driver.sync import Driver
    from llmroute.health.admission import Gate
    from llmroute.testing import ScriptedProvider
    from llmroute.types.calls import Call, Clock, Provider
    from llmroute.types.events import Event, ProviderEvent
    from llmroute.types.models import Model
    from llmroute.types.reply import Attempt, Reply
    from llmroute.types.requests import OnBreak

COLORS = ("sync", "async")
HANG = Delay(math.inf)
SOON_S = 0.01
"""Seconds until the hedge, where one is wanted."""


class Desk:
    """Lends providers to calls, and keeps what it is told of their attempts."""

    def __init__(self, *providers: Provider, clock: Clock | None = None) -> None:
        """Lend to models m0, m1 and so on."""
        self.clock = clock or SystemClock()
        self.models = [remote(f"m{number}") for number in range(len(providers))]
        self._providers = dict(zip((one.name for one in self.models), providers, strict=True))
        self.flying: list[str] = []
        self.records: list[Attempt] = []
        self.dropped: list[str] = []

    def provider(self, model: Model) -> Provider:
        """Lend the provider of a model."""
        return self._providers[model.name]

    def key(self, model: Model) -> None:
        """No model has a key."""

    def started(self, model: Model) -> None:
        """Count an attempt in."""
        self.flying.append(model.name)

    def record(self, attempt: Attempt, order: Order) -> None:
        """Count it out, with its record."""
        del order
        self.flying.remove(attempt.model.name)
        self.records.append(attempt)

    def gone(self, model: Model) -> None:
        """Count it out without any."""
        self.flying.remove(model.name)
        self.dropped.append(model.name)

    @property
    def outcomes(self) -> list[tuple[str, str, str | None]]:
        """The records as (model, outcome, fault), in the order of their start."""
        return [
            (one.model.name, one.outcome, one.fault.kind if one.fault else None)
            for one in sorted(self.records, key=lambda one: one.number)
        ]


class How(NamedTuple):
    """What a call is made with."""

    stream: bool = True
    hedge_s: float | None = SOON_S
    on_break: OnBreak = "raise"
    limits: Limits = Limits(attempts_per_model=1)
    gate: Gate = OPEN

    def order(self, desk: Desk) -> Order:
        """One call to the desk's models, in their order."""
        snapshot = on.Snapshot(
            self.limits,
            stream=self.stream,
            on_break=self.on_break,
            gate=self.gate,
            hedge_s=self.hedge_s,
        )
        return Order(Request((Message.user("hi"),)), plan_of(*desk.models), snapshot)


class Played(NamedTuple):
    """What a caller saw."""

    events: tuple[Event, ...]
    reply: Reply[object] | None
    error: LLMRouteError | None


def play(color: str, desk: Desk, how: How) -> Played:
    """Make a call in one color, and read it to its end."""
    if color == "sync":
        return _read(sync.driver_for(how.order(desk), desk))

    async def run() -> Played:
        before = asyncio.all_tasks()
        played = await _aread(asynchronous.driver_for(how.order(desk), desk))
        assert asyncio.all_tasks() == before
        return played

    return asyncio.run(run())


def _read(driver: Driver) -> Played:
    events: list[Event] = []
    try:
        while (event := driver.next_event()) is not None:
            events.append(event)
        return Played(tuple(events), driver.session.answer(), None)
    except LLMRouteError as error:
        return Played(tuple(events), None, error)


async def _aread(driver: AsyncDriver) -> Played:
    events: list[Event] = []
    try:
        while (event := await driver.next_event()) is not None:
            events.append(event)
        return Played(tuple(events), driver.session.answer(), None)
    except LLMRouteError as error:
        return Played(tuple(events), None, error)


class After:
    """Answers as another provider does, once something has happened; it may be cancelled before."""

    def __init__(self, happened: Cancel, then: ScriptedProvider) -> None:
        """Wait for `happened`."""
        self._happened = happened
        self._then = then
        self.calls: list[Call] = []

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Wait in this thread."""
        self.calls.append(call)
        yield Opened()
        call.clock.sleep_until(math.inf, self._either(call))
        _check(call)
        yield from self._then.events(call)

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Wait in this task."""
        self.calls.append(call)
        yield Opened()
        await call.clock.asleep_until(math.inf, self._either(call))
        _check(call)
        async for event in self._then.aevents(call):
            yield event

    def _either(self, call: Call) -> Cancel:
        either = Cancel()
        for one in (self._happened, call.cancel):
            one.on_set(lambda: either.set("go on"))
        return either


def _check(call: Call) -> None:
    if call.cancel.is_set:
        raise AttemptError("interrupted", "it was cancelled")


class Telling:
    """Does as another provider, and tells when it was asked and when its attempt was over."""

    def __init__(self, then: Provider) -> None:
        """Nothing has happened yet."""
        self._then = then
        self.asked = Cancel()
        self.over = Cancel()

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Answer in this thread."""
        self.asked.set("asked")
        try:
            yield from self._then.events(call)
        finally:
            self.over.set("over")

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer in this task."""
        self.asked.set("asked")
        try:
            async for event in self._then.aevents(call):
                yield event
        finally:
            self.over.set("over")
