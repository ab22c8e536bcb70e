"""What answers without end cost in memory, and how late deadlines are.

Memory is measured in a process of its own, under the limits that hold unless something else is
said, with one model alone, so that the call ends in the typed error. A deadline is asked of servers
that stop, drip, flood and never connect.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, cast

import llmroute
from benchmarks.measure import Row, show
from llmroute import AsyncClient, Client, Limits
from tests.faults.places import PLACES, Places
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.catalog import Declaration

MOST_MIB = 64
DEADLINE_S = 1.0
LATE_S = 0.05
ROUNDS = 3
BIG = {
    "256 MiB of zeros in gzip": "gzip_bomb;mb=256",
    "a line of 64 MiB": "big_event;mb=64",
    "JSON without end": "big_body",
    "a stream without end": "endless",
    "headers without end": "big_headers",
}
SLOW = (
    *("stall_headers", "slow_headers", "stall_first", "stall_midstream", "slow_drip"),
    *("endless", "black_hole", "tls_hang", "dns_hang"),
)


class Grown(NamedTuple):
    """How much memory a call took, in MiB, and the kind of its fault; "" when it was answered."""

    mib: float
    kind: str


def declared(url: str) -> list[Declaration]:
    """The one model."""
    return [llmroute.model("m", use="openai-compatible", base_url=url, model="x")]


def grown(url: str, *, stream: bool, task: bool) -> Grown:
    """Ask `url` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.limits", url, str(int(stream)), str(int(task))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return Grown(*cast("tuple[float, str]", json.loads(done.stdout)))


def child(url: str, *, stream: bool, task: bool) -> Grown:
    """Ask a sound server, and then `url`; what is imported late is no growth."""
    limits = Limits(attempts_per_model=1)
    with FaultServer() as sound:
        asked(sound.base_url, limits, stream=stream, task=task)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kind = asked(url, limits, stream=stream, task=task)
    return Grown((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, kind)


def asked(url: str, limits: Limits, *, stream: bool, task: bool) -> str:
    """Ask once; returns the kind of the fault, or the name of the error that has none."""
    if task:
        return asyncio.run(_asked_in_task(url, limits, stream=stream))
    with Client(models=declared(url), limits=limits) as client:
        try:
            if stream:
                with client.stream("hi") as events:
                    for _ in events:
                        pass
            else:
                client.chat("hi")
        except llmroute.LLMRouteError as error:
            return kind_of(error)
    return ""


async def _asked_in_task(url: str, limits: Limits, *, stream: bool) -> str:
    async with AsyncClient(models=declared(url), limits=limits) as client:
        try:
            if stream:
                async with client.stream("hi") as events:
                    async for _ in events:
                        pass
            else:
                await client.chat("hi")
        except llmroute.LLMRouteError as error:
            return kind_of(error)
    return ""


def kind_of(error: llmroute.LLMRouteError) -> str:
    """The kind of the last attempt's fault, or the error's own name."""
    attempts = cast("Sequence[llmroute.Attempt]", getattr(error, "attempts", ()))
    fault = attempts[-1].fault if attempts else None
    return type(error).__name__ if fault is None else fault.kind


def memory() -> Iterator[Row]:
    """Answers without end, in every form and color."""
    with FaultServer() as server:
        for what, fault in BIG.items():
            ways = [(stream, task) for stream in (False, True) for task in (False, True)]
            found = [
                grown(server.url_for(fault), stream=stream, task=task) for stream, task in ways
            ]
            kinds = ", ".join(dict.fromkeys(one.kind or "**answered**" for one in found))
            yield Row(f"memory for {what}", max(one.mib for one in found), "MiB", MOST_MIB, kinds)


def deadlines() -> Iterator[Row]:
    """The worst of a few rounds over every server that is slow, in every form and color."""
    limits = Limits(deadline_s=DEADLINE_S, body_bytes=1 << 32, attempts_per_model=1)
    for task in (False, True):
        late: dict[str, float] = {}
        with FaultServer() as server, Places(server.port) as places:
            for fault in SLOW:
                url = (places if fault in PLACES else server).url_for(fault)
                for stream in (False, True):
                    took = [_took(url, limits, stream=stream, task=task) for _ in range(ROUNDS)]
                    late[f"{fault}, {'stream' if stream else 'whole'}"] = min(took) - DEADLINE_S
        worst = max(late, key=late.__getitem__)
        color = "async" if task else "sync"
        what = f"late after a deadline of {DEADLINE_S:g} s, worst of {len(late)} servers, {color}"
        yield Row(what, late[worst], "s", LATE_S, worst)


def _took(url: str, limits: Limits, *, stream: bool, task: bool) -> float:
    begun = time.perf_counter()
    kind = asked(url, limits, stream=stream, task=task)
    took = time.perf_counter() - begun
    assert kind, "the call was answered"
    return took


def rows() -> list[Row]:
    """Every figure of this file."""
    return [*memory(), *deadlines()]


def main() -> None:
    """Measure and print, or be the process that is measured."""
    if len(sys.argv) > 1:
        url, stream, task = sys.argv[1:]
        print(json.dumps(child(url, stream=stream == "1", task=task == "1")))
        return
    found = rows()
    print(show(found, "Limits"))
    print(json.dumps({row.what: row.measured for row in found}))


if __name__ == "__main__":
    main()
