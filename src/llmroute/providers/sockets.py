"""Sockets of threads for httpcore2's pools: each operation is bounded by its attempt's budget."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING

import httpcore2

from .budget import broken, budget_of
from .dialing import Dial
from .line import Line, handshaking, time_was_up
from .proxies import HEAD_BYTES, NO_PROXIES, ProxyAnswer, connect_request, through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .budget import Budget
    from .proxies import Proxies
    from .security import Security


class Stream(httpcore2.NetworkStream):
    """A connection for threads."""

    def __init__(self, line: Line, security: Security | None) -> None:
        """Take a connected socket over; `security` makes it secure, if that is asked for."""
        self._line = line
        self._security = security

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is; b"" at the end."""
        budget = budget_of(timeout)
        sock = self._line.sock
        try:
            sock.settimeout(budget.left())
            data = sock.recv(max_bytes)
        except TimeoutError as error:
            raise time_was_up(budget, error) from None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            data = b""
        except OSError as error:
            budget.left()
            raise broken("cut_short", error) from None
        if not data:
            budget.left()  # it may have been shut down by a cancel
            budget.ended = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        budget = budget_of(timeout)
        sock = self._line.sock
        self._line.use(budget)
        view = memoryview(buffer)
        try:
            while view:
                sock.settimeout(budget.left())
                view = view[sock.send(view) :]
        except TimeoutError as error:
            raise time_was_up(budget, error) from None
        except OSError as error:
            budget.left()
            raise httpcore2.WriteError(type(error).__name__) from None  # an answer may be there yet

    def close(self) -> None:
        """Close; a read under way in another thread ends."""
        self._line.shut_down()
        self._line.sock.close()

    def open_tunnel(self, request: bytes, budget: Budget) -> None:
        """Ask the proxy at the other end for a tunnel; raises AttemptError when there is none."""
        answer = ProxyAnswer()
        sock = self._line.sock
        with handshaking(self._line, budget, self.close):
            sock.settimeout(budget.left_to_connect())
            sock.sendall(request)
            while not answer.complete:
                sock.settimeout(budget.left_to_connect())
                data = sock.recv(HEAD_BYTES)
                budget.left()  # it may have been shut down by a cancel
                answer.feed(data)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """Make the connection secure; raises AttemptError "tls" or "connect_timeout"."""
        budget = budget_of(timeout)
        with handshaking(self._line, budget, self.close):
            self._line.sock.settimeout(budget.left_to_connect())
            context = ssl_context if self._security is None else self._security.context
            secured = context.wrap_socket(
                self._line.sock, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._line.sock = secured  # from here on a cancel reaches it
            secured.do_handshake()
        return self

    def get_extra_info(self, info: str) -> object:
        """Answer the pool's questions."""
        return self._line.info(info)


class Backend(httpcore2.NetworkBackend):
    """Connects for threads, through the proxies that it is given."""

    def __init__(self, proxies: Proxies = NO_PROXIES, security: Security | None = None) -> None:
        """Begin without connections; without `security` none of them can be secured."""
        self._proxies = proxies
        self._security = security
        self._prepare = None if security is None else security.prepare

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore2's shape
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Resolve and connect; raises AttemptError "dns", "connect" or "connect_timeout"."""
        budget = budget_of(timeout)
        proxy = self._proxies.route(host, port)
        if proxy is None:
            line = connected(host, port, budget, self._prepare)
            return Stream(line, self._security)
        with through(proxy):
            line = connected(proxy.host, proxy.port, budget, self._prepare)
            stream = Stream(line, self._security)
            stream.open_tunnel(connect_request(proxy, host, port), budget)
        return stream


def connected(
    host: str, port: int, budget: Budget, prepare: Callable[[], None] | None = None
) -> Line:
    """Resolve and connect within `budget`; raises AttemptError."""
    ready = threading.Event()
    dial = Dial(host, port, ready.set, prepare)
    budget.hold(dial.abandon)
    try:
        while not ready.wait(budget.left_to_connect()):
            pass  # it may have woken a moment too early
        budget.left()
        line = Line(dial.take())
    finally:
        budget.hold(None)
        dial.abandon()
    line.use(budget)
    return line
