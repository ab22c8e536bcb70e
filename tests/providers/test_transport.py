"""Connections: deadlines, cancelling, names, reuse, loops, fork and closing, on real sockets."""

from __future__ import annotations

import asyncio
import errno
import gc
import multiprocessing
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import ClosedError, ForkedError
from llmroute.providers.budget import Budget
from llmroute.providers.dialing import Address, race
from llmroute.providers.line import Line, time_was_up
from llmroute.testing import no_network
from llmroute.testing.network import NetworkForbiddenError
from llmroute.types.events import Opened, Text
from tests.faults.server import FaultServer
from tests.providers.calls import How, aoutcome, call_to, outcome, provider_for

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from llmroute.providers.http_provider import HttpProvider
    from llmroute.types.calls import Call


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A fault server of one's own."""
    with FaultServer() as running:
        yield running


@pytest.fixture
def provider() -> Iterator[HttpProvider]:
    """A provider for chat completions."""
    made = provider_for()
    yield made
    made.close()


@contextmanager
def black_hole() -> Generator[int]:
    """A port of this machine that never answers a connection; its queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)  # noqa: FBT003 - the standard library's signature
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]


def cancel_after(call: Call, seconds: float) -> threading.Timer:
    """Cancel `call` from another thread."""
    timer = threading.Timer(seconds, call.cancel.set, ("the caller left",))
    timer.start()
    return timer


STALLS = ["stall_headers", "stall_first", "stall_midstream", "stall_pings"]


@pytest.mark.parametrize("fault", STALLS)
def test_the_timer_ends_an_attempt_exactly(
    server: FaultServer, provider: HttpProvider, fault: str
) -> None:
    """Whatever the server does not do, control comes back when the timer runs out."""
    url = server.url_for(fault)
    how = How(time_s=0.4)
    began = time.monotonic()
    assert outcome(provider.events(call_to(url, how))).kind == "interrupted"
    middle = time.monotonic()
    assert asyncio.run(aoutcome(provider.aevents(call_to(url, how)))).kind == "interrupted"
    assert 0.39 < middle - began < 0.65
    assert 0.39 < time.monotonic() - middle < 0.65


def test_the_timer_may_move_while_content_comes(
    server: FaultServer, provider: HttpProvider
) -> None:
    """The time is asked anew before each read, in both directions."""
    call = call_to(server.url_for("normal;pause=0.1"), How(time_s=0.25))
    text = ""
    for event in provider.events(call):
        call.timer.at = call.clock.now() + 0.25
        text += event.text if isinstance(event, Text) else ""
    assert text == "The answer is forty-two."

    call = call_to(server.url_for("stall_midstream"), How(time_s=60))
    began = time.monotonic()
    events = provider.events(call)
    assert next(events) == Opened()
    call.timer.at = call.clock.now() + 0.2
    assert outcome(events).kind == "interrupted"
    assert time.monotonic() - began < 1.0


def test_the_timer_may_move_in_a_task(server: FaultServer, provider: HttpProvider) -> None:
    """The same holds for a task."""

    async def main() -> None:
        call = call_to(server.url_for("normal;pause=0.1"), How(time_s=0.25))
        async for _ in provider.aevents(call):
            call.timer.at = call.clock.now() + 0.25
        call = call_to(server.url_for("stall_midstream"), How(time_s=60))
        events = provider.aevents(call)
        assert await anext(events) == Opened()
        call.timer.at = call.clock.now() + 0.2
        assert (await aoutcome(events)).kind == "interrupted"

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 3.0


@pytest.mark.parametrize("fault", STALLS)
def test_a_cancel_from_another_thread_ends_a_blocked_read(
    server: FaultServer, provider: HttpProvider, fault: str
) -> None:
    """A cancel ends a read within 100 ms, in both colors, and gives its reason."""
    for color in ("sync", "async"):
        call = call_to(server.url_for(fault), How(time_s=30))
        timer = cancel_after(call, 0.15)
        began = time.monotonic()
        if color == "sync":
            result = outcome(provider.events(call))
        else:
            result = asyncio.run(aoutcome(provider.aevents(call)))
        took = time.monotonic() - began
        timer.join()
        assert result.fault.kind == "interrupted"
        assert result.fault.reason == "the caller left"
        assert took < 0.4


def test_a_cancel_ends_connecting(provider: HttpProvider) -> None:
    """A cancel ends a connection attempt that hangs, in both colors."""
    with black_hole() as port:
        url = f"http://127.0.0.1:{port}/v1"
        for color in ("sync", "async"):
            call = call_to(url, How(time_s=30, connect_s=30))
            timer = cancel_after(call, 0.15)
            began = time.monotonic()
            if color == "sync":
                result = outcome(provider.events(call))
            else:
                result = asyncio.run(aoutcome(provider.aevents(call)))
            took = time.monotonic() - began
            timer.join()
            assert result.kind == "interrupted"
            assert took < 0.4


def test_a_cancelled_call_sends_nothing(server: FaultServer, provider: HttpProvider) -> None:
    """A call that is cancelled before it begins does not connect."""
    call = call_to(server.base_url)
    call.cancel.set("too late")
    assert outcome(provider.events(call)).kind == "interrupted"
    assert asyncio.run(aoutcome(provider.aevents(call))).kind == "interrupted"
    assert server.requests == []


def test_a_late_cancel_touches_nobody_elses_connection(
    server: FaultServer, provider: HttpProvider
) -> None:
    """After its answer a call's cancel does not reach the connection that others use now."""
    first = call_to(server.url_for("normal"))
    assert outcome(provider.events(first)).kind == ""
    second = provider.events(call_to(server.url_for("normal;pause=0.05")))
    assert next(second) == Opened()
    first.cancel.set("too late")
    assert outcome(second).kind == ""
    assert server.connections == 1


