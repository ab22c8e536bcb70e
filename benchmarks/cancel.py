"""How soon a cancel is at the server: from the caller's last word to the end of the connection."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING

import llmroute
from benchmarks import server
from benchmarks.measure import Row, show
from llmroute import AsyncClient, Client, ClosedError

if TYPE_CHECKING:
    from collections.abc import Generator

    from llmroute.catalog import Declaration

CANCELS, LONGEST_S = 60, 0.1


class Stalling:
    """A server that begins to answer and goes no further, and notes when its client goes."""

    def __init__(self, listener: socket.socket, said: bytes) -> None:
        """Serve every connection; `said` is what each client is sent, nothing for a mute server."""
        self._listener = listener
        self._said = said
        self.asked: queue.Queue[None] = queue.Queue()
        self.gone_s: queue.Queue[float] = queue.Queue()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            waiting = b""
            while not server.is_whole(waiting):
                waiting += connection.recv(65536)
            connection.sendall(self._said)
            self.asked.put(None)
            connection.recv(1)
        self.gone_s.put(time.perf_counter())


@contextlib.contextmanager
def stalling() -> Generator[tuple[Stalling, list[Declaration]]]:
    """Run the server; gives a model at it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        model = llmroute.model("m", use="openai-compatible", base_url=url, model="m")
        yield Stalling(listener, b"".join(server.STREAM[:2])), [model]


def closed_by_a_thread() -> list[float]:
    """Close streams that another thread reads."""
    took_s: list[float] = []
    with stalling() as (served, models), Client(models=models) as client:
        for _ in range(CANCELS):
            stream = client.stream("hi")

            def read(one: llmroute.Stream = stream) -> None:
                with contextlib.suppress(ClosedError):
                    list(one)

            reader = threading.Thread(target=read)
            reader.start()
            served.asked.get(timeout=10)
            begun_s = time.perf_counter()
            stream.close()
            took_s.append(served.gone_s.get(timeout=10) - begun_s)
            reader.join()
    return took_s


async def cancelled_tasks() -> list[float]:
    """Cancel tasks that read."""
    took_s: list[float] = []
    with stalling() as (served, models):
        async with AsyncClient(models=models) as client:
            for _ in range(CANCELS):
                task = asyncio.create_task(_read(client))
                await asyncio.to_thread(served.asked.get, timeout=10)
                begun_s = time.perf_counter()
                task.cancel()
                await asyncio.wait([task])
                took_s.append(await asyncio.to_thread(served.gone_s.get, timeout=10) - begun_s)
    return took_s


async def _read(client: AsyncClient) -> None:
    async for _ in client.stream("hi"):
        pass


def rows() -> list[Row]:
    """Every figure of this file: the worst of its cancels."""
    what = f"cancel to the end of the connection at the server, worst of {CANCELS}"
    threads, tasks = closed_by_a_thread(), asyncio.run(cancelled_tasks())
    return [
        Row(f"{what}, a stream closed by another thread", max(threads), "s", LONGEST_S),
        Row(f"{what}, a cancelled task", max(tasks), "s", LONGEST_S),
    ]


if __name__ == "__main__":
    print(show(rows()))
