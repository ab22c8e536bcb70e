"""The client over real sockets: event loops, cancellation, usage, concurrency."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, ClosedError
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.catalog import Declaration

ANSWER = "The answer is forty-two."


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """One fault server for all."""
    with FaultServer() as one:
        yield one


def at(base_url: str) -> list[Declaration]:
    """One model at this address."""
    return [llmroute.model("m", use="openai-compatible", base_url=base_url, model="x")]


def test_one_async_client_on_two_loops(server: FaultServer) -> None:
    """Connections belong to the loop they were made on: a second loop gets its own."""
    client = AsyncClient(models=at(server.base_url))

    async def ask() -> str:
        return (await client.chat("hi")).text

    assert asyncio.run(ask()) == ANSWER
    assert asyncio.run(ask()) == ANSWER
    asyncio.run(client.close())


def test_missing_usage_is_estimated_and_marked(server: FaultServer) -> None:
    """A stream that never says what was used gets an estimate that says so."""
    with Client(models=at(server.url_for("no_usage"))) as client, client.stream("hi") as stream:
        assert "".join(stream.text) == ANSWER
        usage = stream.reply.usage

    assert usage.estimated
    assert usage.output_tokens > 0


def test_close_reaches_a_blocked_read(server: FaultServer) -> None:
    """Closing the client ends a call that waits for a silent server, at once."""
    client = Client(models=at(server.url_for("stall_headers")))
    timer = threading.Timer(0.2, client.close)
    timer.start()
    begin = time.monotonic()
    with pytest.raises(ClosedError):
        client.chat("hi")

    assert time.monotonic() - begin < 1.5
    timer.join()


def test_cancelling_a_task_closes_the_connection(server: FaultServer) -> None:
    """A cancelled task leaves no connection open to a server that is still working."""

    async def run() -> None:
        async with AsyncClient(models=at(server.url_for("stall_headers"))) as client:
            task = asyncio.create_task(client.chat("hi"))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    end = time.monotonic() + 5
    while server.open_connections and time.monotonic() < end:
        time.sleep(0.01)
    assert server.open_connections == 0


def test_many_threads_and_tasks_get_their_own_answers(server: FaultServer) -> None:
    """Concurrent calls never mix: each reply belongs to its own question."""
    with Client(models=at(server.base_url)) as client, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(client.chat, [f"question {index}" for index in range(40)]))
    assert {reply.text for reply in replies} == {ANSWER}

    async def run() -> list[str]:
        async with AsyncClient(models=at(server.base_url)) as one:
            asked = [one.chat(f"question {index}") for index in range(40)]
            return [reply.text for reply in await asyncio.gather(*asked)]

    assert set(asyncio.run(run())) == {ANSWER}


def test_a_stream_that_is_left_frees_its_connection(server: FaultServer) -> None:
    """Leaving a stream in the middle closes its connection, and the client goes on working."""
    with Client(models=at(server.url_for("many;words=5000"))) as client:
        with client.stream("hi") as stream:
            next(stream)
        with client.stream("hi") as stream:
            assert isinstance(next(stream), llmroute.Text)
