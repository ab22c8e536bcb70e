"""What the gate must do, said a second time in the simplest way: lists that are counted anew.

Each player asks the gate and its own lists the same questions, and compares the answers.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from llmroute.health.admission import Ask, Closed, Permit
from llmroute.types.frozen import replace
from llmroute.types.limits import RateLimits
from llmroute.types.usage import Usage

from .gates import Hand, at, fault
from .network_player import NetworkPlayer

if TYPE_CHECKING:
    from collections.abc import Callable

X = at("x")
WAITS_S = (0.0, 0.25, 1.0, 4.0, 5.0, 9.0, 10.0, 20.0, 59.0, 61.0, 121.0, 300.0)
BAD = fault("server_error")
LONGEST_LINE = 6


class Out(NamedTuple):
    """An attempt under way: its permit, and how many ejections there were before it."""

    permit: Permit
    epoch: int
    probe: bool


class BreakerPlayer:
    """Plays with a breaker and Retry-After."""

    def __init__(self) -> None:
        """Begin well."""
        self.hand = Hand()
        self.out: list[Out] = []
        self.epoch = 0
        self.streak = 0
        self.since: list[tuple[float, bool]] = []  # since it was opened: when, and whether well
        self.until: float | None = None
        self.rests_until = -inf
        self.probe: Permit | None = None
        self.probe_at = 0.0

    @property
    def now(self) -> float:
        """The moment."""
        return self.hand.now

    def advance(self, choice: int) -> None:
        """Let time pass."""
        self.hand.now += WAITS_S[choice % len(WAITS_S)]

    def expected(self) -> str:
        """What is closed: "hard", "soft", or nothing."""
        if self.now < self.rests_until:
            return "hard"
        if self.until is None:
            return ""
        probed = self.probe is not None and self.now - self.probe_at < 120.0
        return "soft" if self.now < self.until or probed else ""

    def enter(self, choice: int) -> None:
        """Ask to begin; every fourth is forced."""
        forced = choice % 4 == 0
        closed = self.expected()
        standing = self.hand.standing(X).get("x")
        assert (standing is not None) == bool(closed)
        got = self.hand.enter(X, forced=forced)
        if closed == "hard" or (closed == "soft" and not forced):
            assert isinstance(got, Closed)
            assert got.soft == (closed == "soft")
            assert got == standing
            assert got.reopens_at is None or got.reopens_at > self.now
            return
        assert isinstance(got, Permit)
        probe = not closed and self.until is not None
        assert got.probe == probe
        if probe:
            self.probe, self.probe_at = got, self.now
        self.out.append(Out(got, self.epoch, probe))

    def answer(self, choice: int) -> None:
        """Let one be answered."""
        one = self._taken(choice)
        if one is not None:
            self.hand.leave(one.permit)
            self._freed(one)
            if one.epoch == self.epoch:
                self.streak = 0
                if self.until is not None:
                    self.until, self.since, self.probe = None, [], None
                self.since.append((self.now, True))

    def fail(self, choice: int) -> None:
        """Let one fail; every third says when to come back."""
        one = self._taken(choice)
        if one is None:
            return
        wait_s = WAITS_S[choice % len(WAITS_S)] if choice % 3 == 0 else None
        self.hand.leave(one.permit, fault("overloaded", wait_s=wait_s))
        if wait_s:
            self.rests_until = max(self.rests_until, self.now + wait_s)
        was_probe = self._freed(one)
        if one.epoch != self.epoch or (self.until is not None and not was_probe):
            return
        self.since.append((self.now, False))
        if was_probe or self._is_bad():
            self.epoch += 1
            self.streak += 1
            self.until = self.now + min(300.0, 5.0 * 2.0 ** (self.streak - 1))
            self.since, self.probe = [], None

    def tell_nothing(self, choice: int) -> None:
        """Let one end without a word: dropped, or at fault itself."""
        one = self._taken(choice)
        if one is not None:
            if choice % 2:
                self.hand.gate.drop(one.permit)
                self.hand.gate.drop(one.permit)
            else:
                self.hand.leave(one.permit, fault("context_length"))
                self.hand.leave(one.permit, BAD)
            self._freed(one)

    def _is_bad(self) -> bool:
        row = [well for _, well in self.since[-5:]]
        last = [well for moment, well in self.since[-100:] if moment >= self.now - 60.0]
        return row == [False] * 5 or (len(last) >= 20 and last.count(False) * 2 >= len(last))

    def _taken(self, choice: int) -> Out | None:
        return self.out.pop(choice % len(self.out)) if self.out else None

    def _freed(self, one: Out) -> bool:
        if self.probe is one.permit:
            self.probe = None
            return True
        return False


class BudgetPlayer:
    """Plays with a retry budget: all that was ever asked is kept, and counted anew each time."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.hand = Hand()
        self.asked: list[tuple[float, bool]] = []

    def advance(self, choice: int) -> None:
        """Let time pass."""
        self.hand.now += WAITS_S[choice % len(WAITS_S)]

    def first(self, choice: int) -> None:
        """Ask for the first time in some calls."""
        for _ in range(choice % 13):
            self.hand.leave(self.hand.let_in(X))
            self.asked.append((self.hand.now, False))

    def again(self, _: int) -> None:
        """Ask again."""
        may = self._fifths() >= 5
        got = self.hand.enter(X, again=True)
        assert isinstance(got, Permit) == may
        if isinstance(got, Permit):
            self.hand.leave(got)
            self.asked.append((self.hand.now, True))

    def _fifths(self) -> int:
        """How many fifths of a retry are there now."""
        held, firsts, before = 15, 0, None
        for moment, again in [*self.asked, (self.hand.now, None)]:
            if before is not None and held < 15:
                held = min(15, held + 5 * int((moment - before) / 10.0))
            before = moment
            if again is False:
                firsts += 1
                held = min(500, held + 1) if firsts > 15 else held
            elif again:
                held -= 5
        return held


