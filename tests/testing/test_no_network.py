"""The guard against the network: what it forbids, what it lets through, how it nests."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from llmroute.testing import NetworkForbiddenError, no_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAR = ("192.0.2.1", 9)  # TEST-NET-1 (RFC 5737): never routed


def connect(address: tuple[str, int]) -> None:
    """Connect and hang up."""
    with socket.socket() as one:
        one.settimeout(5.0)
        one.connect(address)


def send(address: tuple[str, int]) -> None:
    """Send a datagram."""
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(b"x", address)


def connect_ex(address: tuple[str, int]) -> None:
    """Connect by the variant that returns its error."""
    with socket.socket() as one:
        one.settimeout(5.0)
        one.connect_ex(address)


def resolve(address: tuple[str, int]) -> None:
    """Resolve the host."""
    socket.getaddrinfo(*address)


def aconnect(address: tuple[str, int]) -> None:
    """Connect on an event loop."""

    async def main() -> None:
        _, writer = await asyncio.open_connection(*address)
        writer.close()
        await writer.wait_closed()

    asyncio.run(main())


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    """Listen on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one.getsockname()


@pytest.mark.parametrize("reach", [connect, connect_ex, send, resolve, aconnect])
def test_far_hosts_are_forbidden(reach: Callable[[tuple[str, int]], None]) -> None:
    """Nothing far is connected to, sent to or resolved; the error names the host and the tool."""
    with no_network(allow_loopback=True), pytest.raises(NetworkForbiddenError) as caught:
        reach(FAR)
    assert caught.value.target == "192.0.2.1"
    assert "no_network()" in str(caught.value)


def test_names_are_forbidden() -> None:
    """A name is not even resolved."""
    with no_network(allow_loopback=True), pytest.raises(NetworkForbiddenError, match="example"):
        socket.create_connection(("api.example.com", 443))


@pytest.mark.parametrize("reach", [connect, aconnect, resolve])
def test_loopback_when_allowed(
    reach: Callable[[tuple[str, int]], None], server: tuple[str, int]
) -> None:
    """Loopback is let through only when asked for."""
    with no_network(allow_loopback=True):
        reach(server)
        reach(("localhost", server[1]))
    with no_network(), pytest.raises(NetworkForbiddenError, match=r"127\.0\.0\.1"):
        reach(server)


def test_the_strictest_guard_holds(server: tuple[str, int]) -> None:
    """Guards add up, and each takes back only itself."""
    with no_network(allow_loopback=True):
        with no_network(), no_network(allow_loopback=True), pytest.raises(NetworkForbiddenError):
            connect(server)
        connect(server)


def test_all_threads_are_guarded() -> None:
    """A thread that was not there before is guarded too."""
    caught: list[str] = []

    def reach() -> None:
        try:
            connect(FAR)
        except NetworkForbiddenError as error:
            caught.append(error.target)

    with no_network():
        thread = threading.Thread(target=reach)
        thread.start()
        thread.join()
    assert caught == ["192.0.2.1"]


def test_outage_fails_like_a_machine_without_network() -> None:
    """An outage is an ordinary OSError: no route, and no name resolution."""
    with no_network(outage=True):
        with pytest.raises(OSError, match="unreachable"):
            connect(FAR)
        with pytest.raises(socket.gaierror):
            resolve(("api.example.com", 443))


def test_functions_and_coroutines_can_be_decorated() -> None:
    """As a decorator it guards each call, coroutine functions to their end."""

    @no_network()
    def plain(port: int) -> None:
        connect(("127.0.0.1", port))

    @no_network()
    async def slow(port: int) -> None:
        await asyncio.sleep(0)
        connect(("127.0.0.1", port))

    with pytest.raises(NetworkForbiddenError):
        plain(9)
    with pytest.raises(NetworkForbiddenError):
        asyncio.run(slow(9))


def test_unix_sockets_are_not_the_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A Unix socket stays usable."""
    path = str(tmp_path_factory.mktemp("s") / "s")
    with no_network(), socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
