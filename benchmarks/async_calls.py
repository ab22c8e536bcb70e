"""What a call costs in CPU, on an event loop: the same as benchmarks/calls.py."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import TYPE_CHECKING

import httpx2
import openai

from benchmarks import server
from benchmarks.calls import ASKED, BODY, CALLS, QUESTION, ROUNDS, STREAMS, beside, ten_models
from benchmarks.measure import show
from llmroute import AsyncClient, policies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from benchmarks.measure import Row


async def bare_call(client: httpx2.AsyncClient, url: str) -> str:
    """Call as a careful programmer would by hand."""
    reply = await client.post(f"{url}/chat/completions", json=BODY)
    return str(reply.raise_for_status().json()["choices"][0]["message"]["content"])


async def bare_pieces(client: httpx2.AsyncClient, url: str) -> AsyncIterator[str]:
    """Stream likewise."""
    body = {**BODY, "stream": True}
    async with client.stream("POST", f"{url}/chat/completions", json=body) as reply:
        async for line in reply.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                delta = json.loads(line[6:])["choices"][0]["delta"]
                yield delta.get("content", "")


async def joined(pieces: AsyncIterator[str]) -> str:
    """Read a stream to its end."""
    return "".join([piece async for piece in pieces])


async def routed_call(client: AsyncClient) -> str:
    """Plan over ten models, and call the first."""
    return (await client.chat(QUESTION, max_tokens=300, max_cost_usd=1)).text


async def routed_pieces(client: AsyncClient) -> AsyncIterator[str]:
    """Stream likewise."""
    async with client.stream(QUESTION, max_tokens=300, max_cost_usd=1) as stream:
        async for piece in stream.text:
            yield piece


async def sdk_call(client: openai.AsyncOpenAI) -> str:
    """Call with the vendor's SDK."""
    reply = await client.chat.completions.create(model="m", messages=[ASKED], max_tokens=300)
    return reply.choices[0].message.content or ""


async def sdk_pieces(client: openai.AsyncOpenAI) -> AsyncIterator[str]:
    """Stream likewise."""
    stream = await client.chat.completions.create(
        model="m", messages=[ASKED], max_tokens=300, stream=True
    )
    async for chunk in stream:
        yield chunk.choices[0].delta.content or ""


async def cpu_s(work: Callable[[], Awaitable[str]], times: int) -> float:
    """CPU seconds of this process for one of `times` runs of `work`."""
    gc.collect()
    begun = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - begun) / times


async def compare(
    works: Mapping[str, Callable[[], Awaitable[str]]], times: int, per: int
) -> dict[str, list[float]]:
    """CPU seconds of each work, divided by `per`, round by round; all must give the same text."""
    assert len({await work() for work in works.values()}) == 1
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            figures[name].append(await cpu_s(work, times) / per)
    return figures


async def both(url: str) -> list[Row]:
    """Whole answers and streams."""
    async with (
        httpx2.AsyncClient() as bare,
        AsyncClient(policies.best(policies.cost_usd), models=ten_models(url)) as client,
        openai.AsyncOpenAI(api_key="none", base_url=url) as sdk,
    ):
        calls: dict[str, Callable[[], Awaitable[str]]] = {
            "httpx2": lambda: bare_call(bare, url),
            "llmroute": lambda: routed_call(client),
            "openai": lambda: sdk_call(sdk),
        }
        streams: dict[str, Callable[[], Awaitable[str]]] = {
            "httpx2": lambda: joined(bare_pieces(bare, url)),
            "llmroute": lambda: joined(routed_pieces(client)),
            "openai": lambda: joined(sdk_pieces(sdk)),
        }
        whole = await compare(calls, CALLS, 1)
        chunks = await compare(streams, STREAMS, server.CHUNKS)
    return [
        *beside("routed call, 10 models / httpx2 (CPU), async", whole, 1.5),
        *beside("streamed chunk / httpx2 aiter_lines + json.loads (CPU), async", chunks, 2.0),
    ]


def rows() -> list[Row]:
    """Every figure of this file."""
    with server.running() as url:
        return asyncio.run(both(url))


if __name__ == "__main__":
    print(show(rows(), f"medians of {ROUNDS} interleaved rounds"))
