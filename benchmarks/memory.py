"""What a hostile answer costs in memory, by the defaults: each in an interpreter of its own."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import llmroute
from benchmarks.fuzz import peak_mib
from benchmarks.measure import Row, show
from llmroute import AsyncClient, Client, LLMRouteError
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from llmroute.catalog import Declaration

MOST_MIB = 64.0
FAULTS = {
    "gzip_bomb;mb=256": "256 MiB in 256 KiB of gzip",
    "big_event;mb=64": "a line of 64 MiB",
    "big_body": "a string without end",
    "endless": "a stream without end",
}
STREAMED = frozenset({"big_event;mb=64", "endless"})


def at(url: str) -> list[Declaration]:
    """A model there."""
    return [llmroute.model("m", use="openai-compatible", base_url=url, model="m")]


def ask(url: str, *, stream: bool) -> str:
    """Ask in a thread; the name of the error that comes of it, "" for none."""
    with Client(models=at(url)) as client:
        try:
            if stream:
                for _ in client.stream("hi", deadline_s=60):
                    pass
            else:
                client.chat("hi", deadline_s=60)
        except LLMRouteError as error:
            return type(error).__name__
    return ""


async def aask(url: str, *, stream: bool) -> str:
    """Ask in a task."""
    async with AsyncClient(models=at(url)) as client:
        try:
            if stream:
                async for _ in client.stream("hi", deadline_s=60):
                    pass
            else:
                await client.chat("hi", deadline_s=60)
        except LLMRouteError as error:
            return type(error).__name__
    return ""


def grown_mib(sound: str, url: str, color: str, stream: bool) -> tuple[float, str]:
    """How far memory grew beyond that of a sound answer, and in what error it ended."""
    if color == "sync":
        ask(sound, stream=stream)
        before = peak_mib()
        error = ask(url, stream=stream)
    else:
        asyncio.run(aask(sound, stream=stream))
        before = peak_mib()
        error = asyncio.run(aask(url, stream=stream))
    return peak_mib() - before, error


def rows() -> list[Row]:
    """Every figure of this file."""
    found: list[Row] = []
    with FaultServer() as server:
        for fault, what in FAULTS.items():
            url, sound = server.url_for(fault), server.url_for("normal")
            for color in ("sync", "async"):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    grown, error = pool.submit(
                        grown_mib, sound, url, color, fault in STREAMED
                    ).result()
                assert error, f"{fault} was taken for an answer"
                found.append(Row(f"memory: {what}, {color}", grown, "MiB", MOST_MIB, error))
    return found


if __name__ == "__main__":
    asked = rows()
    print(show(asked))
    sys.exit(any(one.verdict == "MISS" for one in asked))
