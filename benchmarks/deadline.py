"""Whether a deadline of one second holds over three servers that accept and never answer."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import llmroute
from benchmarks.measure import Row, show
from llmroute import AsyncClient, Client, DeadlineExceededError, policies

if TYPE_CHECKING:
    from collections.abc import Generator

    from llmroute.catalog import Declaration

ROUNDS, DEADLINE_S, NAMES = 3, 1.0, ("a", "b", "c")


@contextmanager
def hanging() -> Generator[list[Declaration]]:
    """Three models at three servers; the kernel accepts, and nobody ever answers."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in NAMES]
        yield [
            llmroute.model(
                name,
                use="openai-compatible",
                base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1",
                model="m",
            )
            for name, listener in zip(NAMES, listeners, strict=True)
        ]


@contextmanager
def timed(seconds: list[float]) -> Generator[None]:
    """Append how long it takes until the deadline's error; all three models must be tried."""
    begun = time.perf_counter()
    tried = 0
    try:
        yield
    except DeadlineExceededError as error:
        seconds.append(time.perf_counter() - begun)
        tried = len(error.attempts)
    assert tried == len(NAMES), f"{tried} models were tried"


def call(seconds: list[float]) -> None:
    """Ask for a whole answer."""
    with (
        hanging() as models,
        Client(policies.order(*NAMES), models=models) as client,
        timed(seconds),
    ):
        client.chat("hi", deadline_s=DEADLINE_S)


def stream(seconds: list[float]) -> None:
    """Ask for a stream."""
    with (
        hanging() as models,
        Client(policies.order(*NAMES), models=models) as client,
        timed(seconds),
        client.stream("hi", deadline_s=DEADLINE_S) as events,
    ):
        list(events)


async def acall(seconds: list[float]) -> None:
    """Ask on an event loop."""
    with hanging() as models:
        async with AsyncClient(policies.order(*NAMES), models=models) as client:
            with timed(seconds):
                await client.chat("hi", deadline_s=DEADLINE_S)


def rows() -> list[Row]:
    """Every figure of this file: the worst of its rounds."""
    calls: list[float] = []
    streams: list[float] = []
    acalls: list[float] = []
    for _ in range(ROUNDS):
        call(calls)
        stream(streams)
        asyncio.run(acall(acalls))
    what = "deadline 1 s, three hanging servers, worst of 3"
    return [
        Row(f"{what}, sync", max(calls), "s", 1.05),
        Row(f"{what}, sync stream", max(streams), "s", 1.05),
        Row(f"{what}, async", max(acalls), "s", 1.05),
    ]


if __name__ == "__main__":
    print(show(rows()))
