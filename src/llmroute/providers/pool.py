"""Our own HTTP engine: httpcore2's pools over our own sockets.

It stands below httpx2, which runs the same pools: an answer costs about half of what it costs
through `httpx2.Client`, and nothing on the way follows redirects or keeps cookies. Secure
connections go through the environment's proxies, as it names them when the pool is made.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple, cast

import httpcore2

from llmroute.errors import AttemptError

from .answers import Head, failed, headers_of
from .proxies import Proxies
from .security import stand_in
from .sockets import Backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .budget import Budget
    from .security import Security
    from .wire import HttpRequest

KEPT = 100
"""Unused connections that are kept, at most."""
IDLE_S = 30.0
"""Seconds for which an unused connection is kept."""

_ERRORS = (
    httpcore2.ProtocolError,
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
    httpcore2.ProxyError,
)


def errors() -> tuple[type[Exception], ...]:
    """What the engine raises; respx, which stands in for it in tests, raises httpx2's errors."""
    loaded = sys.modules.get("httpx2")
    return _ERRORS if loaded is None else (*_ERRORS, cast("type[Exception]", loaded.HTTPError))


class Target(NamedTuple):
    """An address, parsed."""

    url: httpcore2.URL
    host: bytes
    secure: bool


@functools.lru_cache(maxsize=256)
def target_of(url: str) -> Target:
    """Parse `url`; raises AttemptError "bad_request" when it is no http(s) address."""
    try:
        parsed = httpcore2.URL(url)
    except ValueError:
        raise AttemptError("bad_request", "the address is not a valid URL") from None
    if parsed.scheme not in (b"http", b"https") or not parsed.host:
        raise AttemptError("bad_request", "the address is not an http or https URL")
    host = b"[%b]" % parsed.host if b":" in parsed.host else parsed.host
    if parsed.port is not None:
        host += b":%d" % parsed.port
    return Target(parsed, host, parsed.scheme == b"https")


class PoolAnswer:
    """An answer under way in a thread."""

    def __init__(self, response: httpcore2.Response, budget: Budget) -> None:
        """Begin."""
        self.head = head_of(response)
        self._response = response
        self._budget = budget

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes in; raises AttemptError."""
        try:
            yield from self._response.iter_stream()
        except errors() as error:
            raise translated(error, self._budget) from None

    def close(self) -> None:
        """Give the connection back, or close it."""
        self._response.close()


class Pool:
    """Connections for threads; any number of threads may use it."""

    def __init__(self, security: Security) -> None:
        """Begin without connections."""
        self._security = security
        self._proxies = Proxies(os.environ)
        self._lock = threading.Lock()
        self._pools: dict[bool, httpcore2.ConnectionPool] = {}

    def send(self, request: HttpRequest, budget: Budget, /) -> PoolAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        target = target_of(request.url)
        try:
            response = self._pool(secure=target.secure).handle_request(
                outgoing(target, request, budget)
            )
        except errors() as error:
            raise translated(error, budget) from None
        return PoolAnswer(response, budget)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, *, secure: bool) -> httpcore2.ConnectionPool:
        with self._lock:
            found = self._pools.get(secure)
            if found is None:
                found = self._pools[secure] = httpcore2.ConnectionPool(
                    ssl_context=stand_in() if secure else None,
                    max_connections=None,
                    max_keepalive_connections=KEPT,
                    keepalive_expiry=IDLE_S,
                    network_backend=self._backend(secure=secure),
                )
            return found

    def _backend(self, *, secure: bool) -> Backend:
        return Backend(self._proxies, self._security) if secure else Backend()


def outgoing(target: Target, request: HttpRequest, budget: Budget) -> httpcore2.Request:
    """Write the request for httpcore2; every time-out in it is the budget."""
    return httpcore2.Request(
        b"POST",
        target.url,
        headers=[(b"host", target.host), *_raw(headers_of(budget.call, request))],
        content=request.content,
        extensions={"timeout": {"connect": budget, "read": budget, "write": budget}},
    )


def _raw(headers: list[tuple[str, str]]) -> Iterator[tuple[bytes, bytes]]:
    return ((name.encode("ascii"), value.encode("ascii")) for name, value in headers)


def head_of(response: httpcore2.Response) -> Head:
    """Read status and headers."""
    headers = response.headers
    return Head(
        response.status,
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers},
    )


def translated(error: Exception, budget: Budget) -> AttemptError:
    """Say what httpcore2 found; its own text may quote headers, so it is left out."""
    budget.left()  # raises if it was the time or a cancel
    return failed(error, ended=budget.ended)
