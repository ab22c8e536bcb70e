"""A guard against the network: what would leave the process raises instead."""

from __future__ import annotations

import errno
import functools
import inspect
import ipaddress
import socket
import sys
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

# Audit events (docs.python.org/3/library/audit_events.html), and where their address stands.
_RESOLVES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_REACHES = ("socket.connect", "socket.sendto", "socket.sendmsg")
_ADDRESS_AT = dict.fromkeys(_RESOLVES, 0) | dict.fromkeys(_REACHES, 1)


class NetworkForbiddenError(RuntimeError):
    """A test reached for the network under `no_network()`; `target` is what it reached for.

    It is no OSError and no LLMRouteError on purpose: no retry and no fallback may swallow it.
    """

    def __init__(self, target: str) -> None:
        """Name the host that was asked for."""
        super().__init__(
            f"llmroute.testing.no_network() forbids reaching {target}; answer with a "
            "ScriptedProvider, pass allow_loopback=True for a server on this machine, "
            "or outage=True to see what the program does without a network"
        )
        self.target = target


class NetworkGuard:
    """A context manager and decorator, for coroutine functions too; it may be entered again."""

    def __init__(self, *, allow_loopback: bool, outage: bool) -> None:
        """Say what is forbidden, and how it fails."""
        self.allow_loopback = allow_loopback
        self.outage = outage

    def __enter__(self) -> None:
        """Forbid."""
        _install()
        with _lock:
            _guards.append(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Allow again what no other guard forbids."""
        with _lock:
            _guards.remove(self)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Guard every call of `function`."""

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def aguarded(*args: P.args, **kwargs: P.kwargs) -> object:
            with self:
                return await cast("Callable[P, Awaitable[object]]", function)(*args, **kwargs)

        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", aguarded)
        return guarded

    def check(self, event: str, target: str, *, loopback: bool) -> None:
        """Raise unless `target` may be reached."""
        if self.allow_loopback and loopback:
            return
        if not self.outage:
            raise NetworkForbiddenError(target)
        if event in _RESOLVES:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        raise OSError(errno.ENETUNREACH, "Network is unreachable")


_guards: list[NetworkGuard] = []
_lock = threading.Lock()


def no_network(*, allow_loopback: bool = False, outage: bool = False) -> NetworkGuard:
    """Forbid this whole process, all threads included, to resolve names, connect and send.

    Use it as a context manager, as a decorator, or inside a pytest fixture. Guards add up: what one
    forbids is forbidden, in the way of the one entered last. Unix sockets are not the network.
    `allow_loopback` lets 127.0.0.0/8, ::1 and "localhost" through. With `outage`, reaching out
    fails as on a machine without a network (an OSError, which is retried and fallen back from)
    instead of with NetworkForbiddenError, which nothing swallows.

    It listens to CPython's audit events, so that it holds for every library and patches nothing.
    Not for production: native code that opens sockets of its own is not seen.
    """
    return NetworkGuard(allow_loopback=allow_loopback, outage=outage)


@functools.cache
def _install() -> None:
    """Add the hook, once; Python cannot remove it, so that it stays and does nothing."""
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _guards or event not in _ADDRESS_AT:
        return
    address = arguments[_ADDRESS_AT[event]]
    if event in _RESOLVES:
        target = _host(address)
    elif isinstance(address, tuple):
        target = _host(cast("tuple[object, ...]", address)[0])
    else:
        return  # a Unix socket, or one that is connected already
    loopback = _is_loopback(target)
    for guard in reversed(tuple(_guards)):
        guard.check(event, target, loopback=loopback)


def _host(host: object) -> str:
    if isinstance(host, bytes):
        return host.decode(errors="replace")
    return str(host or "localhost")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
