"""Names to addresses to a connected socket, in a thread, so that nothing in it can hold a call."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError

from .budget import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

STAGGER_S = 0.25
"""Seconds before the next address is tried beside the last one; RFC 8305, section 5."""
SLICE_S = 0.05
"""Seconds after which a thread notices that nobody waits for its connection any more."""

_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY}


class Address(NamedTuple):
    """One way to reach a host."""

    family: socket.AddressFamily
    target: tuple[str, int]


class Dial:
    """One connection being made; `ready` is run, in the thread that makes it, when it is over.

    `prepare` is run there as well, once it is made.
    """

    def __init__(
        self,
        host: str,
        port: int,
        ready: Callable[[], None],
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """Start."""
        self._lock = threading.Lock()
        self._abandoned = False
        self._socket: socket.socket | None = None
        self._error: BaseException | None = None
        self._ready = ready
        self._prepare = prepare
        name = "llmroute-dial"
        threading.Thread(target=self._run, args=(host, port), name=name, daemon=True).start()

    def abandon(self) -> None:
        """Nobody waits any more; a connection that is made after all is closed."""
        with self._lock:
            self._abandoned = True
            unwanted, self._socket = self._socket, None
        if unwanted is not None:
            unwanted.close()
        self._ready()

    def take(self) -> socket.socket:
        """Take the socket; raises what went wrong, AttemptError as a rule."""
        with self._lock:
            taken, self._socket = self._socket, None
            error, self._error = self._error, None
        if taken is not None:
            return taken
        raise error or AttemptError("connect", "the connection was given up")

    def __enter__(self) -> None:
        """Catch whatever happens in the thread, for whoever waits for it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        with self._lock:
            self._error = error
        self._ready()
        return True

    def _run(self, host: str, port: int) -> None:
        with self, contextlib.ExitStack() as undo:
            made = undo.enter_context(race(resolve(host, port), lambda: self._abandoned))
            if self._prepare is not None:
                self._prepare()
            with self._lock:
                if not self._abandoned:
                    self._socket = made
                    undo.pop_all()


def literal(host: str, port: int) -> Address | None:
    """Read a host that is an address already; None when it is a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, UnicodeError):
            socket.inet_pton(family, host)
            return Address(family, (host, port))
    return None


def resolve(host: str, port: int) -> list[Address]:
    """Look `host` up, unless it is an address; raises AttemptError "dns" when it has none."""
    known = literal(host, port)
    if known is not None:
        return [known]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise broken("dns", error) from None
    except UnicodeError:
        raise AttemptError("dns", "the host's name is not a valid name") from None
    return [Address(family, cast("tuple[str, int]", target)) for family, _, _, _, target in found]


def race(addresses: Sequence[Address], gave_up: Callable[[], bool]) -> socket.socket:
    """Connect to the first address that answers; the next one starts on a failure or a delay.

    Raises AttemptError "connect" with the last address's reason when none answers.
    """
    with selectors.DefaultSelector() as selector:
        try:
            return _race(selector, list(addresses), gave_up)
        finally:
            for key in list(selector.get_map().values()):
                cast("socket.socket", key.fileobj).close()


def _race(
    selector: selectors.BaseSelector, waiting: list[Address], gave_up: Callable[[], bool]
) -> socket.socket:
    failure = AttemptError("connect", "the host has no address")
    next_at = 0.0
    while (waiting or selector.get_map()) and not gave_up():
        try:
            if waiting and time.monotonic() >= next_at:
                next_at = time.monotonic() + STAGGER_S
                selector.register(_start(waiting.pop(0)), selectors.EVENT_WRITE)
            connected = _connected(selector)
        except OSError as error:
            failure = broken("connect", error)
            next_at = 0.0
        else:
            if connected is not None:
                return connected
    raise failure


def _connected(selector: selectors.BaseSelector) -> socket.socket | None:
    """Wait a moment for one of the sockets; raises OSError when one failed."""
    for key, _ in selector.select(SLICE_S):
        tried = cast("socket.socket", key.fileobj)
        selector.unregister(tried)
        code = tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            return tried
        tried.close()
        raise OSError(code, os.strerror(code))
    return None


def _start(address: Address) -> socket.socket:
    """Begin to connect; the socket turns writable when that is over."""
    with contextlib.ExitStack() as undo:
        trying = undo.enter_context(unconnected(address))
        code = trying.connect_ex(address.target)
        if code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))
        undo.pop_all()  # nothing failed: it stays open
    return trying


def unconnected(address: Address) -> socket.socket:
    """Make a socket that does not block."""
    made = socket.socket(address.family, socket.SOCK_STREAM)
    made.settimeout(0)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
