"""Our own HTTP engine for tasks; programs that are not async never load it."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, NamedTuple

import httpcore2

from .async_sockets import AsyncBackend
from .pool import IDLE_S, KEPT, errors, head_of, outgoing, target_of, translated
from .proxies import NO_PROXIES, Proxies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .budget import Budget
    from .security import Security
    from .wire import HttpRequest


class AsyncPoolAnswer:
    """An answer under way in a task."""

    def __init__(self, response: httpcore2.Response, budget: Budget) -> None:
        """Begin."""
        self.head = head_of(response)
        self._response = response
        self._budget = budget

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes in; raises AttemptError."""
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except errors() as error:
            raise translated(error, self._budget) from None

    async def aclose(self) -> None:
        """Give the connection back, or close it."""
        await self._response.aclose()


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
        try:
            response = await self._pool(secure=target.secure).handle_async_request(
                outgoing(target, request, budget)
            )
        except errors() as error:
            raise translated(error, budget) from None
        return AsyncPoolAnswer(response, budget)

    def close(self) -> None:
        """Close every connection, whichever loop it belongs to."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.backend.close()

    def _pool(self, *, secure: bool) -> httpcore2.AsyncConnectionPool:
        loop = asyncio.get_running_loop()
        with self._lock:
            found = self._pools.get((id(loop), secure))
            if found is None or found.loop is not loop:
                self._drop_closed()
                backend = AsyncBackend(self._proxies if secure else NO_PROXIES)
                pool = httpcore2.AsyncConnectionPool(
                    ssl_context=self._security.context if secure else None,
                    max_connections=None,
                    max_keepalive_connections=KEPT,
                    keepalive_expiry=IDLE_S,
                    network_backend=backend,
                )
                found = self._pools[id(loop), secure] = LoopPool(loop, pool, backend)
            return found.pool

    def _drop_closed(self) -> None:
        for key, one in list(self._pools.items()):
            if one.loop.is_closed():
                del self._pools[key]
                one.backend.close()


class LoopPool(NamedTuple):
    """A pool and the event loop it is used on."""

    loop: asyncio.AbstractEventLoop
    pool: httpcore2.AsyncConnectionPool
    backend: AsyncBackend
