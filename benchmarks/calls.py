"""What a call costs in CPU, in plain threads: routed over ten models, and per streamed chunk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import openai

import llmroute
from benchmarks import server
from benchmarks.measure import Row, cpu_s, interleaved, medians, ratio, show
from llmroute import Client, policies

if TYPE_CHECKING:
    from collections.abc import Callable

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


def both(url: str) -> list[Row]:
    """Whole answers and streams."""
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
        *beside("routed call, 10 models / httpx2 (CPU)", whole, 1.5),
        *beside("streamed chunk / httpx2 iter_lines + json.loads (CPU)", chunks, 2.0),
    ]


def beside(what: str, figures: dict[str, list[float]], floor: float) -> list[Row]:
    """A row for llmroute, and one for the openai SDK."""
    return [
        Row(what, ratio(figures, "llmroute", "httpx2"), "x", floor, medians(figures, 1e6, "us")),
        Row("the same, openai SDK instead of llmroute", ratio(figures, "openai", "httpx2"), "x"),
    ]


def rows() -> list[Row]:
    """Every figure of this file."""
    with server.running() as url:
        return both(url)


if __name__ == "__main__":
    print(show(rows(), f"medians of {ROUNDS} interleaved rounds"))
