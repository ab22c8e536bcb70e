"""Many streams at once: whole, at which CPU for a token, and when the first token is there.

    python -m benchmarks.load 50 200 500

Each stream is TOKENS tokens, one every PAUSE_S, from a server in a process of its own. CPU is that
of the client's process, connections included, divided by the tokens. Each figure is the least of
ROUNDS rounds, in which the clients take turns.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx2
import openai

from benchmarks import server
from benchmarks.async_calls import bare_pieces, routed_pieces, sdk_pieces
from benchmarks.calls import ten_models
from benchmarks.measure import Row, show
from llmroute import AsyncClient, LLMRouteError, policies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence

TOKENS, PAUSE_S = 50, 0.05
ROUNDS = 3
COUNTS = (50, 200, 500)
IDEAL_S = TOKENS * PAUSE_S


class Paced(asyncio.Protocol):
    """One connection of the server: answers any request with a stream."""

    def __init__(self) -> None:
        """Begin without a request."""
        self._waiting = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop sending."""
        del exc
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Begin the stream when the request is whole."""
        self._waiting += data
        if server.is_whole(self._waiting):
            self._waiting = b""
            self._send(0, asyncio.get_running_loop().time())

    def _send(self, at: int, begun_s: float) -> None:
        """Send what is due; each token is due at a multiple of the pause, whatever came before."""
        if self._transport is None:
            return
        if at > TOKENS:
            self._transport.write(b"".join(PIECES[at:]))
            return
        self._transport.write(PIECES[at])
        loop = asyncio.get_running_loop()
        loop.call_at(begun_s + (at + 1) * PAUSE_S, self._send, at + 1, begun_s)


PIECES = (server.BEGIN, *server.events(TOKENS), b"0\r\n\r\n")


async def serve() -> None:
    """Listen, print the port, and serve until the process is ended."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(Paced, "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


@contextmanager
def running() -> Generator[str]:
    """Run the server beside this process; gives its base URL."""
    command = [sys.executable, "-m", "benchmarks.load", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


class Load(NamedTuple):
    """What so many streams at once took."""

    whole: int
    cpu_us: float
    """For a token."""
    wall_s: float
    first_p99_s: float


async def first_token_s(pieces: Callable[[], AsyncIterator[str]]) -> float | None:
    """Read one stream; seconds to its first token, None when it is not whole."""
    begun_s = time.monotonic()
    first_s: float | None = None
    text: list[str] = []
    try:
        async for piece in pieces():
            if piece:
                first_s = first_s or time.monotonic() - begun_s
                text.append(piece)
    except (openai.OpenAIError, httpx2.HTTPError, LLMRouteError):
        return None
    return first_s if "".join(text) == server.WORD * TOKENS else None


async def load(pieces: Callable[[], AsyncIterator[str]], count: int) -> Load:
    """Read `count` streams at once."""
    gc.collect()
    wall_s, cpu_s = time.monotonic(), time.process_time()
    found = await asyncio.gather(*(first_token_s(pieces) for _ in range(count)))
    cpu_s = time.process_time() - cpu_s
    firsts = sorted(one for one in found if one is not None)
    p99_s = firsts[(len(firsts) - 1) * 99 // 100] if firsts else float("inf")
    return Load(
        len(firsts), cpu_s / max(1, len(firsts)) / TOKENS * 1e6, time.monotonic() - wall_s, p99_s
    )


async def measured(url: str, counts: Sequence[int]) -> dict[int, dict[str, list[Load]]]:
    """Load each client by turns; a first round of two streams imports what is loaded late."""
    unlimited = httpx2.Limits(max_connections=None)
    async with (
        httpx2.AsyncClient(limits=unlimited, timeout=60) as bare,
        AsyncClient(policies.best(policies.cost_usd), models=ten_models(url)) as client,
        openai.AsyncOpenAI(api_key="none", base_url=url) as sdk,
    ):
        works: dict[str, Callable[[], AsyncIterator[str]]] = {
            "httpx2": lambda: bare_pieces(bare, url),
            "llmroute": lambda: routed_pieces(client),
            "openai": lambda: sdk_pieces(sdk),
        }
        found: dict[int, dict[str, list[Load]]] = {}
        for count in (2, *counts):
            found[count] = {name: [] for name in works}
            for _ in range(ROUNDS):
                for name, work in works.items():
                    found[count][name].append(await load(work, count))
    return found


def rows_of(count: int, found: Mapping[str, Sequence[Load]]) -> list[Row]:
    """What so many streams at once cost, ours beside those of the SDK and of bare httpx2."""
    cpu = {name: min(one.cpu_us for one in loads) for name, loads in found.items()}
    wall = {name: min(one.wall_s for one in loads) for name, loads in found.items()}
    first = {name: min(one.first_p99_s for one in loads) for name, loads in found.items()}
    lost = {name: sum(count - one.whole for one in loads) for name, loads in found.items()}
    ratio = cpu["llmroute"] / cpu["openai"]
    what = f"{count} streams"
    return [
        Row(f"{what}, a token / openai SDK (CPU)", ratio, "x", 1, _beside(cpu, "us")),
        Row(f"{what}, not whole", lost["llmroute"], "", 0, _beside(lost, "")),
        Row(f"{what}, {IDEAL_S:g} s at best", wall["llmroute"], "s", None, _beside(wall, "s")),
        Row(f"{what}, first token, p99", first["llmroute"], "s", None, _beside(first, "s")),
    ]


def _beside(figures: Mapping[str, float], unit: str) -> str:
    return ", ".join(f"{name} {figure:.3g} {unit}" for name, figure in figures.items())


def rows(counts: Sequence[int] = COUNTS) -> list[Row]:
    """Every figure of this file."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with running() as url:
        found = asyncio.run(measured(url, counts))
    return [row for count in counts for row in rows_of(count, found[count])]


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        asked = rows([int(one) for one in sys.argv[1:]] or COUNTS)
        print(show(asked, f"the least of {ROUNDS} rounds"))
