"""What a call costs in CPU: routed over ten models, and per chunk of a stream."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import httpx2
import openai

import llmroute
from benchmarks import server
from benchmarks.measure import Row, cpu_s, interleaved, medians, ratio, show
from llmroute import AsyncClient, Client, policies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from openai.types.chat import ChatCompletionUserMessageParam

    from llmroute.catalog import Declaration

ROUNDS, CALLS, STREAMS = 15, 40, 4
QUESTION = "Why is the sky blue?"
ASKED: ChatCompletionUserMessageParam = {"role": "user", "content": QUESTION}
BODY = {"model": "m", "messages": [ASKED], "max_tokens": 300}


def ten_models(url: str) -> list[Declaration]:
    """Ten models at one server, of rising price; the first is the cheapest."""
    return [
        llmroute.model(
            f"m{rank}",
            use="openai-compatible",
            base_url=url,
            model="m",
            context_tokens=8192,
            price={"input": rank, "output": 2 * rank},
        )
        for rank in range(1, 11)
    ]


def bare_call(client: httpx2.Client, url: str) -> str:
    """Call as a careful programmer would by hand."""
    reply = client.post(f"{url}/chat/completions", json=BODY).raise_for_status()
    return str(reply.json()["choices"][0]["message"]["content"])


def bare_stream(client: httpx2.Client, url: str) -> str:
    """Stream likewise."""
    text: list[str] = []
    body = {**BODY, "stream": True}
    with client.stream("POST", f"{url}/chat/completions", json=body) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                delta = json.loads(line[6:])["choices"][0]["delta"]
                text.append(delta.get("content", ""))
    return "".join(text)


def routed_call(client: Client) -> str:
    """Plan over ten models, and call the first."""
    return client.chat(QUESTION, max_tokens=300, max_cost_usd=1).text


def routed_stream(client: Client) -> str:
    """Stream likewise."""
    with client.stream(QUESTION, max_tokens=300, max_cost_usd=1) as stream:
        return "".join(stream.text)


def sdk_call(client: openai.OpenAI) -> str:
    """Call with the vendor's SDK."""
    reply = client.chat.completions.create(model="m", messages=[ASKED], max_tokens=300)
    return reply.choices[0].message.content or ""


def sdk_stream(client: openai.OpenAI) -> str:
    """Stream likewise."""
    stream = client.chat.completions.create(
        model="m", messages=[ASKED], max_tokens=300, stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def compare(works: dict[str, Callable[[], str]], times: int, per: int) -> dict[str, list[float]]:
    """CPU seconds of each work, divided by `per`, round by round; all must give the same text."""
    assert len({work() for work in works.values()}) == 1

    def timed(work: Callable[[], str]) -> Callable[[], float]:
        return lambda: cpu_s(work, times) / per

    return interleaved({name: timed(work) for name, work in works.items()}, ROUNDS)


def sync_rows(url: str) -> list[Row]:
    """Whole answers and streams, in plain threads."""
    with (
        httpx2.Client() as bare,
        Client(policies.best(policies.cost_usd), models=ten_models(url)) as client,
        openai.OpenAI(api_key="none", base_url=url) as sdk,
    ):
        calls: dict[str, Callable[[], str]] = {
            "httpx2": lambda: bare_call(bare, url),
            "llmroute": lambda: routed_call(client),
            "openai": lambda: sdk_call(sdk),
        }
        streams: dict[str, Callable[[], str]] = {
            "httpx2": lambda: bare_stream(bare, url),
            "llmroute": lambda: routed_stream(client),
            "openai": lambda: sdk_stream(sdk),
        }
        whole = compare(calls, CALLS, 1)
        chunks = compare(streams, STREAMS, server.CHUNKS)
    return [
        *_beside("routed call, 10 models / httpx2 (CPU)", whole, 1.5),
        *_beside("streamed chunk / httpx2 iter_lines + json.loads (CPU)", chunks, 2.0),
    ]


def _beside(what: str, figures: dict[str, list[float]], floor: float | None) -> list[Row]:
    beside = medians(figures, 1e6, "us")
    return [
        Row(what, ratio(figures, "llmroute", "httpx2"), "x", floor, beside),
        Row("the same, openai SDK instead of llmroute", ratio(figures, "openai", "httpx2"), "x"),
    ]


async def _cpu_s(work: Callable[[], Awaitable[str]], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - begun) / times


async def async_rows(url: str) -> list[Row]:
    """Whole answers, on an event loop."""
    async with (
        httpx2.AsyncClient() as bare,
        AsyncClient(policies.best(policies.cost_usd), models=ten_models(url)) as client,
        openai.AsyncOpenAI(api_key="none", base_url=url) as sdk,
    ):

        async def bare_call() -> str:
            reply = await bare.post(f"{url}/chat/completions", json=BODY)
            return str(reply.raise_for_status().json()["choices"][0]["message"]["content"])

        async def routed_call() -> str:
            return (await client.chat(QUESTION, max_tokens=300, max_cost_usd=1)).text

        async def sdk_call() -> str:
            reply = await sdk.chat.completions.create(model="m", messages=[ASKED], max_tokens=300)
            return reply.choices[0].message.content or ""

        works: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
            ("httpx2", bare_call),
            ("llmroute", routed_call),
            ("openai", sdk_call),
        )
        figures: dict[str, list[float]] = {name: [] for name, _ in works}
        for _, work in works:
            await _cpu_s(work, 5)
        for _ in range(ROUNDS):
            for name, work in works:
                figures[name].append(await _cpu_s(work, CALLS))
    return _beside("routed call, 10 models / httpx2 (CPU), async", figures, 1.5)


def rows() -> list[Row]:
    """Every figure of this file."""
    with server.running() as url:
        return sync_rows(url) + asyncio.run(async_rows(url))


if __name__ == "__main__":
    print(show(rows(), f"medians of {ROUNDS} interleaved rounds"))
