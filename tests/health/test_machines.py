"""Breaker, retry budget and rates beside oracles, in any order of what may happen."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from .oracles import MOVES, BreakerPlayer, BudgetPlayer, RatesPlayer, play

if TYPE_CHECKING:
    from .oracles import Player

NUMBER = st.integers(0, 1199)


class BreakerMachine(RuleBasedStateMachine):
    """A breaker is closed, ejects, is half open and closes just as its oracle says."""

    def __init__(self) -> None:
        super().__init__()
        self.player = BreakerPlayer()

    @rule(number=NUMBER)
    def advance(self, number: int) -> None:
        """Let time pass."""
        self.player.advance(number)

    @rule(number=NUMBER)
    def enter(self, number: int) -> None:
        """Ask to begin."""
        self.player.enter(number)

    @rule(number=NUMBER)
    def answer(self, number: int) -> None:
        """Answer one."""
        self.player.answer(number)

    @rule(number=NUMBER)
    def fail(self, number: int) -> None:
        """Let one fail."""
        self.player.fail(number)

    @rule(number=NUMBER)
    def tell_nothing(self, number: int) -> None:
        """End one without a word."""
        self.player.tell_nothing(number)


class BudgetMachine(RuleBasedStateMachine):
    """A retry budget lets as many retries through as its oracle counts."""

    def __init__(self) -> None:
        super().__init__()
        self.player = BudgetPlayer()

    @rule(number=NUMBER)
    def advance(self, number: int) -> None:
        """Let time pass."""
        self.player.advance(number)

    @rule(number=NUMBER)
    def first(self, number: int) -> None:
        """Ask some for the first time."""
        self.player.first(number)

    @rule(number=NUMBER)
    def again(self, number: int) -> None:
        """Ask one again."""
        self.player.again(number)


class RatesMachine(RuleBasedStateMachine):
    """Limits let nobody in too many, keep nobody out without need, and keep the line."""

    def __init__(self) -> None:
        super().__init__()
        self.player = RatesPlayer()

    @rule(number=NUMBER)
    def advance(self, number: int) -> None:
        """Let time pass."""
        self.player.advance(number)

    @rule(number=NUMBER)
    def enter(self, number: int) -> None:
        """Ask to begin."""
        self.player.enter(number)

    @rule(number=NUMBER)
    def leave(self, number: int) -> None:
        """End one."""
        self.player.leave(number)


FEW = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestBreaker = BreakerMachine.TestCase
TestBudget = BudgetMachine.TestCase
TestRates = RatesMachine.TestCase
TestBreaker.settings = TestBudget.settings = TestRates.settings = FEW


@pytest.mark.parametrize("kind", MOVES)
def test_long_games(kind: type[Player]) -> None:
    """In fifty long games gate and oracle agree at each move."""
    for seed in range(50):
        play(kind, Random(seed).randrange, 80)  # noqa: S311 - a game