def test_connecting_has_a_limit_of_its_own(provider: HttpProvider) -> None:
    """`connect_s` ends a connection attempt while the attempt's time runs on."""
    with black_hole() as port:
        how = How(time_s=30, connect_s=0.3)
        url = f"http://127.0.0.1:{port}/v1"
        began = time.monotonic()
        assert outcome(provider.events(call_to(url, how))).kind == "connect_timeout"
        assert asyncio.run(aoutcome(provider.aevents(call_to(url, how)))).kind == "connect_timeout"
        assert time.monotonic() - began < 1.5
        how = How(time_s=0.3, connect_s=30)
        assert outcome(provider.events(call_to(url, how))).kind == "interrupted"


def test_a_refused_connection_is_known_at_once(provider: HttpProvider) -> None:
    """Nobody waits for a port that is closed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    began = time.monotonic()
    result = outcome(provider.events(call_to(url)))
    origin = url.removesuffix("/v1")
    assert result.kind == "connect"
    assert result.fault.reason == f"Connection refused: nothing listens at {origin}"
    assert asyncio.run(aoutcome(provider.aevents(call_to(url)))).fault == result.fault
    assert time.monotonic() - began < 1.0


def test_no_network_is_seen_at_once(provider: HttpProvider) -> None:
    """Without a network, names fail as "dns" and addresses as "connect"."""
    with no_network(outage=True):
        for host, kind in (("api.example.com", "dns"), ("192.0.2.1", "connect")):
            call = call_to(f"http://{host}/v1")
            assert outcome(provider.events(call)).kind == kind
            assert asyncio.run(aoutcome(provider.aevents(call))).kind == kind


def test_the_guard_of_tests_is_not_swallowed(provider: HttpProvider) -> None:
    """What `no_network()` raises in the thread that connects comes out where the call was made."""
    call = call_to("http://api.example.com/v1")
    with pytest.raises(NetworkForbiddenError):
        outcome(provider.events(call))
    with pytest.raises(NetworkForbiddenError):
        asyncio.run(aoutcome(provider.aevents(call)))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x/v1",
        "http://",
        "http://[/v1",
        "http://h:99999/v1",
        "h/v1",
        f"http://{'a' * 70}.b",
    ],
)
def test_a_bad_address_is_a_typed_error(provider: HttpProvider, url: str) -> None:
    """An address that is none is a typed error, not a crash."""
    call = call_to(url, How(key=None))
    with no_network(outage=True):
        assert outcome(provider.events(call)).kind in {"bad_request", "dns"}
        assert asyncio.run(aoutcome(provider.aevents(call))).kind in {"bad_request", "dns"}


def test_localhost_with_one_dead_family(provider: HttpProvider, server: FaultServer) -> None:
    """`localhost` works although nothing listens on the other family's loopback."""
    url = f"http://localhost:{server.port}/v1"
    began = time.monotonic()
    assert outcome(provider.events(call_to(url))).kind == ""
    assert time.monotonic() - began < 2.0


