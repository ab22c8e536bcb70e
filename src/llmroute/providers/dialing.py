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
    """One connection being made; `ready` is run, in the thread that makes it, when it is over."""

    def __init__(self, host: str, port: int, ready: Callable[[], None]) -> None:
        """Start."""
        self._lock = threading.Lock()
        self._abandoned = False
        self._socket: socket.socket | None = None
        self._error: BaseException | None = None
        self._ready = ready
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
        with self:
            made = race(resolve(host, port), lambda: self._abandoned)
            with self._lock:
                if not self._abandoned:
                    self._socket = made
                    return
            made.close()


def resolve(host: str, port: int) -> list[Address]:
    """Look `host` up, unless it is an address; raises AttemptError "dns" when it has none."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, UnicodeError):
            socket.inet_pton(family, host)
            return [Address(family, (host, port))]
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
    while not gave_up():
        if waiting and (time.monotonic() >= next_at or not selector.get_map()):
            next_at = time.monotonic() + STAGGER_S
            try:
                selector.register(_start(waiting.pop(0)), selectors.EVENT_WRITE)
            except OSError as error:
                failure = broken("connect", error)
            continue
        if not selector.get_map():
            break
        for key, _ in selector.select(SLICE_S):
            trying = cast("socket.socket", key.fileobj)
            selector.unregister(trying)
            code = trying.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return trying
            trying.close()
            failure = broken("connect", OSError(code, os.strerror(code)))
    raise failure


def _start(address: Address) -> socket.socket:
    """Begin to connect; the socket turns writable when that is over."""
    with contextlib.ExitStack() as undo:
        trying = undo.enter_context(socket.socket(address.family, socket.SOCK_STREAM))
        trying.settimeout(0)
        trying.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = trying.connect_ex(address.target)
        if code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))
        undo.pop_all()  # nothing failed: it stays open
    return trying
