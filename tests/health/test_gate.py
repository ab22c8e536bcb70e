"""The gate: what is held against whom, for how long, and how it ends."""

from __future__ import annotations

import gc
import logging
import threading

import pytest

from llmroute.errors import FAULT_KINDS
from llmroute.health.admission import Ask, Closed, Permit
from llmroute.health.gate import SPENT
from llmroute.health.memory import MOST_PLACES, Memory

from .gates import Hand, at, fault

X = at("x")
BAD = fault("server_error")
CONNECTING = ("connect", "connect_timeout", "dns", "tls")


def test_five_failures_in_a_row_eject_for_five_seconds() -> None:
    """Five failures in a row close a model softly for 5 s; an answer in between begins anew."""
    hand = Hand()
    hand.fail(X, BAD, 4)
    hand.answer(X)
    hand.fail(X, BAD, 4)
    assert hand.standing(X) == {}
    hand.fail(X, BAD)
    closed = hand.kept_out(X)
    assert closed == Closed("5 failures in a row", 1005.0, soft=True)
    assert hand.standing(X) == {"x": closed}
    hand.let_in(X, forced=True)
    hand.now = 1004.999
    hand.kept_out(X)
    hand.now = 1005.0
    hand.let_in(X)


def test_half_open_lets_one_probe_in() -> None:
    """Once the time is over exactly one attempt goes through, and all others wait for its end."""
    hand = Hand()
    hand.fail(X, BAD, 5)
    hand.now += 5
    assert hand.standing(X) == {}
    probe = hand.let_in(X)
    assert probe.probe
    closed = hand.kept_out(X)
    assert closed.soft
    assert closed.reopens_at is None
    assert "finding out" in closed.reason
    assert not hand.let_in(X, forced=True).probe
    hand.leave(probe)
    assert not hand.let_in(X).probe
    assert hand.standing(X) == {}


def test_a_failed_probe_doubles_the_time() -> None:
    """Each ejection without an answer in between lasts twice as long, 300 s at most."""
    hand = Hand()
    hand.fail(X, BAD, 5)
    lasted: list[float] = []
    for _ in range(9):
        closed = hand.kept_out(X)
        assert closed.reopens_at is not None
        lasted.append(closed.reopens_at - hand.now)
        hand.now = closed.reopens_at
        hand.fail(X, BAD)
    assert lasted == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    hand.now += 300
    hand.answer(X)
    hand.fail(X, BAD, 5)
    assert hand.kept_out(X).reopens_at == hand.now + 5


@pytest.mark.parametrize("how", ["dropped", "garbage", "request"])
def test_a_probe_that_tells_nothing_frees_its_place(how: str) -> None:
    """A probe that was dropped, or whose request was at fault, lets the next one find out."""
    hand = Hand()
    hand.fail(X, BAD, 5)
    hand.now += 5
    probe = hand.let_in(X)
    if how == "request":
        hand.leave(probe, fault("context_length", status=400))
    else:
        hand.gate.drop(probe)
    assert hand.let_in(X).probe


def test_a_probe_is_waited_for_two_minutes() -> None:
    """A probe whose caller went away without a word keeps nobody out for longer than 120 s."""
    hand = Hand()
    hand.fail(X, BAD, 5)
    hand.now += 5
    first = hand.let_in(X)
    hand.now += 119
    hand.kept_out(X)
    hand.now += 1
    second = hand.let_in(X)
    assert second.probe
    hand.leave(first, BAD)
    hand.kept_out(X)
    hand.leave(second)
    assert hand.standing(X) == {}


def test_half_of_twenty_eject() -> None:
    """Half of at least 20 attempts within 60 s eject; older ones do not count."""
    hand = Hand()
    for _ in range(9):
        hand.answer(X)
        hand.fail(X, BAD)
    hand.answer(X)
    assert hand.standing(X) == {}
    hand.fail(X, BAD)
    assert hand.kept_out(X).reason == "10 of the last 20 attempts failed"

    hand = Hand()
    for _ in range(100):
        hand.now += 6.1  # 10 of them in a minute
        hand.fail(X, BAD)
        hand.answer(X)
    assert hand.standing(X) == {}