def test_a_silent_address_does_not_block_the_next() -> None:
    """The next address is tried beside one that does not answer, and at once after a failure."""
    with black_hole() as silent, socket.create_server(("127.0.0.1", 0)) as listener:
        good = Address(socket.AF_INET, listener.getsockname())
        began = time.monotonic()
        race([Address(socket.AF_INET, ("127.0.0.1", silent)), good], lambda: False).close()
        assert 0.2 < time.monotonic() - began < 1.0
        with socket.create_server(("127.0.0.1", 0)) as free:
            closed = Address(socket.AF_INET, free.getsockname())
        began = time.monotonic()
        race([closed, good], lambda: False).close()
        assert time.monotonic() - began < 0.2


def test_connections_are_reused(server: FaultServer, provider: HttpProvider) -> None:
    """Whole answers and streams give their connection back, in both colors."""
    for how in (How(stream=False), How(), How(), How(stream=False)):
        assert outcome(provider.events(call_to(server.base_url, how))).kind == ""
    assert server.connections == 1

    async def main() -> None:
        for how in (How(stream=False), How(), How()):
            assert (await aoutcome(provider.aevents(call_to(server.base_url, how)))).kind == ""

    asyncio.run(main())
    assert server.connections == 2


def test_a_connection_that_went_away_is_not_reused(
    server: FaultServer, provider: HttpProvider
) -> None:
    """A connection that the server closed meanwhile costs a new one, not the call."""
    for count in (1, 2, 3):
        call = call_to(server.url_for("close_after"), How(stream=False))
        assert outcome(provider.events(call)).kind == ""
        wait_until_idle(server)
        assert server.connections == count


def test_a_server_that_leaves_the_body_open_does_not_delay(
    server: FaultServer, provider: HttpProvider
) -> None:
    """After [DONE] nobody waits for the body's end."""
    began = time.monotonic()
    assert outcome(provider.events(call_to(server.url_for("open_end"), How(time_s=30)))).kind == ""
    assert time.monotonic() - began < 1.0


def wait_until_idle(server: FaultServer) -> None:
    """Wait until no client is connected; fails the test after 2 s."""
    deadline = time.monotonic() + 2.0
    while server.open_connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_breaking_off_closes_the_connection(server: FaultServer, provider: HttpProvider) -> None:
    """A consumer that leaves takes the connection with it, so that the upstream stops."""
    events = provider.events(call_to(server.url_for("endless"), How(time_s=30)))
    for _ in range(5):
        next(events)
    events.close()  # type: ignore[attr-defined]
    wait_until_idle(server)

    async def main() -> None:
        events = provider.aevents(call_to(server.url_for("endless"), How(time_s=30)))
        for _ in range(5):
            await anext(events)
        await events.aclose()  # type: ignore[attr-defined]
        task = asyncio.create_task(
            aoutcome(provider.aevents(call_to(server.url_for("stall_first"), How(time_s=30))))
        )
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    wait_until_idle(server)


def test_a_flood_leaves_the_event_loop_its_turns(
    server: FaultServer, provider: HttpProvider
) -> None:
    """A server that always has something to say does not hold the loop."""

    async def main() -> int:
        turns = 0
        call = call_to(server.url_for("endless"), How(time_s=0.5))
        flood = asyncio.create_task(aoutcome(provider.aevents(call)))
        while not flood.done():
            await asyncio.sleep(0.005)
            turns += 1
        return turns

    assert asyncio.run(main()) >= 3


def test_each_loop_has_its_own_connections(server: FaultServer) -> None:
    """A provider works on loop after loop, and leaves no open socket behind a closed one."""
    provider = provider_for()
    for _ in range(3):
        call = call_to(server.base_url, How(stream=False))
        assert asyncio.run(aoutcome(provider.aevents(call))).kind == ""
    provider.close()
    del provider
    gc.collect()  # an unclosed socket would warn, and warnings are errors
    wait_until_idle(server)


