"""What a hedge costs, how soon its loser is gone from the server, and whether deadlines hold."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
import time
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.cancel import Stalling
from benchmarks.measure import Row, cpu_s, show
from llmroute.driver import asynchronous, sync
from llmroute.driver.clock import SystemClock
from llmroute.driver.session import Order
from llmroute.errors import DeadlineExceededError
from llmroute.flow.occurrences import Snapshot
from llmroute.health import Observations
from llmroute.health.waits import wait_s
from llmroute.providers import open_codec
from llmroute.providers.http_provider import HttpProvider
from llmroute.providers.transport import Transport
from llmroute.types.events import End, Opened, Text
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.models import Endpoint, Model
from llmroute.types.plans import Candidate, Plan
from llmroute.types.prices import Price
from llmroute.types.reply import Attempt
from llmroute.types.requests import Request
from llmroute.types.usage import TokenCount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from llmroute.types.calls import Call, Provider
    from llmroute.types.events import ProviderEvent

BATCHES, CALLS = 12, 100
LEARNING_US = 1.0
LOSERS, LONGEST_S = 60, 0.1
DEADLINE_S, LATE_S, ROUNDS = 0.5, 0.05, 5
REQUEST = Request((Message.user("Why is the sky blue?"),))
WORDS: tuple[ProviderEvent, ...] = (Opened(), Text("It scatters."), End("stop"))


class Speaking:
    """Answers at once."""

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Answer in this thread."""
        del call
        yield from WORDS

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer in this task."""
        del call
        for event in WORDS:
            yield event


class Silent:
    """Says nothing until it is cancelled."""

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Hold this thread."""
        call.clock.sleep_until(call.deadline_at, call.cancel)
        yield from WORDS

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Hold this task."""
        await call.clock.asleep_until(call.deadline_at, call.cancel)
        for event in WORDS:
            yield event


class Stuck:
    """Holds its thread, whatever it is told; a task that does so would hold the whole loop."""

    def __init__(self) -> None:
        """Hold on."""
        self.let_go = threading.Event()

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Hold this thread."""
        del call
        self.let_go.wait()
        yield from WORDS

    def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer likewise."""
        raise NotImplementedError


class Lent(NamedTuple):
    """What a client lends: two models and their providers."""

    clock: SystemClock
    models: tuple[Model, ...]
    providers: tuple[Provider, ...]

    def provider(self, model: Model) -> Provider:
        """The provider of a model."""
        return self.providers[self.models.index(model)]

    def key(self, model: Model) -> None:
        """No model has a key."""

    def started(self, model: Model) -> None:
        """Nobody counts."""

    def record(self, attempt: Attempt, order: Order) -> None:
        """Nobody observes."""

    def gone(self, model: Model) -> None:
        """Nobody counts."""


def lent(*providers: Provider, url: str = "http://127.0.0.1:9") -> Lent:
    """Two models and who answers for them."""
    price = Price(Decimal(1), Decimal(1))
    models = tuple(
        Model(
            name, "test", "m", "openai-chat", endpoint=Endpoint(f"{url}/v1", url, name), price=price
        )
        for name, _ in zip("ab", providers, strict=True)
    )
    return Lent(SystemClock(), models, providers)


def order(one: Lent, hedge_s: float | None, *, stream: bool, deadline_s: float = 60.0) -> Order:
    """A call that tries the two in turn."""
    candidates = tuple(Candidate(model) for model in one.models)
    plan = Plan(candidates, (), TokenCount(100, "estimate", 90, 110), "test", "in order")
    return Order(REQUEST, plan, Snapshot(Limits(deadline_s=deadline_s), stream, hedge_s=hedge_s))


KINDS: dict[str, tuple[tuple[Provider, Provider], float | None]] = {
    "plain": ((Speaking(), Speaking()), None),
    "a hedge that is not needed": ((Speaking(), Speaking()), 60.0),
    "a hedge at once": ((Silent(), Speaking()), 0.0),
}


def sync_cost_us(kind: str) -> float:
    """The least CPU microseconds of a call, of several batches."""
    providers, hedge_s = KINDS[kind]
    desk = lent(*providers)

    def call() -> object:
        return sync.driver_for(order(desk, hedge_s, stream=False), desk).run()

    return min(cpu_s(call, CALLS) for _ in range(BATCHES)) * 1e6


async def async_cost_us(kind: str) -> float:
    """The same on an event loop."""
    providers, hedge_s = KINDS[kind]
    desk = lent(*providers)
    took: list[float] = []
    for _ in range(BATCHES):
        begun = time.process_time()
        for _ in range(CALLS):
            await asynchronous.driver_for(order(desk, hedge_s, stream=False), desk).run()
        took.append((time.process_time() - begun) / CALLS)
    return min(took) * 1e6


class Noted:
    """Does as another provider, and notes when it is cancelled."""

    def __init__(self, then: Provider) -> None:
        """Note nothing yet."""
        self._then = then
        self.cancelled_s: queue.Queue[float] = queue.Queue()

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Answer in this thread."""
        call.cancel.on_set(self._note)
        return self._then.events(call)

    def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer in this task."""
        call.cancel.on_set(self._note)
        return self._then.aevents(call)

    def _note(self) -> None:
        self.cancelled_s.put(time.perf_counter())


class Late(Speaking):
    """Speaks once the other one's request is at its server."""

    def __init__(self, mute: Stalling) -> None:
        """Wait for `mute`."""
        self._mute = mute

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Wait in this thread."""
        self._mute.asked.get(timeout=10)
        yield from super().events(call)

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Wait in another thread."""
        await asyncio.to_thread(self._mute.asked.get, timeout=10)
        async for event in super().aevents(call):
            yield event


