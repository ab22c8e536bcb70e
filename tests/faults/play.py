"""Plays rows of the table against a client: a primary that fails, and a healthy second."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import llmroute
from llmroute import AsyncClient, Client, Limits, policies

from .places import PLACES, Places
from .server import FaultServer

if TYPE_CHECKING:
    from types import TracebackType

    from llmroute.catalog import Declaration
    from llmroute.errors import LLMRouteError
    from llmroute.types.reply import Attempt
    from llmroute.types.requests import OnBreak

    from .table import Row

SECOND = ("Forty", "-two, ", "says ", "the ", "second.")
QUESTION = "What is six times seven?"
LIMITS = Limits(
    deadline_s=3.0, connect_s=0.3, first_token_s=0.8, between_tokens_s=0.4, body_bytes=200_000
)
ERROR_BODY_S = 1.0
"""As long the body of an error may take, in src/llmroute/providers/exchange.py."""
CODECS = {
    "chat": "openai-chat",
    "responses": "openai-responses",
    "messages": "anthropic-messages",
    "gemini": "gemini",
}
PROVIDER = '[provider]\nname = "{name}"\nbase_url = "{url}"\napi = "{api}"\nany_model = true\n'


class Way(NamedTuple):
    """How a row is played; `on_break` counts for streams alone."""

    api: str = "chat"
    stream: bool = False
    task: bool = False
    on_break: OnBreak = "raise"

    def __str__(self) -> str:
        form = f"stream, {self.on_break}" if self.stream else "whole"
        return f"{self.api}, {form}, {'async' if self.task else 'sync'}"


class Seen(NamedTuple):
    """What a caller saw; `valid` is the text that counts at the end, of `shown` all that came.

    `discarded` is void by a restart, `kept` was said before the second model went on from it.
    """

    valid: str
    shown: str
    discarded: str
    restarts: int
    kept: str
    resumed: int
    error: LLMRouteError | None
    finish_reason: str
    attempts: tuple[Attempt, ...]


class Played(NamedTuple):
    """A row that was played; `requests` came to the primary, `took_s` is the attempts' own time."""

    row: Row
    way: Way
    seen: Seen
    requests: int

    @property
    def took_s(self) -> float:
        """Seconds until the last attempt ended, as the attempts have it."""
        return max((one.ended_s for one in self.seen.attempts), default=0.0)

    @property
    def kinds(self) -> list[str]:
        """The kind of each attempt's fault; "" where there is none."""
        return [one.fault.kind if one.fault else "" for one in self.seen.attempts]


