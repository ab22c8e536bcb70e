"""A thousand cancels, whichever way and at whatever moment: nothing is left of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, ClosedError, Limits
from llmroute.driver.session import Session
from llmroute.types.events import Text
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from llmroute.catalog import Declaration

WAIT_S = 20.0
"""Seconds until nothing may be left, on the slowest machine."""
TURNS = 100
"""Cancels of each of the ten ways."""
LIMITS = Limits(deadline_s=60, first_token_s=60, between_tokens_s=60)
# Where a call is when it is cancelled: the fault it meets, and what is waited for before.
MOMENTS = (
    ("stall_headers", "nothing"),
    ("stall_midstream", "content"),
    ("stall_headers", "request"),
    ("slow_drip;pause=0.001", "content"),
    ("stall_first", "request"),
)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server of one's own, so that its connections are the test's."""
    with FaultServer() as running:
        yield running


def models_at(server: FaultServer) -> list[Declaration]:
    """A model for each moment."""
    return [
        llmroute.model(
            f"m{at}",
            use="openai-compatible",
            base_url=server.url_for(fault),
            model="m",
            context_tokens=8192,
        )
        for at, (fault, _) in enumerate(MOMENTS)
    ]


class Left:
    """What there is besides the server: connections, open files, threads, calls in memory."""

    def __init__(self, server: FaultServer) -> None:
        """Count what there is before."""
        self._server = server
        self._before = self._counted()

    def nothing_more(self) -> bool:
        """Whether there is no more than before."""
        gc.collect()
        counts = zip(self._counted(), self._before, strict=True)
        return all(now <= before for now, before in counts)

    def _counted(self) -> tuple[int, ...]:
        threads = [one for one in threading.enumerate() if not one.name.startswith("faults")]
        files = Path("/dev/fd")
        opened = len(list(files.iterdir())) if files.is_dir() else 0
        calls = sum(isinstance(one, Session) for one in gc.get_objects())
        return self._server.open_connections, opened, len(threads), calls


def soon(true: Callable[[], bool]) -> bool:
    """Wait until something is true."""
    until = time.monotonic() + WAIT_S
    while not true() and time.monotonic() < until:
        time.sleep(0.001)
    return true()


async def asoon(true: Callable[[], bool]) -> bool:
    """Wait likewise, in a task."""
    until = time.monotonic() + WAIT_S
    while not true() and time.monotonic() < until:  # noqa: ASYNC110 - others know no event
        await asyncio.sleep(0.001)
    return true()


def nothing_in_flight(client: Client | AsyncClient) -> bool:
    """Whether the client believes that no attempt is under way."""
    return not any(one.in_flight for one in client.observations.seen.values())


class Turn:
    """One call: its model, and the moment at which it is cancelled."""

    def __init__(self, server: FaultServer, number: int) -> None:
        """Count the requests before it."""
        self.model = f"m{number % len(MOMENTS)}"
        self.moment = MOMENTS[number % len(MOMENTS)][1]
        self.shown = False
        self._server = server
        self._before = len(server.requests)

    def reached(self) -> bool:
        """Whether the call is where it is to be cancelled."""
        if self.moment == "content":
            return self.shown
        return self.moment == "nothing" or len(self._server.requests) > self._before

    def read(self, client: Client) -> None:
        """Read some content, where there is any, and leave."""
        with client.stream("hi", model=self.model) as stream:
            if self.moment == "content":
                next(stream.text)

    async def aread(self, client: AsyncClient) -> None:
        """Read likewise."""
        async with client.stream("hi", model=self.model) as stream:
            if self.moment == "content":
                await anext(stream.text)


def closed_by_a_thread(client: Client, turn: Turn) -> None:
    """Another thread closes the stream while it is read."""
    stream = client.stream("hi", model=turn.model)

    def read() -> None:
        with contextlib.suppress(ClosedError):
            for event in stream:
                turn.shown = turn.shown or isinstance(event, Text)

    reader = threading.Thread(target=read)
    reader.start()
    assert soon(turn.reached)
    stream.close()
    reader.join(WAIT_S)
    assert not reader.is_alive()


def left_early(client: Client, turn: Turn) -> None:
    """The block is left before the stream's end."""
    turn.read(client)


