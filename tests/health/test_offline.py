"""The machine that decides whether the network is gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from llmroute.health.offline import PAUSES_S, SICK_S, WINDOW_S, Offline

from .network_player import (
    BEHIND_PROXY,
    BLACK_HOLE,
    DNS,
    HERE,
    HOSTS,
    LOCAL,
    NO_SIGN,
    REFUSED,
    UNHEARD,
    UNREACHABLE,
    UNWELL,
    NetworkPlayer,
    at,
)

if TYPE_CHECKING:
    from llmroute.types.faults import Fault


def attended(*signs: tuple[float, str, Fault | None]) -> Offline:
    """A machine with somebody who probes, after attempts that ended."""
    offline = Offline(lambda: True)
    for moment, host, fault in signs:
        offline.note(moment, at(host), fault)
    return offline


def unattended(*signs: tuple[float, str, Fault | None]) -> Offline:
    """A machine for which nobody probes, after attempts that ended."""
    offline = Offline()
    for moment, host, fault in signs:
        offline.note(moment, at(host), fault)
    return offline


@pytest.mark.parametrize("first", [DNS, UNREACHABLE, BEHIND_PROXY, BLACK_HOLE, UNHEARD])
@pytest.mark.parametrize("second", [DNS, UNREACHABLE, BEHIND_PROXY])
def test_two_hosts_without_a_way(first: Fault, second: Fault) -> None:
    """Two different hosts without a way to them, one of them at once, mean that it is gone."""
    offline = attended((0.0, "a.example", first), (WINDOW_S, "b.example", second))
    assert offline.state(WINDOW_S) == "offline"
    assert attended((0.0, "a.example", first), (5.1, "b.example", second)).state(5.1) == "suspect"
    assert attended((0.0, "a.example", first), (1.0, "a.example", second)).state(1.0) == "suspect"


def test_slow_hosts_are_only_a_doubt() -> None:
    """Any number of attempts that ran out of time make it doubted, never gone without a probe."""
    signs = [(float(number), host, BLACK_HOLE) for number, host in enumerate(HOSTS)]
    assert attended(*signs).state(2.0) == "suspect"


@pytest.mark.parametrize("fault", [*NO_SIGN, REFUSED, UNWELL])
def test_no_sign(fault: Fault) -> None:
    """What a network that is there has as well is no sign."""
    offline = attended(*((0.0, host, fault) for host in HOSTS))
    assert offline.state(0.0) == "online"


@pytest.mark.parametrize("fault", [None, REFUSED, UNWELL])
def test_an_answer_ends_it(fault: Fault | None) -> None:
    """Whatever came from beyond the network, a refusal included, proves that it is there."""
    gone = [(0.0, "a.example", DNS), (0.0, "b.example", DNS)]
    assert attended(*gone, (1.0, "c.example", fault)).state(1.0) == "online"


def test_this_machine_neither_counts_nor_is_closed() -> None:
    """Models of this machine tell nothing of the network, and are asked without it."""
    offline = attended((0.0, HERE, DNS), (0.0, "http://[::1]:1", DNS), (0.0, "a.example", DNS))
    offline.note(0.0, LOCAL, DNS)
    assert offline.state(0.0) == "suspect"
    offline.note(0.0, at("b.example"), DNS)
    offline.note(0.0, at(HERE), None)
    offline.note(0.0, LOCAL, None)
    assert offline.closed(0.0, at(HERE)) is offline.closed(0.0, LOCAL) is None
    closed = offline.closed(0.0, at("c.example"))
    assert closed is not None
    assert (closed.reason, closed.soft) == ("the network is gone", True)


def test_nobody_watches() -> None:
    """A machine that is off stays online, whatever fails."""
    offline = Offline(lambda: True, watching=False)
    for host in HOSTS:
        offline.note(0.0, at(host), DNS)
    assert offline.state(0.0) == "online"
    assert offline.closed(0.0, at("a.example")) is None


def test_a_probe_settles_a_doubt() -> None:
    """After a single sign the probe decides: nothing reached is gone, a host reached is there."""
    offline = attended((0.0, "a.example", BLACK_HOLE))
    assert offline.probed(2.0, 0.0, None) == 2.0
    assert offline.state(2.0) == "offline"
    assert offline.probed(2.1, 2.0, "a.example") is None
    assert offline.state(2.1) == "online"


def test_pauses_of_the_probe() -> None:
    """Probes begin 0.5, 1, 2, 4, 4, ... s after each other, and at 0.5 again after an answer."""
    offline = attended((0.0, "a.example", DNS), (0.0, "b.example", DNS))
    moments = [0.0]
    while len(moments) <= len(PAUSES_S) + 1:
        moments.append(offline.probed(moments[-1] + 0.1, moments[-1], None) or 0.0)
    assert moments == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5]
    assert all(offline.gone(one / 10) for one in range(115))
    offline.note(12.0, at("a.example"), None)
    offline.note(20.0, at("a.example"), DNS)
    assert offline.probed(20.0, 20.0, None) == 20.5


def test_an_answer_is_newer_than_a_probe() -> None:
    """A failed probe tells nothing when an attempt was answered while it ran."""
    offline = attended((0.0, "a.example", DNS), (1.0, "a.example", None))
    assert offline.probed(2.0, 0.5, None) is None
    assert offline.state(2.0) == "online"
    offline.note(1.5, at("a.example"), DNS)
    assert offline.probed(2.0, 0.5, None) == 2.0
    assert offline.state(2.0) == "suspect"


def test_without_a_probe_attempts_find_out() -> None:
    """Where nobody probes, remote models are asked again after each pause; a sign closes them."""
    offline = unattended((0.0, "a.example", DNS), (0.0, "b.example", DNS))
    now = 0.0
    for pause_s in (*PAUSES_S, PAUSES_S[-1]):
        assert offline.gone(now)
        assert offline.gone(now + pause_s - 0.01)
        now += pause_s
        assert offline.state(now) == "suspect"
        offline.note(now, at("a.example"), BLACK_HOLE)
    offline.note(now, at("b.example"), None)
    assert offline.state(now) == "online"
    for host in ("b.example", "c.example"):  # a.example fails alone
        offline.note(now, at(host), DNS)
    now += PAUSES_S[0]
    offline.note(now, at("a.example"), DNS)
    assert offline.gone(now)


def test_a_probe_that_never_tells() -> None:
    """A probe that tells nothing for seconds, its thread being gone, does not close for ever."""
    offline = attended((0.0, "a.example", DNS), (0.0, "b.example", DNS))
    assert offline.gone(6.9)
    assert not offline.gone(7.0)


def test_a_host_that_fails_alone() -> None:
    """A host that failed while others answered says nothing of the network for a minute."""
    dead = [(0.0, "a.example", DNS), (0.0, "b.example", DNS), (0.1, "c.example", None)]
    offline = attended(*dead, (1.0, "a.example", DNS), (1.0, "b.example", DNS))
    assert offline.state(1.0) == "online"
    offline.note(1.0, at("c.example"), DNS)
    assert offline.state(1.0) == "suspect"
    later = 0.1 + SICK_S
    offline = attended(*dead, (later, "a.example", DNS), (later, "b.example", DNS))
    assert offline.state(later) == "offline"
    offline = attended(*dead, (1.0, "a.example", None), (2.0, "a.example", DNS))
    assert offline.state(2.0) == "suspect"


def test_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log has one line when the network goes, with the hosts, and one when it is back."""
    caplog.set_level(logging.INFO, logger="llmroute.health")
    offline = attended((0.0, "a.example", DNS), (0.0, "b.example", DNS), (0.0, "c.example", DNS))
    offline.probed(0.5, 0.0, None)
    offline.note(3.0, at("a.example"), None)
    offline.note(4.0, at("a.example"), None)
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("WARNING", "the network is gone: no way to a.example, b.example"),
        ("INFO", "the network is back, after 3.0 s"),
    ]


NUMBER = st.integers(0, 1199)


class NetworkMachine(RuleBasedStateMachine):
    """The network is gone, in doubt or there just as the rules say of the whole history."""

    def __init__(self) -> None:
        super().__init__()
        self.player = NetworkPlayer()

    @rule(number=NUMBER)
    def advance(self, number: int) -> None:
        """Let time pass."""
        self.player.advance(number)

    @rule(number=NUMBER)
    def answered(self, number: int) -> None:
        """Answer an attempt."""
        self.player.answered(number)

    @rule(number=NUMBER)
    def failed_at_once(self, number: int) -> None:
        """Find no way to a host."""
        self.player.failed_at_once(number)

    @rule(number=NUMBER)
    def ran_out_of_time(self, number: int) -> None:
        """Keep silent."""
        self.player.ran_out_of_time(number)

    @rule(number=NUMBER)
    def tell_nothing(self, number: int) -> None:
        """End what tells nothing of the network."""
        self.player.tell_nothing(number)

    @rule(number=NUMBER)
    def probe(self, number: int) -> None:
        """Begin a probe, or end it."""
        self.player.probe(number)


TestNetwork = NetworkMachine.TestCase
TestNetwork.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