def test_threads_share_a_provider(server: FaultServer, provider: HttpProvider) -> None:
    """Many threads ask at once, and each gets its own answer."""
    results: list[str] = []

    def ask() -> None:
        calls = [call_to(server.base_url) for _ in range(5)]
        results.extend([outcome(provider.events(call)).text for call in calls])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["The answer is forty-two."] * 40


def test_tasks_share_a_provider(server: FaultServer, provider: HttpProvider) -> None:
    """Many tasks ask at once, and each gets its own answer."""

    async def main() -> list[str]:
        calls = [call_to(server.base_url) for _ in range(40)]
        return [
            one.text
            for one in await asyncio.gather(*(aoutcome(provider.aevents(call)) for call in calls))
        ]

    assert asyncio.run(main()) == ["The answer is forty-two."] * 40


def test_closing_ends_what_is_under_way(server: FaultServer) -> None:
    """`close` from another thread ends a blocked read; afterwards there is a typed error."""
    provider = provider_for()
    timer = threading.Timer(0.2, provider.close)
    timer.start()
    began = time.monotonic()
    result = outcome(provider.events(call_to(server.url_for("stall_first"), How(time_s=30))))
    assert time.monotonic() - began < 1.0
    timer.join()
    assert (result.kind, result.fault.reason) == ("interrupted", "the client was closed")
    provider.close()
    with pytest.raises(ClosedError):
        outcome(provider.events(call_to(server.base_url)))
    with pytest.raises(ClosedError):
        asyncio.run(aoutcome(provider.aevents(call_to(server.base_url))))


def test_closing_ends_tasks_too(server: FaultServer) -> None:
    """`aclose` ends a read of another task."""
    provider = provider_for()

    async def main() -> None:
        call = call_to(server.url_for("stall_first"), How(time_s=30))
        task = asyncio.create_task(aoutcome(provider.aevents(call)))
        await asyncio.sleep(0.1)
        await provider.aclose()
        assert (await task).kind == "interrupted"
        await provider.aclose()

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 2.0
    wait_until_idle(server)


def _ask_in_child(provider: HttpProvider, url: str) -> None:
    try:
        outcome(provider.events(call_to(url)))
    except ForkedError:
        provider.close()
        os._exit(42)
    os._exit(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_fork_gets_a_typed_error(server: FaultServer, provider: HttpProvider) -> None:
    """A child process may not use its parent's connections, and does not break them."""
    assert outcome(provider.events(call_to(server.base_url))).kind == ""
    child = multiprocessing.get_context("fork").Process(
        target=_ask_in_child, args=(provider, server.base_url)
    )
    child.start()
    child.join(20)
    assert child.exitcode == 42
    assert outcome(provider.events(call_to(server.base_url))).kind == ""
    assert server.connections == 1


def test_a_key_stays_on_its_origin(server: FaultServer, provider: HttpProvider) -> None:
    """A key bound to another origin is not sent; neither is one that cannot stand in a header."""
    from dataclasses import replace

    call = call_to(server.base_url)
    assert call.model.endpoint is not None
    foreign = replace(call.model.endpoint, origin="https://api.example.com")
    call = call._replace(model=replace(call.model, endpoint=foreign))
    assert outcome(provider.events(call)).kind == "bad_request"
    for key in ("with space", "line\n", "caf\u00e9", ""):
        result = outcome(provider.events(call_to(server.base_url, How(key=key))))
        assert result.kind == "bad_key_format"
        assert "TEST_KEY" in result.fault.reason
    assert server.requests == []


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such option")
def test_a_peer_that_is_not_heard_of_ends_the_connection() -> None:
    """A connection whose peer acknowledges nothing for 5 s ends, as cut short and not as late."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as sock,
    ):
        line, budget = Line(sock), Budget(call_to("http://127.0.0.1:9/v1"))
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
        line.use(budget)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
        unheard = TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        fault = time_was_up(budget, unheard).fault
        assert (fault.kind, fault.code) == ("cut_short", "ETIMEDOUT")
        assert time_was_up(budget, TimeoutError()).fault.kind == "interrupted"
        budget.release()