def dropped(client: Client, turn: Turn) -> None:
    """Nobody closes the stream."""
    stream = client.stream("hi", model=turn.model)
    if turn.moment == "content":
        next(stream.text)


def client_closed(client: Client, turn: Turn) -> None:
    """The client is closed by another thread while it answers."""

    def ask() -> None:
        with contextlib.suppress(ClosedError):
            for event in client.stream("hi", model=turn.model):
                turn.shown = turn.shown or isinstance(event, Text)

    reader = threading.Thread(target=ask)
    reader.start()
    assert soon(turn.reached)
    client.close()
    reader.join(WAIT_S)
    assert not reader.is_alive()


async def task_cancelled(client: AsyncClient, turn: Turn) -> None:
    """The task is cancelled; of those that read nothing, it asks for a whole answer."""

    async def ask() -> None:
        if turn.moment == "request":
            await client.chat("hi", model=turn.model)
        async for event in client.stream("hi", model=turn.model):
            turn.shown = turn.shown or isinstance(event, Text)

    task = asyncio.create_task(ask())
    assert await asoon(turn.reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def timed_out(client: AsyncClient, turn: Turn) -> None:
    """The caller waits no longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.005):
            async for event in client.stream("hi", model=turn.model):
                turn.shown = turn.shown or isinstance(event, Text)


async def closed_by_a_task(client: AsyncClient, turn: Turn) -> None:
    """Another task closes the stream while it is read."""
    stream = client.stream("hi", model=turn.model)

    async def read() -> None:
        with contextlib.suppress(ClosedError):
            async for event in stream:
                turn.shown = turn.shown or isinstance(event, Text)

    task = asyncio.create_task(read())
    assert await asoon(turn.reached)
    await stream.close()
    await asyncio.wait_for(task, WAIT_S)


async def aleft_early(client: AsyncClient, turn: Turn) -> None:
    """The block is left before the stream's end."""
    await turn.aread(client)


async def adropped(client: AsyncClient, turn: Turn) -> None:
    """Nobody closes the stream."""
    stream = client.stream("hi", model=turn.model)
    if turn.moment == "content":
        await anext(stream.text)


async def aclient_closed(client: AsyncClient, turn: Turn) -> None:
    """The client is closed by another task while it answers."""

    async def ask() -> None:
        with contextlib.suppress(ClosedError):
            async for event in client.stream("hi", model=turn.model):
                turn.shown = turn.shown or isinstance(event, Text)

    task = asyncio.create_task(ask())
    assert await asoon(turn.reached)
    await client.close()
    await asyncio.wait_for(task, WAIT_S)


@pytest.mark.parametrize("way", [closed_by_a_thread, left_early, dropped, client_closed])
def test_nothing_is_left_in_threads(
    server: FaultServer, way: Callable[[Client, Turn], None]
) -> None:
    """Cancelled calls of threads leave no connection, file, thread, memory or attempt in flight."""
    models = models_at(server)
    left = Left(server)
    client = Client(models=models, limits=LIMITS)
    for number in range(TURNS):
        way(client, Turn(server, number))
        if way is client_closed:
            assert nothing_in_flight(client)
            client = Client(models=models, limits=LIMITS)
    assert soon(lambda: nothing_in_flight(client))
    assert soon(left.nothing_more)
    assert server.requests
    client.close()


@pytest.mark.parametrize(
    "way", [task_cancelled, timed_out, closed_by_a_task, aleft_early, adropped, aclient_closed]
)
def test_nothing_is_left_in_tasks(
    server: FaultServer, way: Callable[[AsyncClient, Turn], Awaitable[None]]
) -> None:
    """Cancelled calls of tasks leave no connection, file, thread, task, memory or attempt."""
    models = models_at(server)

    async def run() -> None:
        left = Left(server)
        client = AsyncClient(models=models, limits=LIMITS)
        for number in range(TURNS):
            await way(client, Turn(server, number))
            if way is aclient_closed:
                assert nothing_in_flight(client)
                client = AsyncClient(models=models, limits=LIMITS)
        assert await asoon(lambda: nothing_in_flight(client))
        assert await asoon(left.nothing_more)
        assert await asoon(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        assert server.requests
        await client.close()

    asyncio.run(run())
