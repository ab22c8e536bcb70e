"""Limits of an upstream: who is let in, who waits in line, and who moves on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.health.admission import Ask, Closed, Permit
from llmroute.health.memory import Memory
from llmroute.types.frozen import replace
from llmroute.types.limits import RateLimits
from llmroute.types.usage import Usage

from .gates import Hand, at, fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.models import Model


def limited(
    in_flight: int | None = None, requests: int | None = None, tokens: int | None = None
) -> Model:
    """A model with limits, which waits."""
    return replace(at("x"), limits=RateLimits(in_flight, requests, tokens))


def moving(in_flight: int, requests: int) -> Model:
    """A model with limits, which moves on."""
    return replace(at("x"), limits=RateLimits(in_flight, requests, when_full="next"))


class Caller:
    """Somebody in line."""

    def __init__(self, hand: Hand, model: Model, tokens: int = 0) -> None:
        """Ask at once."""
        self.hand = hand
        self.model = model
        self.tokens = tokens
        self.calls = 0
        self.waits = True
        self.got = self.ask()

    def ask(self) -> Permit | Closed:
        """Ask, again."""
        ask = Ask(tokens=self.tokens, wake=self.wake)
        self.got = self.hand.gate.enter(self.hand.now, self.model, ask)
        return self.got

    def wake(self) -> bool:
        """Note the call."""
        self.calls += 1
        return self.waits

    def leave(self, usage: Usage | None = None) -> None:
        """End the attempt."""
        assert isinstance(self.got, Permit)
        self.hand.leave(self.got, None, usage)


def test_no_more_than_the_limit_at_once() -> None:
    """Whoever comes when all places are taken waits until somebody leaves, in line."""
    hand, model = Hand(), limited(in_flight=2)
    first, second, third, fourth = (Caller(hand, model) for _ in range(4))
    assert isinstance(second.got, Permit)
    reason = "2 of 2 requests are in flight"
    assert third.got == fourth.got == Closed(reason, hand.now + 1, waits=True)
    first.leave()
    assert (third.calls, fourth.calls) == (1, 1)
    assert Caller(hand, model).got == Closed("others wait in line for it", 1000.25, waits=True)
    assert isinstance(fourth.ask(), Closed)
    assert isinstance(third.ask(), Permit)
    second.leave()
    assert isinstance(fourth.ask(), Permit)


def test_requests_of_any_minute_are_counted() -> None:
    """In no 60 s begin more requests than the limit says; who waits is told when to come."""
    hand, model = Hand(), limited(requests=3)
    for _ in range(3):
        Caller(hand, model).leave()
        hand.now += 10
    hand.now += 20
    waiting = [Caller(hand, model) for _ in range(3)]
    told = [one.got.reopens_at or 0.0 for one in waiting if isinstance(one.got, Closed)]
    assert told == [1060.0, 1070.0, 1080.0]
    for one, moment in zip(waiting, told, strict=True):
        hand.now = moment - 0.001
        assert isinstance(one.ask(), Closed)
        hand.now = moment
        assert isinstance(one.ask(), Permit)


def test_tokens_of_any_minute_are_counted() -> None:
    """Expected tokens count until it is known how many were used; unknown ones stay as expected."""
    hand, model = Hand(), limited(tokens=100)
    one, other = Caller(hand, model, 60), Caller(hand, model, 40)
    late = Caller(hand, model, 30)
    assert late.got == Closed("100 of 100 tokens went in the last minute", 1060.0, waits=True)
    other.leave()
    assert isinstance(late.ask(), Closed)
    one.leave(Usage(20, 10))
    assert late.calls
    assert isinstance(late.ask(), Permit)
    hand.now = 1060.0
    late.leave(Usage(500, 500))  # of a minute ago: it counts no more
    assert isinstance(Caller(hand, model, 100).got, Permit)


def test_what_never_fits_is_not_waited_for() -> None:
    """A request of more tokens than a minute has is turned away at once, and told why."""
    hand, model = Hand(), limited(tokens=1000)
    got = Caller(hand, model, 1001).got
    assert got == Closed("it may take 1,001 tokens, at most 1,000 go in a minute")


def test_when_full_next_moves_on() -> None:
    """Who moves on gets no place in line; plans know of it; who has no other model waits."""
    hand, model = Hand(), moving(in_flight=1, requests=10)
    permit = hand.let_in(model)
    closed = Closed("1 of 1 requests are in flight")
    assert hand.kept_out(model) == closed
    assert hand.standing(model) == {"x": closed}
    assert hand.kept_out(model, forced=True).waits
    hand.leave(permit)
    assert hand.standing(model) == {}
    for _ in range(9):
        hand.leave(hand.let_in(model))
    assert hand.kept_out(model).reopens_at == 1060.0
    assert hand.standing(limited(in_flight=1)) == {}


def test_who_waits_no_more_is_passed_over() -> None:
    """When the next in line says that it waits no more, the one behind it is called at once."""
    hand, model = Hand(), limited(in_flight=1)
    first, gone, third = (Caller(hand, model) for _ in range(3))
    gone.waits = False
    first.leave()
    assert (gone.calls, third.calls) == (1, 1)
    assert isinstance(third.ask(), Permit)


def test_who_does_not_come_loses_the_turn() -> None:
    """Who was called and does not come within a quarter of a second lets the others go first."""
    hand, model = Hand(), limited(in_flight=1)
    first, lost, third = (Caller(hand, model) for _ in range(3))
    first.leave()
    hand.now += 0.2
    assert third.ask() == Closed("others wait in line for it", hand.now + 0.25, waits=True)
    hand.now += 0.25
    assert isinstance(third.ask(), Permit)
    hand.now += 5
    assert isinstance(lost.ask(), Closed)


def test_a_dropped_attempt_frees_its_place() -> None:
    """What was dropped is noticed when anybody asks, and whoever waits looks again in a second."""
    hand, model = Hand(), limited(in_flight=1)
    first = Caller(hand, model)
    second = Caller(hand, model)
    assert isinstance(first.got, Permit)
    hand.gate.drop(first.got)
    assert second.got == Closed("1 of 1 requests are in flight", 1001.0, waits=True)
    hand.now = 1001.0
    assert isinstance(second.ask(), Permit)


def test_models_of_one_upstream_share_it() -> None:
    """Two names of one upstream are counted together, each against its own limits."""
    hand = Hand()
    some, many = limited(in_flight=1), replace(limited(in_flight=3), name="y")
    none = replace(at("x"), name="z")
    hand.let_in(some)
    hand.let_in(many)
    hand.let_in(none)
    assert hand.kept_out(many).reason == "3 of 3 requests are in flight"
    assert hand.kept_out(some).reason == "3 of 1 requests are in flight"
    hand.let_in(none)


def _retries(hand: Hand, model: Model) -> None:
    for _ in range(3):
        hand.leave(hand.let_in(model, again=True))


def _ejected(hand: Hand, model: Model) -> None:
    hand.fail(model, fault("server_error"), 5)


@pytest.mark.parametrize("spoil", [_retries, _ejected])
def test_who_is_kept_out_takes_no_place(spoil: Callable[[Hand, Model], None]) -> None:
    """Who is kept out for another reason counts for no limit, and waits in no line."""
    hand, model = Hand(Memory()), limited(in_flight=1)
    spoil(hand, model)
    assert not hand.kept_out(model, again=True).waits
    hand.let_in(model, forced=True)