@contextlib.contextmanager
def losing() -> Generator[tuple[Stalling, Noted, Lent]]:
    """Run the server, and lend a model at it before one that speaks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        http = HttpProvider(open_codec("openai-chat"), Transport())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        mute, noted = Stalling(listener, b""), Noted(http)
        yield mute, noted, lent(noted, Late(mute), url=url)
        http.close()


def losers_in_threads() -> list[float]:
    """Seconds from the cancel of a loser to the end of its connection at the server."""
    took_s: list[float] = []
    with losing() as (mute, noted, desk):
        for _ in range(LOSERS):
            sync.driver_for(order(desk, 0.0, stream=True), desk).next_event()
            took_s.append(mute.gone_s.get(timeout=10) - noted.cancelled_s.get(timeout=10))
    return took_s


async def losers_in_tasks() -> list[float]:
    """The same on an event loop."""
    took_s: list[float] = []
    with losing() as (mute, noted, desk):
        for _ in range(LOSERS):
            driver = asynchronous.driver_for(order(desk, 0.0, stream=True), desk)
            await driver.next_event()
            gone_s = await asyncio.to_thread(mute.gone_s.get, timeout=10)
            took_s.append(gone_s - noted.cancelled_s.get(timeout=10))
            await driver.close("enough")
    return took_s


def learning_us() -> float:
    """CPU microseconds to keep how long an answer took."""
    chance, observations, model = Random(1), Observations(), lent(Speaking(), Speaking()).models[0]  # noqa: S311 - no secret
    attempts = [
        Attempt(1, model, "answered", 0.0, chance.lognormvariate(0, 1)) for _ in range(CALLS * 10)
    ]

    def learn() -> None:
        for attempt in attempts:
            seconds = wait_s(attempt, None, stream=False)
            if seconds is not None:
                observations.waited(model, seconds, stream=False)

    return min(cpu_s(learn, 1) for _ in range(BATCHES)) / len(attempts) * 1e6


def late_s() -> float:
    """How much a call overruns its deadline while both of its threads are stuck, at worst."""
    took_s: list[float] = []
    for _ in range(ROUNDS):
        stuck = Stuck()
        desk = lent(stuck, stuck)
        driver = sync.driver_for(order(desk, 0.1, stream=False, deadline_s=DEADLINE_S), desk)
        begun = time.perf_counter()
        with contextlib.suppress(DeadlineExceededError):
            driver.run()
        took_s.append(time.perf_counter() - begun - DEADLINE_S)
        stuck.let_go.set()
    return max(took_s)


def rows() -> list[Row]:
    """Every figure of this file."""
    costs = [
        Row(f"a call with {kind}, {color} (CPU)", cost, "us")
        for kind in KINDS
        for color, cost in (
            ("sync", sync_cost_us(kind)),
            ("async", asyncio.run(async_cost_us(kind))),
        )
    ]
    what = f"cancel of a loser to the end of its connection, worst of {LOSERS}"
    return [
        *costs,
        Row("to keep how long an answer took (CPU)", learning_us(), "us", LEARNING_US),
        Row(f"{what}, sync", max(losers_in_threads()), "s", LONGEST_S),
        Row(f"{what}, async", max(asyncio.run(losers_in_tasks())), "s", LONGEST_S),
        Row(f"past a deadline of {DEADLINE_S} s, threads stuck", late_s(), "s", LATE_S),
    ]


if __name__ == "__main__":
    print(show(rows(), f"CPU: the least of {BATCHES} batches of {CALLS}"))