def test_only_the_last_hundred_count() -> None:
    """Of many attempts within a minute the last 100 count."""
    hand = Hand()
    hand.answer(X, 1000)
    for _ in range(49):
        hand.fail(X, BAD)
        hand.answer(X)
    hand.fail(X, BAD)
    assert hand.kept_out(X).reason == "50 of the last 100 attempts failed"


def test_late_failures_tell_nothing_of_the_time_after() -> None:
    """Attempts that began before an ejection neither end it nor make it longer."""
    hand = Hand()
    before = [hand.let_in(X) for _ in range(20)]
    for permit in before[:18]:
        hand.leave(permit, BAD)
    assert hand.kept_out(X).reopens_at == 1005.0
    hand.leave(before[18])
    assert hand.kept_out(X).reopens_at == 1005.0
    hand.now += 5
    hand.answer(X)
    hand.fail(X, BAD, 4)
    hand.leave(before[19], BAD)
    assert hand.standing(X) == {}


def test_whoever_is_forced_in_and_answered_ends_the_ejection() -> None:
    """An answer while it is ejected says that it is well; another failure changes nothing."""
    hand = Hand()
    hand.fail(X, BAD, 5)
    hand.fail(X, BAD, 10, forced=True)
    assert hand.kept_out(X).reopens_at == 1005.0
    hand.answer(X, forced=True)
    assert hand.standing(X) == {}


@pytest.mark.parametrize("kind", sorted(FAULT_KINDS))
def test_only_upstreams_are_ejected(kind: str) -> None:
    """What is the fault of a request, of nobody, or of what a model said ejects nobody."""
    hand = Hand()
    remedy = FAULT_KINDS[kind].remedy
    hand.fail(X, fault(kind))
    if not remedy.disable:
        hand.fail(X, fault(kind), 4)
    closed = hand.standing(X).get("x")
    if remedy.disable:
        assert closed is not None
        assert closed.disabled
    else:
        assert (closed is not None) == (remedy.blame == "upstream")


@pytest.mark.parametrize("kind", CONNECTING)
def test_connections_are_of_the_whole_origin(kind: str) -> None:
    """What does not connect rests with all models there, whatever their keys; others do not."""
    hand = Hand()
    hand.fail(X, fault(kind), 5)
    same = [at("y"), at("z", key="OTHER")]
    far = at("far", "b")
    assert hand.standing(X, *same, far).keys() == {"x", "y", "z"}
    hand.now += 5
    probe = hand.let_in(same[0])
    hand.kept_out(same[1])
    hand.leave(probe, fault("overloaded", status=503))  # which was sent over a connection
    assert hand.standing(X, *same) == {}


def test_a_model_fails_alone() -> None:
    """A model that fails leaves the other ones of its origin as they are."""
    hand = Hand()
    hand.fail(X, fault("overloaded"), 5)
    assert hand.standing(X, at("y"), at("far", "b")).keys() == {"x"}


def test_retry_after_is_kept_to_exactly() -> None:
    """Whoever asked to be left alone is not asked before, not even when nobody else is left."""
    hand = Hand()
    hand.fail(X, fault("overloaded", wait_s=3.7, status=503))
    closed = hand.kept_out(X, forced=True)
    assert closed == Closed("it asked to be left alone (Retry-After)", 1003.7)
    hand.now = 1003.699
    hand.kept_out(X, forced=True)
    hand.now = 1003.7
    hand.let_in(X)


def test_the_longest_retry_after_holds() -> None:
    """A shorter wait, or an answer to somebody else, does not take a longer one back."""
    hand = Hand()
    first, second, third = (hand.let_in(X) for _ in range(3))
    hand.leave(first, fault("rate_limit", wait_s=60.0))
    hand.leave(second, fault("rate_limit", wait_s=1.0))
    hand.leave(third)
    assert hand.kept_out(X).reopens_at == 1060.0


