"""A connected socket that any thread can break off, in either color, on behalf of one attempt.

A cancel shuts the socket down, which ends a blocked read; the reader then asks its budget what
happened. Nothing here belongs to an event loop: a socket whose loop was closed is closed like any
other.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from .budget import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .budget import Budget


UNHEARD_S = 5.0
"""Seconds after which a connection ends whose peer does not acknowledge what it is sent.

As a request goes out over a connection that was kept while the network went, that is the only
sign. Where the platform has no TCP_USER_TIMEOUT (RFC 5482), only the attempt's own limits end it.
"""


class Line:
    """A connected socket, and whose attempt is using it."""

    __slots__ = ("_lock", "_user", "sock")

    def __init__(self, sock: socket.socket) -> None:
        """Begin unused."""
        self.sock = sock
        self._lock = threading.Lock()
        self._user: Budget | None = None

    def use(self, budget: Budget) -> None:
        """Let a cancel of `budget`'s call, and of no other, break this connection off."""
        if self._user is not budget:
            if self._user is None:
                _end_unheard(self.sock)
            with self._lock:
                self._user = budget
            budget.hold(lambda: self._break_off(budget))

    def shut_down(self) -> None:
        """End reads and writes under way, in whichever thread they are."""
        with contextlib.suppress(OSError):  # the peer was faster
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # not SSLSocket's: that races

    def _break_off(self, budget: Budget) -> None:
        with self._lock:
            if self._user is budget:
                self.shut_down()

    def info(self, name: str) -> object:
        """Tell the pool whether an idle connection was closed by its peer, and so can be read."""
        if name == "is_readable":
            return _readable(self.sock)
        return self.sock if name == "socket" else None


def _end_unheard(sock: socket.socket) -> None:
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        with contextlib.suppress(OSError):  # not every socket is one of TCP
            sock.setsockopt(socket.IPPROTO_TCP, option, int(UNHEARD_S * 1e3))


def time_was_up(budget: Budget, error: TimeoutError) -> AttemptError:
    """Say why a read or write stopped; raises what the budget says."""
    budget.left()
    if error.errno is not None:  # it was the system's time for a peer that is not heard of
        return broken("cut_short", error)
    return AttemptError("interrupted", "the attempt's time was up")


def connect_time_was_up(budget: Budget) -> AttemptError:
    """Say why connecting stopped; raises what the budget says."""
    budget.left_to_connect()
    return AttemptError("connect_timeout", "connecting took longer than connect_s")


def tls_failure(budget: Budget, error: OSError) -> AttemptError:
    """Say why there is no secure connection; raises what the budget says."""
    if isinstance(error, TimeoutError):
        return connect_time_was_up(budget)
    budget.left()
    if isinstance(error, ssl.SSLError):
        return broken("tls", error, tls_reason(error))
    return broken("connect", error)


def tls_reason(error: ssl.SSLError) -> str:
    """Say in words what OpenSSL found; a plain server's words make no TLS record."""
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return "the server does not speak TLS: is it http?"
    if isinstance(error, ssl.SSLEOFError):
        return "the server closed the connection instead of a TLS handshake"
    return error.strerror or "no secure connection"


@contextlib.contextmanager
def handshaking(
    line: Line, budget: Budget, close: Callable[[], None]
) -> Generator[None, None, None]:
    """Shake hands on behalf of `budget`; a failure closes, and is AttemptError."""
    line.use(budget)
    made = False
    try:
        yield
        made = True
    except OSError as error:
        raise tls_failure(budget, error) from None
    finally:
        if not made:
            close()


def _readable(sock: socket.socket) -> bool:
    """Whether a read would not block; a socket that is closed counts as readable."""
    if sock.fileno() < 0:
        return True
    if sys.platform == "win32":
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()  # a tenth of what a selector costs, and pools ask often
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
