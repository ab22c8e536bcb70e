"""Addresses at which no request ever arrives: nobody listens, nobody answers, no such name."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from llmroute.testing import no_network

if TYPE_CHECKING:
    from types import TracebackType

PLACES = {
    "refused": "Nobody listens at the port.",
    "dns_fail": "The host's name cannot be resolved.",
    "dns_hang": "The resolver does not answer.",
    "black_hole": "The host does not answer: packets go nowhere.",
    "tls_to_plain": "The server does not speak TLS.",
    "tls_hang": "The server takes the connection, and never shakes hands.",
}
NOWHERE = "nowhere.invalid"
SILENT = "silent.invalid"
LONGEST_S = 30.0
_answered = threading.Event()


def _resolver_is_silent(event: str, arguments: tuple[object, ...]) -> None:
    """Hold the resolver up for one name."""
    if event == "socket.getaddrinfo" and arguments[0] == SILENT:
        _answered.wait(LONGEST_S)


sys.addaudithook(_resolver_is_silent)  # before any guard's own, which would say no at once


class Places:
    """A context manager; `url_for` gives the address, as FaultServer does."""

    def __init__(self, plain_port: int) -> None:
        """`plain_port` is where a server speaks HTTP without TLS."""
        self._plain_port = plain_port
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        _answered.clear()
        self._stack.callback(_answered.set)
        self._stack.enter_context(no_network(allow_loopback=True, outage=True))
        self._bound = self._socket()
        self._deaf = self._socket()
        self._deaf.listen(16)
        self._full = self._socket()
        self._full.listen(0)
        while self._fills():
            pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def url_for(self, place: str) -> str:
        """Return a base URL; raises KeyError."""
        full, bound, deaf = (one.getsockname()[1] for one in (self._full, self._bound, self._deaf))
        return {
            "refused": f"http://127.0.0.1:{bound}/v1",
            "dns_fail": f"https://{NOWHERE}/v1",
            "dns_hang": f"https://{SILENT}/v1",
            "black_hole": f"http://127.0.0.1:{full}/v1",
            "tls_to_plain": f"https://127.0.0.1:{self._plain_port}/v1",
            "tls_hang": f"https://127.0.0.1:{deaf}/v1",
        }[place]

    def _socket(self) -> socket.socket:
        one = self._stack.enter_context(socket.socket())
        one.bind(("127.0.0.1", 0))
        return one

    def _fills(self) -> bool:
        """Take a place in the queue of connections that nobody accepts; False when it is full."""
        filler = self._stack.enter_context(socket.socket())
        filler.settimeout(0.2)
        try:
            filler.connect(self._full.getsockname())
        except TimeoutError:
            return False
        return True
