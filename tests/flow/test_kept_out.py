"""A gate that lets nobody in, for changing reasons: the flow asks on, waits, or gives up."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from llmroute.flow import Flow
from llmroute.flow import commands as do
from llmroute.flow import occurrences as on
from llmroute.health.admission import Ask, Closed, OpenGate, Permit
from llmroute.health.gate import HealthGate
from llmroute.health.memory import Memory
from llmroute.types.events import End
from llmroute.types.frozen import replace
from llmroute.types.limits import Limits, RateLimits

from .harness import Crank, plan_of, remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.models import Model

MOST_ASKED = 30
"""How often a gate may be asked at one moment; whoever asks on and on hangs."""


class Doorman(OpenGate):
    """Says what `says` says of a model, and None lets it in."""

    def __init__(self, says: Callable[[float, Model, Ask], Closed | None]) -> None:
        """Begin with nobody asked."""
        self._says = says
        self._moment = -1.0
        self._asked = 0

    def enter(self, now: float, model: Model, ask: Ask, /) -> Permit | Closed:
        """Let in or not; whoever is asked for too often at one moment says so."""
        self._asked = self._asked + 1 if now == self._moment else 1
        self._moment = now
        assert self._asked <= MOST_ASKED, "the flow asks without end"
        return self._says(now, model, ask) or Permit(model, now)


def test_who_is_ejected_while_it_is_waited_for_is_passed() -> None:
    """A model that was waited for, and then failed others too often, is left for the next one."""

    def says(now: float, model: Model, ask: Ask) -> Closed | None:
        if model.name == "b" or (now and ask.forced):
            return None
        return Closed("ejected", 99.0, soft=True) if now else Closed("full", 1.0, waits=True)

    crank = Crank(remote("a"), remote("b"), gate=Doorman(says))
    assert (crank.started, crank.wake_at) == ([], 1.0)
    crank.feed(on.Tick(), at=1.0)
    assert crank.started == ["b"]
    alone = Crank(remote("a"), gate=Doorman(says))
    alone.feed(on.Tick(), at=1.0)
    assert alone.started == ["a"]


def test_a_hedge_that_finds_no_room_takes_no_place_in_line() -> None:
    """A hedge begins at once or not at all; nobody who waits is kept back by it."""
    memory = Memory()
    model = replace(remote("b"), limits=RateLimits(in_flight=1))
    gate = HealthGate(memory)
    holder = gate.enter(0.0, model, Ask())
    assert isinstance(holder, Permit)
    flow, snapshot = Flow(), on.Snapshot(gate=gate, hedge_s=1.0)
    flow.step(0.0, on.Begin(plan_of(remote("a"), model), snapshot, wake=lambda: True))
    commands = flow.step(1.0, on.Tick())
    assert not any(isinstance(one, do.Start) for one in commands)
    gate.leave(1.0, holder, None, None)
    assert isinstance(gate.enter(1.0, model, Ask()), Permit)


@pytest.mark.parametrize("seed", range(300))
def test_every_call_comes_to_its_end(seed: int) -> None:
    """Whatever a gate says, and however it changes its mind, a call ends within its deadline."""
    chance = Random(seed)  # noqa: S311 - a game is no secret

    def says(now: float, model: Model, ask: Ask) -> Closed | None:
        del model
        kind, at = chance.randrange(5), now + chance.choice([0.1, 1.0, 20.0])
        if kind == 1 and not ask.forced:
            return Closed("ejected", chance.choice([at, None]), soft=True)
        found = {
            2: Closed("full", chance.choice([at, None]), waits=True),
            3: Closed("left alone", at),
            4: Closed("disabled", chance.choice([at, None]), disabled=True),
        }
        return found.get(kind)

    crank = Crank(
        *map(remote, "abc"),
        stream=chance.random() < 0.5,
        limits=Limits(deadline_s=10.0, hedge_after_s=None),
        gate=Doorman(says),
        hedge_s=chance.choice([None, 0.5]),
    )
    for _ in range(1000):
        if crank.reply is not None or crank.error is not None:
            break
        assert crank.wake_at <= 10.0
        going = crank.id and chance.random() < 0.5
        if going and chance.random() < 0.8:
            crank.fail("server_error")
        elif going and chance.random() < 0.3:
            crank.text("hi")
            crank.feed(on.Ended(crank.id, End("stop")))
        else:
            crank.feed(on.Tick(), at=max(crank.now, crank.wake_at))
    assert crank.reply is not None or crank.error is not None
