"""Whether a deadline holds over servers that hang, in both colors."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def black_holes() -> Iterator[list[str]]:
    """Three servers that take connections and never answer."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    yield [f"http://127.0.0.1:{one.getsockname()[1]}/v1" for one in sockets]
    for one in sockets:
        one.close()


@pytest.mark.parametrize("stream", [False, True])
def test_deadline_over_hanging_servers(black_holes: list[str], *, stream: bool) -> None:
    """A deadline of 1 s over three hanging servers ends in time, sync and async."""
    models = [
        llmroute.model(f"m{index}", use="openai-compatible", base_url=url, model="x")
        for index, url in enumerate(black_holes)
    ]

    async def run() -> float:
        async with AsyncClient(models=models) as client:
            begin = time.monotonic()
            events = client.stream("hi", deadline_s=1.0)
            with pytest.raises(llmroute.DeadlineExceededError) as caught:
                await (anext(events) if stream else client.chat("hi", deadline_s=1.0))
            assert len(caught.value.attempts) == 3
            return time.monotonic() - begin

    with Client(models=models) as client:
        begin = time.monotonic()
        events = client.stream("hi", deadline_s=1.0)
        with pytest.raises(llmroute.DeadlineExceededError) as caught:
            _ = next(events) if stream else client.chat("hi", deadline_s=1.0)
        took_s = time.monotonic() - begin

    assert len(caught.value.attempts) == 3
    assert 0.9 < took_s < 2.0  # the floor, 1.05 s, is measured in benchmarks/deadline.py
    assert 0.9 < asyncio.run(run()) < 2.0
