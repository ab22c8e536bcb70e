"""Whom to try next: the plan's order, the remedies of what failed, and the waits they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.health.admission import Closed
    from llmroute.types.faults import Remedy
    from llmroute.types.plans import Candidate

    from .occurrences import Snapshot

MOST_SHARES = 3


class Turn(NamedTuple):
    """Candidate number `candidate` may be tried at `ready_at`; `others` more are untried.

    `again` says that it was tried before in this call, `forced` that nobody else is left.
    """

    candidate: int
    ready_at: float
    others: int
    again: bool = False
    forced: bool = False


class Choice:
    """Keeps which candidates were tried, which are barred, by what, and until when."""

    __slots__ = (
        "_barred",
        "_closed",
        "_met",
        "_models",
        "_ready_at",
        "_resting",
        "_snapshot",
        "_tries",
        "_waits",
    )

    def __init__(self, candidates: Sequence[Candidate], snapshot: Snapshot) -> None:
        """Begin with nothing tried."""
        self._models = [candidate.model for candidate in candidates]
        self._snapshot = snapshot
        self._tries = [0] * len(candidates)
        self._barred: dict[int, Remedy | None] = {}
        self._ready_at: dict[int, float] = {}
        self._resting: set[int] = set()
        self._waits: dict[int, float] = {}
        self._closed: dict[int, str] = {}
        self._met = False  # whether anything happened yet

    def next(self, now: float, *, from_prefix: bool = False) -> Turn | None:
        """Whoever is waited for, else the next untried one, one that rests, one to retry, or None.

        `from_prefix` leaves only those that can go on from a text.
        """
        if not (from_prefix or self._met):
            return Turn(0, now, len(self._tries) - 1)  # as a rule
        fits = self._fits(from_prefix=from_prefix)
        fresh = [one for one in fits if not self._tries[one] and one not in self._barred]
        return self._first(fresh, now) if fresh else self._again(fits, now)

    def _fits(self, *, from_prefix: bool) -> list[int]:
        models = enumerate(self._models)
        return [index for index, model in models if not from_prefix or model.takes_prefix]

    def _first(self, fresh: list[int], now: float) -> Turn:
        """Of those that were not tried: the one that is waited for, else the first not at rest."""
        waited = [one for one in fresh if one in self._waits]
        awake = waited or [one for one in fresh if one not in self._resting]
        return Turn((awake or fresh)[0], now, len(fresh) - 1, forced=not awake)

    def _again(self, fits: list[int], now: float) -> Turn | None:
        """Of those that were tried, or not let in: the one that may be asked first."""
        again = [one for one in fits if one in self._barred and self._may_retry(one)]
        if not again:
            return None
        index = min(again, key=lambda one: (self._ready_at.get(one, now), self._tries[one], one))
        ready_at = max(now, self._ready_at.get(index, now))
        return Turn(index, ready_at, 0, again=self._tries[index] > 0, forced=True)

    def tried(self, index: int) -> None:
        """Count a try."""
        self._met = True
        self._tries[index] += 1
        self._waits.pop(index, None)
        self._closed.pop(index, None)

    def told(self, summary: str) -> str:
        """Add to a summary why candidates were not let in, when they were last to be tried."""
        models = self._models
        return "; ".join(
            [summary, *(f"{models[at].name}: {why}" for at, why in self._closed.items())]
        )

    def closed(self, turn: Turn, closed: Closed, now: float, deadline_at: float) -> float | None:
        """Take that a candidate was not let in; returns until when to wait for it, None: go on.

        One that the policy waits for is waited for during its share of the time that is left.
        """
        self._met = True
        index = turn.candidate
        self._closed[index] = closed.reason
        if closed.soft and not turn.forced:
            self._resting.add(index)
            self._waits.pop(index, None)  # it may have been ejected while it was waited for
            return None
        if closed.waits:
            until = self._waits.setdefault(index, self.waits_until(turn, now, deadline_at))
            if now < until:
                return until if closed.reopens_at is None else min(until, closed.reopens_at)
            del self._waits[index]
        self._barred[index] = None
        if closed.reopens_at is None:
            self._tries[index] = self._snapshot.limits.attempts_per_model  # not by waiting
        else:
            self._ready_at[index] = max(closed.reopens_at, self._ready_at.get(index, now))
        return None

    def waits_until(self, turn: Turn, now: float, deadline_at: float) -> float:
        """Until when a candidate would be waited for."""
        return self._waits.get(turn.candidate, share_at(now, deadline_at, turn.others))

    def failed(self, index: int, remedy: Remedy, now: float) -> None:
        """Bar what the remedy says, and note when it may be asked again."""
        ready_at = now + self._wait_s(index, remedy)
        for other in self._affected(index, remedy):
            self._barred[other] = remedy
            self._ready_at[other] = max(ready_at, self._ready_at.get(other, ready_at))

    def _may_retry(self, index: int) -> bool:
        remedy = self._barred[index]
        if remedy is not None and (remedy.disable or remedy.next not in {"same", "other_upstream"}):
            return False
        return self._tries[index] < self._snapshot.limits.attempts_per_model

    def _wait_s(self, index: int, remedy: Remedy) -> float:
        backoff_s = self._snapshot.backoff_s(max(1, self._tries[index]))
        jittered_s = backoff_s * (0.5 + 0.5 * self._snapshot.chance())
        return max(jittered_s, remedy.wait_s or 0.0)

    def _affected(self, index: int, remedy: Remedy) -> set[int]:
        """The failed candidate and those that its remedy bars with it."""
        barred = {
            "none": _always,
            "other_upstream": self._shares,
            "larger_window": self._too_small,
        }.get(remedy.next, _never)
        everyone = range(len(self._models))
        return {one for one in everyone if one == index or barred(one, index, remedy)}

    def _shares(self, one: int, failed: int, remedy: Remedy) -> bool:
        """Whether `one` has what failed: the origin, and the key if that is to blame."""
        here, there = self._models[one].upstream, self._models[failed].upstream
        same_key = remedy.blame != "key" or here.key_name == there.key_name
        return here.origin == there.origin and same_key

    def _too_small(self, one: int, failed: int, _: Remedy) -> bool:
        """Whether a window is no larger than the failed one; unknown ones may be larger."""
        own, window = self._models[one].context_tokens, self._models[failed].context_tokens
        return own is not None and window is not None and own <= window


def _always(_one: int, _failed: int, _remedy: Remedy) -> bool:
    return True


def _never(_one: int, _failed: int, _remedy: Remedy) -> bool:
    return False


def share_at(now: float, deadline_at: float, others: int) -> float:
    """The moment until which an attempt may run while `others` more candidates are left.

    The time left is shared with up to two of them; the last candidate gets all of it.
    """
    return now + (deadline_at - now) / min(others + 1, MOST_SHARES)
