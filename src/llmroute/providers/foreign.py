"""The application's own HTTP client, `httpx2` or `httpx`, in place of our pool.

Which of the two it is, its class tells; neither is imported here. The deadline is as good as that
client's time-outs: each is set to the time left when the attempt begins, and the time is looked at
again between chunks. A task is bounded exactly. A model's own key goes before the client's `auth`;
a model without a key leaves it to the client.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from typing import TYPE_CHECKING, TypeVar, cast

from llmroute.catalog.openai_clients import client_class
from llmroute.errors import AttemptError, RequestError

from .answers import Head, failed, headers_of
from .budget import broken
from .line import tls_reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from types import ModuleType

    from .budget import Budget
    from .foreign_clients import AsyncHttpClient, Building, HttpClient, Response, Sending, Stream
    from .wire import HttpRequest

T = TypeVar("T")

POOL_SHARE = 0.5
"""As much of the time to connect may pass until a connection is free: 1 s, with a model left."""


def engine_for(client: object) -> ForeignPool | AsyncForeignPool:
    """Recognize the client; raises RequestError when it is neither package's."""
    for one in type(client).__mro__:
        package = one.__module__.partition(".")[0]
        if package in {"httpx", "httpx2"} and one.__name__ in {"Client", "AsyncClient"}:
            errors = errors_of(sys.modules[package])
            if one.__name__ == "Client":
                return ForeignPool(cast("HttpClient", client), errors)
            return AsyncForeignPool(cast("AsyncHttpClient", client), errors)
    hint = "Pass httpx2.Client(...) to Client, httpx2.AsyncClient(...) to AsyncClient"
    if client_class(client) is not None:
        hint = "An openai client goes with its model: llmroute.model(..., client=...)"
    what = f"{type(client).__name__} is not a client of httpx2 or httpx"
    raise RequestError(what, where="http_client", hint=hint)


def errors_of(module: ModuleType) -> tuple[type[Exception], ...]:
    """The roots of what one of the packages raises."""
    names = ("HTTPError", "InvalidURL", "StreamError")
    return tuple(cast("type[Exception]", getattr(module, name)) for name in names)


class ForeignAnswer:
    """An answer under way in a thread."""

    def __init__(
        self, response: Response, budget: Budget, errors: tuple[type[Exception], ...]
    ) -> None:
        """Begin; from here on a cancel reaches the socket."""
        self.head = _head(response)
        self._response = response
        self._budget = budget
        self._errors = errors
        budget.hold(lambda: _shut_down(response))

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes in; raises AttemptError."""
        if self._response.is_stream_consumed:
            yield self._response.content
            return
        try:
            for chunk in self._response.iter_raw():
                self._budget.left()
                yield chunk
        except self._errors as error:
            self._budget.left()
            raise failed(error, ended=True) from None

    def close(self) -> None:
        """Give the connection back, or close it."""
        self._budget.hold(None)
        self._response.close()


class ForeignPool:
    """A client for threads, used and never closed."""

    def __init__(self, client: HttpClient, errors: tuple[type[Exception], ...]) -> None:
        """`errors` are the roots of what the client raises."""
        self._client = client
        self._errors = errors

    def send(self, request: HttpRequest, budget: Budget, /) -> ForeignAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        try:
            response = self._client.send(_built(self._client, request, budget), **_sending(budget))
        except self._errors as error:
            budget.left()
            raise explained(error) from None
        except RuntimeError:
            if not self._client.is_closed:
                raise
            raise _closed() from None
        return ForeignAnswer(response, budget, self._errors)

    def close(self) -> None:
        """Leave it open: it belongs to the application."""


class AsyncForeignAnswer:
    """An answer under way in a task."""

    def __init__(
        self, response: Response, budget: Budget, errors: tuple[type[Exception], ...]
    ) -> None:
        """Begin."""
        self.head = _head(response)
        self._response = response
        self._budget = budget
        self._errors = errors

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes in; raises AttemptError."""
        if self._response.is_stream_consumed:
            yield self._response.content
            return
        raw = aiter(self._response.aiter_raw())
        try:
            while True:
                chunk = await bounded(self._budget, anext(raw, None))
                if chunk is None:
                    return
                yield chunk
        except self._errors as error:
            self._budget.left()
            raise failed(error, ended=True) from None

    async def aclose(self) -> None:
        """Give the connection back, or close it."""
        await self._response.aclose()


class AsyncForeignPool:
    """A client for tasks, used and never closed."""

    def __init__(self, client: AsyncHttpClient, errors: tuple[type[Exception], ...]) -> None:
        """`errors` are the roots of what the client raises."""
        self._client = client
        self._errors = errors

    async def asend(self, request: HttpRequest, budget: Budget, /) -> AsyncForeignAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        try:
            response = await bounded(
                budget,
                self._client.send(_built(self._client, request, budget), **_sending(budget)),
            )
        except self._errors as error:
            budget.left()
            raise explained(error) from None
        except RuntimeError:
            if not self._client.is_closed:
                raise
            raise _closed() from None
        return AsyncForeignAnswer(response, budget, self._errors)

    def close(self) -> None:
        """Leave it open: it belongs to the application."""


def _built(client: Building, request: HttpRequest, budget: Budget) -> object:
    left = budget.left()
    connect = budget.left_to_connect()
    timeout = {"connect": connect, "read": left, "write": left, "pool": connect * POOL_SHARE}
    return client.build_request(
        "POST",
        request.url,
        content=request.content,
        headers=headers_of(budget.call, request),
        extensions={"timeout": timeout},
    )


def _sending(budget: Budget) -> Sending:
    if budget.call.key is None:
        return {"stream": True, "follow_redirects": False}
    return {"stream": True, "follow_redirects": False, "auth": None}


def _closed() -> AttemptError:
    """Say that the application closed its client; trying again would not open it."""
    return AttemptError("client_closed", "the http_client was closed by the application")


async def bounded(budget: Budget, awaitable: Awaitable[T]) -> T:
    """Await within the budget; a cancel from any thread ends it as well."""
    import asyncio  # programs that are not async never load it

    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(budget.left()) as scope:

            def break_off() -> None:
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(expire)

            def expire() -> None:
                with contextlib.suppress(RuntimeError):  # it is over already
                    scope.reschedule(loop.time())

            budget.hold(break_off)
            return await awaitable
    except TimeoutError:
        budget.left()
        raise AttemptError("interrupted", "the attempt's time was up") from None
    finally:
        budget.hold(None)


def explained(error: Exception) -> AttemptError:
    """Find what kind of connection failure lies beneath."""
    failure = failed(error, ended=True)
    beneath: BaseException | None = error
    while beneath is not None and failure.fault.kind == "connect":
        if isinstance(beneath, socket.gaierror):
            return broken("dns", beneath)
        if isinstance(beneath, ssl.SSLError):
            return broken("tls", beneath, tls_reason(beneath))
        if isinstance(beneath, OSError) and beneath.strerror:
            return broken("connect", beneath)
        beneath = beneath.__cause__ or beneath.__context__
    return failure


def _head(response: Response) -> Head:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.is_stream_consumed:  # a mock's: its content is at hand, and decoded
        headers.pop("content-encoding", None)
    return Head(response.status_code, headers)


def _shut_down(response: Response) -> None:
    stream = cast("Stream | None", response.extensions.get("network_stream"))
    sock = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(sock, socket.socket):
        with contextlib.suppress(OSError):  # the peer was faster
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
