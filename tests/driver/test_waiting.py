"""A call that waits for its turn: whoever gives it rings, and the call goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from llmroute.health.admission import Closed, OpenGate, Permit
from llmroute.testing import ScriptedProvider
from llmroute.types.limits import Limits
from tests.driver.desk import COLORS, Desk, How, play

if TYPE_CHECKING:
    from llmroute.health.admission import Ask
    from llmroute.types.models import Model


class Turnstile(OpenGate):
    """Refuses at first, and lets in once another thread has opened and rung."""

    def __init__(self) -> None:
        """Begin closed."""
        self.asked: list[Ask] = []
        self._open = False

    def enter(self, now: float, model: Model, ask: Ask, /) -> Permit | Closed:
        """Let in, or have it opened soon."""
        if self._open:
            return Permit(model, now)
        self.asked.append(ask)
        if len(self.asked) == 1:
            threading.Thread(target=self._opened, args=(ask,)).start()
        return Closed("1 of 1 requests are in flight", waits=True)

    def _opened(self, ask: Ask) -> None:
        ask.wake()  # too early: the call looks again, and goes on waiting
        self._open = True
        ask.wake()


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("hedge_s", [None, 60.0], ids=["plain", "hedged"])
def test_whoever_waits_is_woken(color: str, hedge_s: float | None) -> None:
    """A ring ends the wait at once, however near to its beginning it comes."""
    for _ in range(50):
        gate = Turnstile()
        limits = Limits(deadline_s=20.0, attempts_per_model=1)
        desk = Desk(ScriptedProvider("hi"))
        played = play(color, desk, How(hedge_s=hedge_s, limits=limits, gate=gate))
        assert played.reply is not None
        assert played.reply.text == "hi"
        assert not gate.asked[0].wake()