def test_a_rate_limit_that_says_when_is_no_failure() -> None:
    """A rate limit with a wait of a second or more is waited out, and ejects nobody."""
    hand = Hand()
    for _ in range(20):
        hand.fail(X, fault("rate_limit", wait_s=1.0))
        hand.now += 1.0
        hand.let_in(X)
    hand.fail(X, fault("rate_limit", wait_s=0.001), 1)
    for _ in range(4):
        hand.now += 0.001
        hand.fail(X, fault("rate_limit", wait_s=0.001))
    assert hand.kept_out(X).soft is False
    hand.now += 0.001
    assert hand.kept_out(X).soft


def test_a_wrong_key_is_of_the_key() -> None:
    """A refused key disables what is asked with it there; other keys and origins do not suffer."""
    hand = Hand()
    hand.fail(at("x", key="K"), fault("bad_key", status=401))
    others = [at("y", key="L"), at("z", "b", key="K"), at("w")]
    assert hand.standing(at("v", key="K"), *others).keys() == {"v"}
    closed = hand.kept_out(at("v", key="K"), forced=True)
    assert closed.disabled
    assert "refused" in closed.reason


def test_a_forbidden_model_is_of_that_model() -> None:
    """A key that may not use one model goes on to be used for the others."""
    hand = Hand()
    hand.fail(at("x", key="K"), fault("forbidden", status=403))
    assert hand.standing(at("x", key="K"), at("y", key="K")).keys() == {"x"}


def test_disabled_ones_are_asked_again_later_and_later() -> None:
    """After 5 minutes one probe finds out, then after 10, at most after an hour, until answered."""
    hand = Hand()
    bad = fault("payment_required", status=402)
    hand.fail(X, bad)
    lasted: list[float] = []
    for _ in range(6):
        closed = hand.kept_out(X)
        assert closed.reopens_at is not None
        lasted.append(closed.reopens_at - hand.now)
        hand.now = closed.reopens_at
        probe = hand.let_in(X)
        assert hand.kept_out(X, forced=True).disabled
        hand.leave(probe, bad)
    assert lasted == [300, 600, 1200, 2400, 3600, 3600]
    hand.now += 3600
    hand.answer(X)
    assert hand.standing(X) == {}


def test_late_faults_do_not_prolong_a_disabling() -> None:
    """Attempts that fail likewise while it is disabled do not double the time."""
    hand = Hand()
    permits = [hand.let_in(X) for _ in range(5)]
    for permit in permits:
        hand.leave(permit, fault("model_not_found", status=404))
    assert hand.kept_out(X).reopens_at == 1300.0


def test_another_key_is_asked_at_once() -> None:
    """What was disabled is asked again as soon as the text of its key is another one."""
    keys = {"x": "old"}
    hand = Hand(mark_of=lambda model, _fault: keys[model.name])
    hand.fail(X, fault("bad_key", status=401))
    hand.kept_out(X)
    keys["x"] = "new"
    assert hand.standing(X) == {}
    hand.fail(X, fault("bad_key", status=401))
    assert hand.kept_out(X).reopens_at == 1300.0
    keys["x"] = "newer"
    hand.answer(X)
    keys["x"] = "new"
    hand.answer(X)


def test_a_key_of_a_function_is_tried_again_soon() -> None:
    """Where nobody can tell whether the key changed, a probe finds out after 5 s, then 10 s, ..."""
    hand = Hand(mark_of=lambda _model, _fault: None)
    hand.fail(X, fault("bad_key", status=401))
    assert hand.kept_out(X).reopens_at == 1005.0
    hand.now += 5
    hand.fail(X, fault("bad_key", status=401))
    assert hand.kept_out(X).reopens_at == 1015.0


