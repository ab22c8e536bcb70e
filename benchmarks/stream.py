"""What a streamed chunk costs in CPU when the model thinks, speaks and calls two tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import openai

import llmroute
from benchmarks import server
from benchmarks.calls import ASKED, QUESTION, beside, compare
from llmroute import Client, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai.types.chat import ChatCompletionFunctionToolParam

    from benchmarks.measure import Row

STREAMS = 4
PARAMETERS: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = Tool("weather", "Weather now, by city.", PARAMETERS)
OFFERED: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": WEATHER.name,
        "description": WEATHER.description,
        "parameters": PARAMETERS,
    },
}
BODY = {"model": "m", "messages": [ASKED], "tools": [OFFERED], "stream": True}


def bare(client: httpx2.Client, url: str) -> str:
    """Stream as a careful programmer would by hand: thoughts, text, and two calls by index."""
    thoughts: list[str] = []
    text: list[str] = []
    calls: dict[int, list[str]] = {}
    with client.stream("POST", f"{url}/chat/completions", json=BODY) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                delta = json.loads(line[6:])["choices"][0]["delta"]
                if thought := delta.get("reasoning_content"):
                    thoughts.append(thought)
                if content := delta.get("content"):
                    text.append(content)
                for call in delta.get("tool_calls", ()):
                    calls.setdefault(call["index"], []).append(call["function"]["arguments"])
    return _said(thoughts, text, ["".join(pieces) for pieces in calls.values()])


def routed(client: Client) -> str:
    """Stream with llmroute, which also parses and checks the calls."""
    thoughts: list[str] = []
    text: list[str] = []
    with client.stream(QUESTION, tools=[WEATHER]) as stream:
        for event in stream:
            if isinstance(event, llmroute.Reasoning):
                thoughts.append(event.text)
            elif isinstance(event, llmroute.Text):
                text.append(event.text)
        calls = [
            json.dumps(one.arguments, separators=(",", ":")) for one in stream.reply.tool_calls
        ]
    return _said(thoughts, text, calls)


def sdk(client: openai.OpenAI) -> str:
    """Stream with the vendor's SDK."""
    thoughts: list[str] = []
    text: list[str] = []
    calls: dict[int, list[str]] = {}
    for chunk in client.chat.completions.create(
        model="m", messages=[ASKED], tools=[OFFERED], stream=True
    ):
        delta = chunk.choices[0].delta
        thoughts.append((delta.model_extra or {}).get("reasoning_content") or "")
        text.append(delta.content or "")
        for call in delta.tool_calls or ():
            function = call.function
            calls.setdefault(call.index, []).append((function and function.arguments) or "")
    return _said(thoughts, text, ["".join(pieces) for pieces in calls.values()])


def _said(thoughts: list[str], text: list[str], calls: list[str]) -> str:
    return "\n".join(["".join(thoughts), "".join(text), *calls])


def rows() -> list[Row]:
    """Every figure of this file."""
    with server.running() as url:
        model = llmroute.model(
            "m", use="openai-compatible", base_url=url, model="m", abilities=["text", "tools"]
        )
        with (
            httpx2.Client() as http,
            Client(models=[model]) as client,
            openai.OpenAI(api_key="none", base_url=url) as vendor,
        ):
            works: dict[str, Callable[[], str]] = {
                "httpx2": lambda: bare(http, url),
                "llmroute": lambda: routed(client),
                "openai": lambda: sdk(vendor),
            }
            figures = compare(works, STREAMS, server.CHUNKS)
    what = "streamed chunk of thoughts, text and tools / httpx2 + json.loads (CPU)"
    return beside(what, figures, 2.0)


if __name__ == "__main__":
    from benchmarks.measure import show

    print(show(rows(), "medians of interleaved rounds"))