class Line:
    """Somebody who may wait: looks again when it was told to, or woken."""

    def __init__(self, tokens: int) -> None:
        """Want so many tokens."""
        self.tokens = tokens
        self.looks_at = 0.0
        self.woken = False

    def wake(self) -> bool:
        """Note it."""
        self.woken = True
        return True


class RatesPlayer:
    """Plays with limits: too many are never let in, nobody waits without need or overtakes."""

    limits = RateLimits(in_flight=3, requests_per_minute=7, tokens_per_minute=1000)

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.hand = Hand()
        self.model = replace(X, limits=self.limits)
        self.out: list[tuple[Permit, int]] = []
        self.began: list[tuple[float, int]] = []  # when, and how many tokens
        self.line: list[Line] = []

    def advance(self, choice: int) -> None:
        """Let time pass; whoever waits looks again when it was told to."""
        until = self.hand.now + (0.0, 0.2, 0.9, 7.0, 20.0, 61.0)[choice % 6]
        while True:
            due = [one for one in self.line if one.looks_at <= until]
            if not due:
                break
            one = min(due, key=lambda one: (one.looks_at, self.line.index(one)))
            self.hand.now = one.looks_at
            self._ask(one)
        self.hand.now = until

    def enter(self, choice: int) -> None:
        """Ask to begin, with some tokens."""
        if len(self.line) < LONGEST_LINE:
            self._ask(Line(choice % 450))

    def leave(self, choice: int) -> None:
        """End one; it took other tokens than were expected, or nobody knows how many."""
        if not self.out:
            return
        permit, number = self.out.pop(choice % len(self.out))
        if choice % 3:
            took = choice % 600
            self.began[number] = (self.began[number][0], took)
            self.hand.leave(permit, None, Usage(took, 0))
            assert [one.woken for one in self.line[:2]] == [True] * len(self.line[:2])
        else:
            self.hand.gate.drop(permit)  # which wakes nobody
        self._heed()

    def _heed(self) -> None:
        """Whoever was woken looks again at once."""
        while woken := [one for one in self.line if one.woken]:
            self._look(woken[0])

    def _ask(self, one: Line) -> None:
        self._look(one)
        self._heed()

    def _look(self, one: Line) -> None:
        one.woken = False
        got = self.hand.gate.enter(self.hand.now, self.model, Ask(tokens=one.tokens, wake=one.wake))
        ahead = self.line[: self.line.index(one)] if one in self.line else list(self.line)
        assert isinstance(got, Permit) == self._has_room([*ahead, one])
        if isinstance(got, Permit):
            self.line = [other for other in self.line if other is not one]
            self.out.append((got, len(self.began)))
            self.began.append((self.hand.now, one.tokens))
            return
        assert got.waits
        assert got.reopens_at is not None
        assert got.reopens_at > self.hand.now
        one.looks_at = got.reopens_at
        if one not in self.line:
            self.line.append(one)

    def _has_room(self, more: list[Line]) -> bool:
        """Whether there is room for some more."""
        began = self.began[-10:]  # at most 7 in a minute
        last = [tokens for moment, tokens in began if moment + 60.0 > self.hand.now]
        most = self.limits.tokens_per_minute or 0
        return (
            len(self.out) + len(more) <= (self.limits.in_flight or 0)
            and len(last) + len(more) <= (self.limits.requests_per_minute or 0)
            and sum(last) + sum(one.tokens for one in more) <= most
        )


Player = BreakerPlayer | BudgetPlayer | RatesPlayer | NetworkPlayer
MOVES: dict[type[Player], tuple[str, ...]] = {
    BreakerPlayer: ("advance", "enter", "enter", "answer", "fail", "fail", "tell_nothing"),
    BudgetPlayer: ("advance", "first", "again", "again"),
    RatesPlayer: ("advance", "enter", "enter", "leave"),
    NetworkPlayer: (
        *("advance", "advance", "answered", "failed_at_once", "ran_out_of_time", "tell_nothing"),
        *("probe", "probe"),
    ),
}


def play(kind: type[Player], draw: Callable[[int], int], moves: int) -> None:
    """Play some moves; `draw` gives a number below another one."""
    player = kind()
    names = MOVES[kind]
    for _ in range(moves):
        getattr(player, names[draw(len(names))])(draw(1200))
