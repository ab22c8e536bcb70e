"""The probe: what it reaches, and the one thread that it lives in."""

from __future__ import annotations

import gc
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import llmroute
from llmroute import policies
from llmroute.client.probing import Prober, origins_of, watch
from llmroute.client.setup import read_setup
from llmroute.driver.clock import SystemClock
from llmroute.health.admission import OPEN
from llmroute.health.offline import Offline
from llmroute.providers.reaching import Place, first_reached, ways_to
from llmroute.testing import ScriptedProvider, VirtualClock, no_network
from llmroute.types.calls import Cancel
from tests.health.network_player import BLACK_HOLE, DNS, at
from tests.providers.test_transport import black_hole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from llmroute.client.setup import Setup

HERE = "127.0.0.1"
ENOUGH_S = 20.0
ORIGINS = ("https://a.example", "https://b.example")


def probers() -> int:
    """How many threads probe."""
    return sum(one.name == "llmroute-probe" for one in threading.enumerate())


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + ENOUGH_S
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.002)


class Network:
    """A network that a test takes away; `asked` holds a line for each probe."""

    def __init__(self, *, there: bool) -> None:
        """Begin."""
        self.there = there
        self.asked: queue.SimpleQueue[str] = queue.SimpleQueue()

    def reach(self, origins: Sequence[str], _: Cancel) -> str | None:
        """Probe."""
        self.asked.put(" ".join(origins))
        return "b.example" if self.there else None


def watched(network: Network, clock: VirtualClock) -> tuple[Offline, Prober]:
    """A machine and its prober; what sleeps by the clock moves it."""
    prober = Prober(clock, lambda: ORIGINS, network.reach)
    offline = Offline(prober.begin)
    prober.tell(offline)
    return offline, prober


def test_a_doubt_is_settled_by_one_thread() -> None:
    """A thread begins with a doubt, probes all origins, and ends with the doubt."""
    network = Network(there=True)
    offline, _ = watched(network, VirtualClock())
    assert probers() == 0
    offline.note(0.0, at("a.example"), BLACK_HOLE)
    assert network.asked.get(timeout=ENOUGH_S) == "https://a.example https://b.example"
    until(lambda: probers() == 0)
    assert offline.state(0.0) == "online"
    assert network.asked.empty()


def test_it_goes_on_until_the_network_is_back() -> None:
    """While nothing is reached the same thread probes, 4 s apart at most by the clock."""
    network, clock = Network(there=False), VirtualClock()
    offline, _ = watched(network, clock)
    for host in ("a.example", "c.example"):
        offline.note(0.0, at(host), DNS)
    for _ in range(50):
        network.asked.get(timeout=ENOUGH_S)
    assert probers() == 1
    assert offline.gone(clock.now())
    before_s = clock.now()
    network.there = True
    until(lambda: probers() == 0)
    probes = 1 + network.asked.qsize()  # it went on meanwhile: its clock does not wait
    assert clock.now() - before_s <= 4.0 * probes
    assert offline.state(clock.now()) == "online"


def test_closing_ends_it() -> None:
    """Closing ends the thread, in a pause or in a probe; none begins afterwards."""
    clock = SystemClock()
    begun, cancelled = threading.Event(), threading.Event()

    def reach(_: Sequence[str], cancel: Cancel) -> str | None:
        cancel.on_set(cancelled.set)
        begun.set()
        assert cancelled.wait(ENOUGH_S)
        return None

    for network in (Network(there=False), None):
        prober = Prober(clock, lambda: ORIGINS, reach if network is None else network.reach)
        offline = Offline(prober.begin)
        prober.tell(offline)
        offline.note(clock.now(), at("a.example"), DNS)
        if network is None:
            assert begun.wait(ENOUGH_S)
        else:
            network.asked.get(timeout=ENOUGH_S)
        assert probers() == 1
        prober.close()
        prober.close()
        until(lambda: probers() == 0)
        assert not prober.begin()


def test_nobody_needs_to_know() -> None:
    """The thread ends when its client was forgotten without being closed."""
    network = Network(there=False)
    offline, prober = watched(network, VirtualClock())
    offline.note(0.0, at("a.example"), DNS)
    network.asked.get(timeout=ENOUGH_S)
    del offline, prober
    gc.collect()
    until(lambda: probers() == 0)


def test_a_child_process_does_not_probe() -> None:
    """In a child of its process a prober begins no thread."""
    network = Network(there=False)
    _, prober = watched(network, VirtualClock())
    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        os._exit(prober.begin() or probers())
    assert os.waitpid(child, 0)[1] == 0