def test_what_is_wrong_is_said_loudly_once(caplog: pytest.LogCaptureFixture) -> None:
    """One warning tells of a disabled model: its name, where, what is wrong and how to mend it."""
    hand = Hand()
    with caplog.at_level(logging.INFO, "llmroute.health"):
        hand.fail(at("x", key="K"), fault("bad_key", status=401))
        hand.now += 300
        hand.fail(at("x", key="K"), fault("bad_key", status=401))
        hand.fail(at("y", "b"), BAD, 5)
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO"]
    for word in ("x at https://a.example", "bad_key", "check the key"):
        assert word in caplog.messages[0]
    assert "y at https://b.example is left alone for 5 s" in caplog.messages[1]


def test_the_retry_budget_is_a_fifth() -> None:
    """Of 1,000 requests in a row a fifth may be made again; 3 at once when there were none."""
    hand = Hand()
    for _ in range(3):
        hand.let_in(X, again=True)
    assert hand.kept_out(X, again=True, forced=True) == Closed("the retry budget is used up")
    hand = Hand()
    made = 0
    for _ in range(1000):
        hand.let_in(X)
        made += isinstance(hand.enter(X, again=True), Permit)
    assert made == 200


def test_an_idle_upstream_regains_retries() -> None:
    """One retry comes back for each 10 s without a request, up to 3; 100 are kept at most."""
    hand = Hand()
    for _ in range(3):
        hand.let_in(X, again=True)
    hand.now += 9.9
    hand.kept_out(X, again=True)
    hand.now += 10.2
    hand.let_in(X, again=True)
    hand.let_in(X, again=True)
    hand.kept_out(X, again=True)
    hand.now += 3600
    assert [isinstance(hand.enter(X, again=True), Permit) for _ in range(4)] == [True] * 3 + [False]
    for _ in range(2000):
        hand.let_in(X)
    assert sum(isinstance(hand.enter(X, again=True), Permit) for _ in range(200)) == 100


def test_a_hedge_is_paid_by_whom_it_helps() -> None:
    """What starts beside a silent model is paid from the budget of that one."""
    hand, silent = Hand(), at("silent", "b")
    for _ in range(3):
        assert isinstance(hand.gate.enter(hand.now, X, Ask(again=True, payer=silent)), Permit)
    assert hand.gate.enter(hand.now, X, Ask(again=True, payer=silent)) == SPENT
    hand.let_in(X, again=True)


def test_two_gates_share_a_memory() -> None:
    """Gates with one memory know of each other's failures; others know nothing."""
    memory = Memory()
    one, other, alone = Hand(memory), Hand(memory), Hand()
    one.fail(X, BAD, 5)
    assert other.standing(at("x")).keys() == {"x"}
    assert alone.standing(X) == {}


def test_dropping_takes_no_lock() -> None:
    """A permit can be dropped while the gate's lock is held, as where memory is freed."""
    memory = Memory()
    hand = Hand(memory)
    permit = hand.let_in(X)
    with memory.lock:
        done = threading.Thread(target=hand.gate.drop, args=(permit,))
        done.start()
        done.join(5.0)
        assert not done.is_alive()
    hand.leave(permit, BAD)
    hand.fail(X, BAD, 4)
    assert hand.standing(X) == {}


def test_memory_is_bounded() -> None:
    """What is well is forgotten once there is too much of it; what is closed stays."""
    memory = Memory()
    hand = Hand(memory)
    hand.fail(X, BAD, 5)
    for number in range(MOST_PLACES + 10):
        hand.answer(at(f"m{number}", f"h{number}"))
    gc.collect()
    assert hand.standing(X).keys() == {"x"}
    with memory.lock:
        assert memory.standing(hand.now).keys() == {"x"}
    hand.kept_out(X)


def test_forgetting_begins_anew() -> None:
    """What is forgotten, by its name or altogether, may be asked at once."""
    memory = Memory()
    hand = Hand(memory)
    y = at("y", "b")
    for model in (X, y):
        hand.fail(model, fault("model_not_found", status=404))
    memory.forget("x")
    assert hand.standing(X, y).keys() == {"y"}
    memory.forget(None)
    assert hand.standing(X, y) == {}