class Stage:
    """A context manager: the two servers, the addresses without one, and provider files."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        """Play under `limits`."""
        self.limits = limits
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.sick = stack.enter_context(FaultServer())
            self.well = stack.enter_context(FaultServer())
            self._places = stack.enter_context(Places(self.sick.port))
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def play(self, row: Row, way: Way) -> Played:
        """Play in this thread."""
        fault, models, files = self._set(row, way)
        with Client(
            policies.order("sick", "well"), models=models, catalog=files, limits=self.limits
        ) as client:
            seen = _streamed(client, way) if way.stream else _asked(client)
        return self._over(row, way, seen, fault)

    async def aplay(self, row: Row, way: Way) -> Played:
        """Play in this task."""
        fault, models, files = self._set(row, way)
        async with AsyncClient(
            policies.order("sick", "well"), models=models, catalog=files, limits=self.limits
        ) as client:
            seen = await (_astreamed(client, way) if way.stream else _aasked(client))
        return self._over(row, way, seen, fault)

    def awaited(self, row: Row, way: Way) -> Played:
        """Play in a task on an event loop of its own."""
        return asyncio.run(self.aplay(row, way))

    def all(self, rows: list[tuple[Row, Way]], at_once: int) -> list[Played]:
        """Play many, `at_once` of them at a time in threads and as many in tasks."""
        from concurrent.futures import ThreadPoolExecutor

        async def tasks() -> list[Played]:
            room = asyncio.Semaphore(at_once)

            async def one(row: Row, way: Way) -> Played:
                async with room:
                    return await self.aplay(row, way)

            return await asyncio.gather(*(one(row, way) for row, way in rows if way.task))

        with ThreadPoolExecutor(at_once) as pool:
            threads = [pool.submit(self.play, row, way) for row, way in rows if not way.task]
            ended = asyncio.run(tasks())
            return [one.result() for one in threads] + ended

    def _set(self, row: Row, way: Way) -> tuple[str, list[Declaration], list[str | Path]]:
        with self._lock:
            number = next(self._numbers)
        fault = f"{row.asked};run={number}"
        place = row.asked in PLACES
        url = self._places.url_for(row.asked) if place else self.sick.url_for(fault)
        healthy = self.well.url_for(f"normal;say={'_'.join(SECOND)}")
        if way.api == "chat":
            use = "openai-compatible"
            models = [
                llmroute.model("sick", use=use, base_url=url, model="x"),
                llmroute.model(
                    "well", use=use, base_url=healthy, model="x", quirks=["takes_prefix"]
                ),
            ]
            return fault, models, []
        files: list[str | Path] = []
        for name, base_url in (("sick", url), ("well", healthy)):
            file = self._folder / f"{name}{number}.toml"
            text = PROVIDER.format(name=name, url=base_url, api=CODECS[way.api])
            file.write_text(text, encoding="utf-8")
            files.append(file)
        names = (("sick", f"sick{number}/x"), ("well", f"well{number}/x"))
        return fault, [llmroute.model(name, use=use) for name, use in names], files

    def _over(self, row: Row, way: Way, seen: Seen, fault: str) -> Played:
        if row.asked in PLACES:
            requests = sum(one.model.name == "sick" for one in seen.attempts)
        else:
            requests = self.sick.hits(fault)
        return Played(row, way, seen, requests)


class _Screen:
    """What is on a caller's screen: the text since the last restart, and all that was there."""

    def __init__(self) -> None:
        self.valid = ""
        self.shown = ""
        self.discarded = ""
        self.restarts = 0
        self.kept = ""
        self.resumed = 0

    def take(self, event: object) -> None:
        """Show an event."""
        if isinstance(event, llmroute.Restarted):
            assert event.discarded == self.valid, "a restart names other text than was shown"
            self.discarded = event.discarded
            self.restarts += 1
            self.valid = ""
        elif isinstance(event, llmroute.Resumed):
            self.kept = self.valid
            self.resumed += 1
        elif isinstance(event, llmroute.Text):
            self.valid += event.text
            self.shown += event.text

    def seen(self, reply: llmroute.Reply) -> Seen:
        """The call is answered."""
        assert reply.text == self.valid, "the reply has other text than was shown"
        return self._so_far()._replace(finish_reason=reply.finish_reason, attempts=reply.attempts)

    def failed(self, error: LLMRouteError) -> Seen:
        """The call ended in an error."""
        attempts: tuple[Attempt, ...] = getattr(error, "attempts", ())
        return self._so_far()._replace(error=error, attempts=attempts)

    def _so_far(self) -> Seen:
        return Seen(
            self.valid,
            self.shown,
            self.discarded,
            self.restarts,
            self.kept,
            self.resumed,
            None,
            "",
            (),
        )


def _asked(client: Client) -> Seen:
    screen = _Screen()
    try:
        reply = client.chat(QUESTION)
    except llmroute.LLMRouteError as error:
        return screen.failed(error)
    screen.valid = reply.text
    return screen.seen(reply)


async def _aasked(client: AsyncClient) -> Seen:
    screen = _Screen()
    try:
        reply = await client.chat(QUESTION)
    except llmroute.LLMRouteError as error:
        return screen.failed(error)
    screen.valid = reply.text
    return screen.seen(reply)


def _streamed(client: Client, way: Way) -> Seen:
    screen = _Screen()
    try:
        with client.stream(QUESTION, on_break=way.on_break) as stream:
            for event in stream:
                screen.take(event)
            return screen.seen(stream.reply)
    except llmroute.LLMRouteError as error:
        return screen.failed(error)


async def _astreamed(client: AsyncClient, way: Way) -> Seen:
    screen = _Screen()
    try:
        async with client.stream(QUESTION, on_break=way.on_break) as stream:
            async for event in stream:
                screen.take(event)
            return screen.seen(stream.reply)
    except llmroute.LLMRouteError as error:
        return screen.failed(error)
