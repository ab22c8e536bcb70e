"""Our own HTTP engine for tasks; programs that are not async never load it."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import httpcore2

from .async_sockets import AsyncBackend
from .pool import IDLE_S, KEPT, errors, head_of, outgoing, target_of, translated
from .proxies import Proxies
from .security import stand_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .budget import Budget
    from .security import Security
    from .wire import HttpRequest

AT_ONCE = 16
"""Requests that one of httpcore2's pools gets at once: it goes through all for each that comes."""


class AsyncPoolAnswer:
    """An answer under way in a task."""

    def __init__(self, response: httpcore2.Response, budget: Budget, part: PoolPart) -> None:
        """Begin."""
        self.head = head_of(response)
        self._response = response
        self._budget = budget
        self._part: PoolPart | None = part

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes in; raises AttemptError."""
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except errors() as error:
            raise translated(error, self._budget) from None

    async def aclose(self) -> None:
        """Give the connection back, or close it."""
        part, self._part = self._part, None
        try:
            await self._response.aclose()
        finally:
            if part is not None:
                part.under_way -= 1


class AsyncPool:
    """Connections for tasks, kept apart by event loop; those of closed loops are dropped."""

    def __init__(self, security: Security) -> None:
        """Begin without connections."""
        self._security = security
        self._proxies = Proxies(os.environ)
        self._lock = threading.Lock()
        self._pools: dict[tuple[int, bool], LoopPool] = {}

    async def asend(self, request: HttpRequest, budget: Budget, /) -> AsyncPoolAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        target = target_of(request.url)
        part = self._pool(secure=target.secure).part()
        part.under_way += 1
        begun = False
        try:
            response = await part.pool.handle_async_request(outgoing(target, request, budget))
            begun = True
        except errors() as error:
            raise translated(error, budget) from None
        finally:
            if not begun:
                part.under_way -= 1
        return AsyncPoolAnswer(response, budget, part)

    def close(self) -> None:
        """Close every connection, whichever loop it belongs to."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, *, secure: bool) -> LoopPool:
        loop = asyncio.get_running_loop()
        with self._lock:
            found = self._pools.get((id(loop), secure))
            if found is None or found.loop is not loop:
                self._drop_closed()
                safe = (self._proxies, self._security) if secure else None
                found = self._pools[id(loop), secure] = LoopPool(loop, safe)
            return found

    def _drop_closed(self) -> None:
        for key, one in list(self._pools.items()):
            if one.loop.is_closed():
                del self._pools[key]
                one.close()


class LoopPool:
    """The connections of one event loop, in parts: one is filled before the next one is used."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, safe: tuple[Proxies, Security] | None
    ) -> None:
        """Begin without connections; `safe` is what secure ones need, None for plain ones."""
        self.loop = loop
        self._safe = safe
        self._parts: list[PoolPart] = []

    def part(self) -> PoolPart:
        """The part that takes the next request; the last ones go when they have idled long."""
        parts, now_s = self._parts, self.loop.time()
        while len(parts) > 1 and not parts[-1].under_way and now_s > parts[-1].used_s + IDLE_S:
            parts.pop().backend.close()
        found = next((one for one in parts if one.under_way < AT_ONCE), None)
        if found is None:
            kept = AT_ONCE if len(parts) < KEPT // AT_ONCE else 0
            found = PoolPart(kept, self._safe)
            parts.append(found)
        found.used_s = now_s
        return found

    def close(self) -> None:
        """Close every connection."""
        for part in list(self._parts):
            part.backend.close()


class PoolPart:
    """One of httpcore2's pools, and how many requests it has."""

    def __init__(self, kept: int, safe: tuple[Proxies, Security] | None) -> None:
        """Begin without connections; keep at most `kept` of those that are not used."""
        self.backend = AsyncBackend() if safe is None else AsyncBackend(*safe)
        self.pool = httpcore2.AsyncConnectionPool(
            ssl_context=None if safe is None else stand_in(),
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=IDLE_S,
            network_backend=self.backend,
        )
        self.under_way = 0
        self.used_s = 0.0
