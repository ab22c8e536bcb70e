"""The machine that decides whether the network is gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from llmroute.errors import AttemptError
from llmroute.health.offline import PAUSES_S, SICK_S, WINDOW_S, Offline
from llmroute.types.models import Endpoint, Model

if TYPE_CHECKING:
    from llmroute.types.faults import Fault

HERE = "http://127.0.0.1:8080"
HOSTS = ["a.example", "b.example", "c.example"]
DNS = AttemptError("dns", "no address").fault
UNREACHABLE = AttemptError("connect", "no route", code="EHOSTUNREACH").fault
BEHIND_PROXY = AttemptError("connect", "by the proxy: no address", code="EAI_AGAIN").fault
UNHEARD = AttemptError("cut_short", "connection timed out", code="ETIMEDOUT").fault
BLACK_HOLE = AttemptError("connect_timeout", "took too long").fault
REFUSED = AttemptError("connect", "refused", code="ECONNREFUSED").fault
UNWELL = AttemptError("server_error", "as it says", status=500).fault
NO_SIGN = [
    AttemptError(kind, "as it says").fault
    for kind in ("connect", "tls", "bad_key_format", "cut_short", "provider_bug", "client_closed")
]


def at(origin: str) -> Model:
    """A model at an origin, or at a host by https."""
    origin = origin if "://" in origin else f"https://{origin}"
    return Model("any", "test", "any", "openai-chat", endpoint=Endpoint(origin, origin, "any"))


LOCAL = Model("here", "test", "here", "llama-cpp", local=True)


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


class Told(NamedTuple):
    """What happened at a moment: an answer, a sign at once, or silence; `host` is whose.

    `counts` is False for signs of a host that fails alone, and for those after it was gone.
    """

    moment: float
    what: str
    host: str
    counts: bool = True


class Rules(RuleBasedStateMachine):
    """Any history of attempts and probes, held against the rules read off the whole history."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.now = 0.0
        self.probing_since: float | None = None
        self.due = 0.0
        self.history: list[Told] = []
        self.sick_until: dict[str, float] = {}
        self.offline = Offline(self._begin)

    def _begin(self) -> bool:
        self.begun += 1
        return True

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.0, 4.0, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        """While a probe is due it is made; else time passes freely."""
        needed = self.begun and (self.probing_since is not None or self.due <= self.now)
        self.now += min(seconds, 0.5) if needed else min(seconds, max(0.01, self.due - self.now))

    @rule(host=st.sampled_from(HOSTS), fault=st.sampled_from([None, REFUSED, UNWELL]))
    def answered(self, host: str, fault: Fault | None) -> None:
        """Somebody beyond the network answered."""
        self.offline.note(self.now, at(host), fault)
        self._answer(host)
        assert self.offline.state(self.now) == "online"

    @rule(host=st.sampled_from(HOSTS), fault=st.sampled_from([DNS, UNREACHABLE, BEHIND_PROXY]))
    def failed_at_once(self, host: str, fault: Fault) -> None:
        """There was no way to a host."""
        self._failed("instant", host, fault)

    @rule(host=st.sampled_from(HOSTS))
    def ran_out_of_time(self, host: str) -> None:
        """A host was silent."""
        self._failed("silent", host, BLACK_HOLE)

    def _failed(self, what: str, host: str, fault: Fault) -> None:
        begun, counts = self.begun, not self.offline.gone(self.now) and not self._sick(host)
        self.offline.note(self.now, at(host), fault)
        assert self.begun == begun + counts
        self.history.append(Told(self.now, what, host, counts))
        if self._pairs():
            assert self.offline.gone(self.now)

    @rule(fault=st.sampled_from([DNS, BLACK_HOLE, None, *NO_SIGN]))
    def this_machine(self, fault: Fault | None) -> None:
        """A server of this machine, or what tells nothing, changes nothing."""
        before = self.offline.state(self.now)
        self.offline.note(self.now, at(HERE), fault)
        self.offline.note(self.now, at("a.example"), NO_SIGN[0])
        assert self.offline.state(self.now) == before

    @rule(host=st.sampled_from([None, *HOSTS]))
    def probe(self, host: str | None) -> None:
        """A probe begins, or the one under way ends."""
        if self.probing_since is None:
            if self.begun and self.now >= self.due:
                self.probing_since = self.now
            return
        began_at, self.probing_since = self.probing_since, None
        known = self.offline.state(self.now)
        due = self.offline.probed(self.now, began_at, host)
        if host is not None:
            self._answer(host)
            assert due is None
        elif not [one for one in self.history if one.what == "answer" and one.moment > began_at]:
            assert due is None or due <= max(self.now, began_at + PAUSES_S[-1])
            assert (due is None) == (known == "online")
            self.history.append(Told(self.now, "nothing", ""))
        if due is None:
            self.begun = 0
        self.due = self.now if due is None else due

    def _since_answer(self) -> list[Told]:
        answers = [number for number, one in enumerate(self.history) if one.what == "answer"]
        return self.history[answers[-1] + 1 :] if answers else self.history

    def _pairs(self) -> bool:
        """Whether two hosts had no answer since the last one, within 5 s, one of them at once."""
        signs = [one for one in self._since_answer() if one.counts and one.what != "nothing"]
        return any(
            one.host != other.host
            and "instant" in {one.what, other.what}
            and abs(one.moment - other.moment) <= WINDOW_S
            for one in signs
            for other in signs
        )

    def _sick(self, host: str) -> bool:
        """Whether a host failed at once within 5 s before another one answered, in this minute."""
        return self.now < self.sick_until.get(host, self.now)

    def _answer(self, host: str) -> None:
        for one in self._since_answer():
            if one.what == "instant" and one.counts and self.now - one.moment <= WINDOW_S:
                self.sick_until[one.host] = self.now + SICK_S
        self.sick_until.pop(host, None)
        self.history.append(Told(self.now, "answer", host))

    @invariant()
    def gone_only_for_a_reason(self) -> None:
        """Gone is only what two hosts told, one at once, or a probe that reached nothing."""
        if not self.offline.gone(self.now):
            return
        assert self._pairs() or any(one.what == "nothing" for one in self._since_answer())

    @invariant()
    def closed_is_gone(self) -> None:
        """Remote models are closed exactly while it is gone, those of this machine never."""
        closed = self.offline.closed(self.now, at("a.example"))
        assert (closed is not None) == self.offline.gone(self.now)
        assert self.offline.closed(self.now, at(HERE)) is None
        assert self.offline.closed(self.now, LOCAL) is None


TestRules = Rules.TestCase
TestRules.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
