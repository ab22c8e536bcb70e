"""Connections of many tasks: reused, kept in bounds, and let go when they are not used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from llmroute.providers.async_pool import AT_ONCE, LoopPool
from llmroute.providers.pool import IDLE_S, KEPT
from tests.faults.server import FaultServer
from tests.providers.calls import How, aoutcome, call_to, provider_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server of one's own."""
    with FaultServer() as running:
        yield running


@pytest.mark.parametrize("count", [3 * AT_ONCE - 5, KEPT + 2 * AT_ONCE])
def test_many_at_once_reuse_and_keep_some(server: FaultServer, count: int) -> None:
    """As many calls as before need no new connections, but for those beyond what is kept."""
    url = server.url_for("normal;pause=0.02")  # so that all are under way at once

    async def ask() -> list[str]:
        provider = provider_for()
        outcomes: list[str] = []
        for _ in range(2):
            calls = [call_to(url, How(time_s=60)) for _ in range(count)]
            done = await asyncio.gather(*(aoutcome(provider.aevents(call)) for call in calls))
            outcomes += [one.kind for one in done]
            async with asyncio.timeout(20):
                while server.open_connections > KEPT:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.01)
        await provider.aclose()
        return outcomes

    assert asyncio.run(ask()) == [""] * 2 * count
    kept = min(count, KEPT // AT_ONCE * AT_ONCE)
    assert server.connections <= count + (count - kept)


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time is told."""

    now_s = 0.0

    def time(self) -> float:
        """The time that is told."""
        return self.now_s


def test_parts_are_filled_in_turn_and_let_go() -> None:
    """A part takes so many calls before the next one does; the last goes when it has idled long."""
    loop = Loop()
    pool = LoopPool(loop, None)
    first = pool.part()
    first.under_way = AT_ONCE
    second = pool.part()
    assert second is not first
    first.under_way -= 1
    assert pool.part() is first
    loop.now_s = IDLE_S + 1
    second.under_way = 1  # still at work
    pool.part()
    second.under_way = 0
    first.under_way = AT_ONCE
    third = pool.part()
    assert third not in {first, second}  # the second one went
    pool.close()
    loop.close()
