"""Sockets of tasks for httpcore2's pools: each operation is bounded by its attempt's budget."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

import httpcore2

from .budget import broken, budget_of
from .dialing import Dial, literal, unconnected
from .line import Line, connect_time_was_up, handshaking, time_was_up
from .proxies import HEAD_BYTES, NO_PROXIES, ProxyAnswer, connect_request, through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .budget import Budget
    from .dialing import Address
    from .proxies import Proxies
    from .security import Security

# ruff: noqa: ASYNC109 - `timeout` is what httpcore2 calls it

T = TypeVar("T")

CHUNK_BYTES = 64 * 1024
FAIR = 8
"""Reads that may succeed at once before the event loop gets its turn."""


class AsyncStream(httpcore2.AsyncNetworkStream):
    """A connection for tasks."""

    def __init__(self, line: Line, security: Security | None) -> None:
        """Take a connected, non-blocking socket over; `security` makes it secure, if asked."""
        self._line = line
        self._security = security
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._reads = 0
        self._busy = False
        self._closed = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is; b"" at the end."""
        budget = budget_of(timeout)
        tls = self._tls
        self._busy = True
        try:
            async with asyncio.timeout(budget.left()):
                if tls is None:
                    data = await self._receive(max_bytes)
                else:
                    data = await self._secure(lambda: tls.read(max_bytes))
        except TimeoutError as error:
            raise time_was_up(budget, error) from None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            data = b""
        except OSError as error:
            budget.left()
            raise broken("cut_short", error) from None
        finally:
            self._idle()
        if not data:
            budget.left()  # it may have been shut down by a cancel
            budget.ended = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        budget = budget_of(timeout)
        tls = self._tls
        self._line.use(budget)
        self._busy = True
        try:
            async with asyncio.timeout(budget.left()):
                if tls is None:
                    await asyncio.get_running_loop().sock_sendall(self._line.sock, buffer)
                else:
                    await self._secure(lambda: tls.write(buffer))
        except TimeoutError as error:
            raise time_was_up(budget, error) from None
        except OSError as error:
            budget.left()
            raise httpcore2.WriteError(type(error).__name__) from None  # an answer may be there yet
        finally:
            self._idle()

    async def aclose(self) -> None:
        """Close; a read under way in another task ends, and closes the socket after itself."""
        self.close()

    def close(self) -> None:
        """Close likewise without an event loop."""
        self._closed = True
        self._line.shut_down()
        if not self._busy:
            self._line.sock.close()

    async def open_tunnel(self, request: bytes, budget: Budget) -> None:
        """Ask the proxy at the other end for a tunnel; raises AttemptError when there is none."""
        answer = ProxyAnswer()
        with handshaking(self._line, budget, self.close):
            async with asyncio.timeout(budget.left_to_connect()):
                await asyncio.get_running_loop().sock_sendall(self._line.sock, request)
                while not answer.complete:
                    data = await self._receive(HEAD_BYTES)
                    budget.left()  # it may have been shut down by a cancel
                    answer.feed(data)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Make the connection secure; raises AttemptError "tls" or "connect_timeout"."""
        budget = budget_of(timeout)
        context = ssl_context if self._security is None else self._security.context
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        with handshaking(self._line, budget, self.close):
            async with asyncio.timeout(budget.left_to_connect()):
                await self._secure(self._tls.do_handshake)
        return self

    def get_extra_info(self, info: str) -> object:
        """Answer the pool's questions."""
        return self._line.info(info)

    def _idle(self) -> None:
        self._busy = False
        if self._closed:
            self._line.sock.close()

    async def _receive(self, max_bytes: int) -> bytes:
        """Receive; a peer that always has something to say does not hold the event loop."""
        self._reads += 1
        if self._reads % FAIR == 0:
            await asyncio.sleep(0)
        return await asyncio.get_running_loop().sock_recv(self._line.sock, max_bytes)

    async def _secure(self, operation: Callable[[], T]) -> T:
        """Run `operation` of the TLS engine, with the bytes it wants to send and to see."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                await self._flush()
            else:
                await self._flush()
                return result
            data = await self._receive(CHUNK_BYTES)
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await asyncio.get_running_loop().sock_sendall(self._line.sock, self._outgoing.read())


class AsyncBackend(httpcore2.AsyncNetworkBackend):
    """Connects for tasks, through the proxies that it is given; asyncio only."""

    def __init__(self, proxies: Proxies = NO_PROXIES, security: Security | None = None) -> None:
        """Begin without connections; without `security` none of them can be secured."""
        self._proxies = proxies
        self._security = security
        self._prepare = None if security is None else security.prepare
        self._streams: WeakSet[AsyncStream] = WeakSet()

    def close(self) -> None:
        """Close every connection, from any thread, even when the event loop is closed."""
        for stream in list(self._streams):
            stream.close()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore2's shape
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve and connect; raises AttemptError "dns", "connect" or "connect_timeout"."""
        budget = budget_of(timeout)
        proxy = self._proxies.route(host, port)
        if proxy is None:
            return self._stream(await connected(host, port, budget, self._prepare))
        with through(proxy):
            stream = self._stream(await connected(proxy.host, proxy.port, budget, self._prepare))
            await stream.open_tunnel(connect_request(proxy, host, port), budget)
        return stream

    def _stream(self, line: Line) -> AsyncStream:
        stream = AsyncStream(line, self._security)
        self._streams.add(stream)
        return stream


async def connected(
    host: str, port: int, budget: Budget, prepare: Callable[[], None] | None = None
) -> Line:
    """Resolve and connect within `budget`; raises AttemptError."""
    known = literal(host, port) if prepare is None else None
    if known is not None:
        return await _connected_to(known, budget)
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def ready() -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(over.set)

    dial = Dial(host, port, ready, prepare)
    budget.hold(dial.abandon)
    try:
        async with asyncio.timeout(budget.left_to_connect()):
            await over.wait()
        budget.left()
        line = Line(dial.take())
    except TimeoutError:
        raise connect_time_was_up(budget) from None
    finally:
        budget.hold(None)
        dial.abandon()
    line.use(budget)
    return line


async def _connected_to(address: Address, budget: Budget) -> Line:
    """Connect likewise where there is no name to look up: many at once need no threads."""
    loop = asyncio.get_running_loop()
    line = Line(unconnected(address))
    made = False
    try:
        async with asyncio.timeout(budget.left_to_connect()) as alarm:

            def hurry() -> None:
                with contextlib.suppress(RuntimeError):  # it is over
                    alarm.reschedule(loop.time())

            def cancelled() -> None:
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(hurry)

            budget.hold(cancelled)
            await loop.sock_connect(line.sock, address.target)
        budget.left()
        made = True
    except TimeoutError:
        raise connect_time_was_up(budget) from None
    except OSError as error:
        raise broken("connect", error, os.strerror(error.errno or 0)) from None
    finally:
        budget.hold(None)
        if not made:
            line.sock.close()
    line.use(budget)
    return line
