"""What llmroute itself costs: plan and flow over a provider in memory, with two models."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import llmroute
from benchmarks.measure import Row, cpu_s, show
from llmroute import AsyncClient, Client, Text, policies
from llmroute.types.events import End, Opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from llmroute import Call
    from llmroute.catalog import Declaration
    from llmroute.types.events import ProviderEvent

BATCHES, CALLS = 40, 250
ANSWER: tuple[ProviderEvent, ...] = (Opened(), Text("It scatters."), End("stop"))


class InMemory:
    """The least a provider can do."""

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Answer at once."""
        del call
        yield from ANSWER

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer at once."""
        del call
        for event in ANSWER:
            yield event


def two_models() -> list[Declaration]:
    """Two models of different price."""
    return [
        llmroute.model(
            name, use="in-memory", provider=InMemory(), price={"input": price, "output": price}
        )
        for name, price in (("dear", 2), ("cheap", 1))
    ]


def sync_batches() -> list[float]:
    """CPU seconds a call, batch by batch."""
    with Client(policies.best(policies.cost_usd), models=two_models()) as client:
        cpu_s(lambda: client.chat("Why is the sky blue?"), CALLS)
        return [cpu_s(lambda: client.chat("Why is the sky blue?"), CALLS) for _ in range(BATCHES)]


async def async_batches() -> list[float]:
    """CPU seconds a call on a running event loop, batch by batch."""
    batches: list[float] = []
    async with AsyncClient(policies.best(policies.cost_usd), models=two_models()) as client:
        for _ in range(BATCHES + 1):
            begun = time.process_time()
            for _ in range(CALLS):
                await client.chat("Why is the sky blue?")
            batches.append((time.process_time() - begun) / CALLS)
    return batches[1:]


def _row(what: str, batches: Sequence[float], floor: float) -> Row:
    least = f"least {min(batches) * 1e6:.3g} us, of {BATCHES} batches of {CALLS}"
    return Row(what, statistics.median(batches) * 1e6, "us", floor, least)


def rows() -> list[Row]:
    """Every figure of this file."""
    return [
        _row("chat over two models in memory, sync (CPU)", sync_batches(), 40),
        _row("chat over two models in memory, async (CPU)", asyncio.run(async_batches()), 60),
    ]


if __name__ == "__main__":
    print(show(rows(), "medians of batches"))
