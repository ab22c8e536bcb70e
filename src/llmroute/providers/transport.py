"""How requests leave: our own pools, or a client of the application's."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from llmroute.errors import ClosedError, ForkedError, RequestError

from .answers import Engine, check, with_query
from .security import Security

if TYPE_CHECKING:
    import ssl

    from .answers import Answer, AsyncAnswer, AsyncEngine
    from .budget import Budget
    from .wire import HttpRequest


class Transport:
    """Sends requests; owns the connections unless `http_client` or `engine` does.

    It may be used by any number of threads and event loops, in the process that made it. It
    follows no redirects. Our own connections take the environment's proxies, as it names them at
    the first request.
    `http_client` is an `httpx2` or `httpx` client of the application's, sync or async; it is used,
    never closed. A model's own key goes before that client's `auth`; a model without a key leaves
    it to the client. `engine` is what sends by an openai client, likewise. `ssl_context` replaces
    the machine's trusted authorities in our own connections.
    """

    def __init__(
        self,
        http_client: object | None = None,
        *,
        engine: Engine | AsyncEngine | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Import nothing and connect to nothing yet; raises RequestError for a strange client."""
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._security = Security(ssl_context)
        self._closed = False
        self._engine: Engine | None = None
        self._async_engine: AsyncEngine | None = None
        self._lender = "client" if engine is not None else "http_client"
        if http_client is not None:
            from .foreign import engine_for

            engine = engine_for(http_client)
        self._own = engine is None
        if isinstance(engine, Engine):
            self._engine = engine
        else:
            self._async_engine = engine

    def send(self, request: HttpRequest, budget: Budget) -> Answer:
        """Send from this thread, and wait for status and headers.

        Raises AttemptError, ClosedError after `close`, ForkedError in another process, and
        RequestError when the application's client is an async one.
        """
        self._check()
        request = with_query(budget.call, request)
        check(budget.call, request)
        if self._engine is None:
            self._open()
        if self._engine is None:
            what = "it is an async client; Client needs a sync one"
            raise RequestError(what, where=self._lender)
        return self._engine.send(request, budget)

    async def asend(self, request: HttpRequest, budget: Budget) -> AsyncAnswer:
        """Send from this task likewise."""
        self._check()
        request = with_query(budget.call, request)
        check(budget.call, request)
        engine = self._async_engine or self._open_async()
        if engine is None:
            what = "it is a sync client; AsyncClient needs an async one"
            raise RequestError(what, where=self._lender)
        return await engine.asend(request, budget)

    @property
    def lender(self) -> str | None:
        """What the application lent, "http_client" or "client" of a model; None when it is ours."""
        return None if self._own else self._lender

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Close every connection of ours, in any thread; what is under way ends. Twice is fine."""
        with self._lock:
            self._closed = True
            if self._pid != os.getpid():
                return  # the connections are the parent's
            for engine in (self._engine, self._async_engine):
                if engine is not None:
                    engine.close()

    def _check(self) -> None:
        if self._closed:
            raise ClosedError("the client is closed")
        if self._pid != os.getpid():
            raise ForkedError("the client was made in another process; make one in each process")

    def _open(self) -> Engine | None:
        if not self._own:
            return None
        from .pool import Pool  # the HTTP stack, with the first request

        with self._lock:
            self._engine = self._engine or Pool(self._security)
            return self._engine

    def _open_async(self) -> AsyncEngine | None:
        if not self._own:
            return None
        from .async_pool import AsyncPool

        with self._lock:
            self._async_engine = self._async_engine or AsyncPool(self._security)
            return self._async_engine