def test_many_doubts_at_once() -> None:
    """However many threads doubt at once, one probes, and the last doubt is settled too."""
    network = Network(there=True)
    offline, _ = watched(network, VirtualClock())
    seen: list[int] = []

    def doubt() -> None:
        for _ in range(200):
            offline.note(0.0, at("b.example"), BLACK_HOLE)
            seen.append(probers())

    doubting = [threading.Thread(target=doubt) for _ in range(4)]
    for one in doubting:
        one.start()
    for one in doubting:
        one.join()
    until(lambda: probers() == 0)
    assert max(seen) == 1
    assert offline.state(0.0) == "online"


PROGRAM = """
import threading
import llmroute
from llmroute.testing import ScriptedProvider, no_network

no_network(outage=True).__enter__()
client = llmroute.Client(
    models=[
        llmroute.model("a", use="openai-compatible", model="x", base_url="https://a.example/v1"),
        llmroute.model("here", use="llama-cpp", file="here.gguf"),
    ],
    providers={"here": ScriptedProvider("from here")},
)
print(client.chat("hi").text)
while not client.plan("hi").refused:
    pass
print([one.name for one in threading.enumerate() if one.name == "llmroute-probe"])
"""


def test_no_program_is_kept_alive() -> None:
    """A program whose client is not closed ends at once and silently while it probes."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * ENOUGH_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "from here\n['llmroute-probe']\n"


def setup_of(*names: str) -> Setup:
    """Models at many places, of which `names` are answered by the application."""
    models = [
        llmroute.model("a", use="openai-compatible", model="a", base_url="https://a.example/v1"),
        llmroute.model("b", use="openai-compatible", model="b", base_url="https://a.example/v2"),
        llmroute.model("c", use="openai-compatible", model="c", base_url="https://c.example:8443"),
        llmroute.model("d", use="openai-compatible", model="d", base_url="http://127.0.0.1:9/v1"),
        llmroute.model("e", use="llama-cpp", file="e.gguf"),
    ]
    providers = {name: ScriptedProvider("hi") for name in names}
    return read_setup(policies.order(*"abcde"), {"models": models, "providers": providers})


def test_what_is_probed() -> None:
    """Probed are the origins beyond this machine that connections of our own go to."""
    assert origins_of(setup_of()) == ("https://a.example", "https://c.example:8443")
    assert origins_of(setup_of("c")) == ("https://a.example",)
    assert origins_of(setup_of("a", "b", "c")) == ()


def test_what_is_not_ours_is_not_probed() -> None:
    """With an HTTP client of the application, or another clock, nobody probes."""
    setup = setup_of()
    assert not watch(setup, object(), SystemClock(), OPEN).prober.begin()
    assert not watch(setup, None, VirtualClock(), OPEN).prober.begin()
    assert not watch(setup_of("a", "b", "c"), None, SystemClock(), OPEN).prober.begin()


def test_the_way_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a proxy is on the way, it is what is probed; one that is not spoken leads nowhere."""
    places = [Place("a.example", 443), Place("b.example", 443), Place("c.example", 8443)]
    assert ways_to(places) == places
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "b.example")
    assert ways_to(places) == [Place("proxy.example", 3128), Place("b.example", 443)]
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example")
    assert ways_to(places) == [Place("b.example", 443)]


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server((HERE, 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_host_is_reached_without_a_byte() -> None:
    """The first host that takes a connection is it, refusals aside; it is sent nothing."""
    with socket.create_server((HERE, 0)) as listener:
        ways = [Place(HERE, closed_port()), Place("localhost", listener.getsockname()[1])]
        assert first_reached(ways, ENOUGH_S, Cancel()) == "localhost"
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(ENOUGH_S)
            assert connection.recv(1) == b""


def test_no_host_is_reached() -> None:
    """None is reached when all refuse, when there is none, and without a network."""
    cancel = Cancel()
    assert first_reached([Place(HERE, closed_port())] * 2, ENOUGH_S, cancel) is None
    assert first_reached([], ENOUGH_S, cancel) is None
    with no_network(outage=True):
        ways = [Place("a.example", 443), Place("192.0.2.1", 443)]
        assert first_reached(ways, ENOUGH_S, cancel) is None


def test_a_silent_host_is_given_up() -> None:
    """A host that never answers is given up when the time is up, or somebody cancels."""
    with black_hole() as port:
        assert first_reached([Place(HERE, port)], 0.05, Cancel()) is None
        cancel = Cancel()
        timer = threading.Timer(0.05, cancel.set, ("closed",))
        timer.start()
        assert first_reached([Place(HERE, port)], 3600.0, cancel) is None
        timer.join()
