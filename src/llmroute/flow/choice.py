"""Whom to try next: the plan's order, the remedies of what failed, and the waits they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.faults import Remedy
    from llmroute.types.plans import Candidate

    from .occurrences import Snapshot

MOST_SHARES = 3
CONNECT_S = (2.0, 5.0)
"""Default limit of connecting, in seconds: while another candidate is left, and for the last."""
FIRST_TOKEN_S = (15.0, 60.0)
"""Default limit of the first token, likewise."""


class Turn(NamedTuple):
    """Candidate number `candidate` may be tried at `ready_at`; `others` more are untried."""

    candidate: int
    ready_at: float
    others: int


class Choice:
    """Keeps which candidates were tried, which are barred by a remedy, and until when."""

    def __init__(self, candidates: Sequence[Candidate], snapshot: Snapshot) -> None:
        """Begin with nothing tried."""
        self._models = [candidate.model for candidate in candidates]
        self._snapshot = snapshot
        self._tries = [0] * len(candidates)
        self._barred: dict[int, Remedy] = {}
        self._ready_at: dict[int, float] = {}

    def next(self, now: float) -> Turn | None:
        """The next untried candidate, else the one that may be retried first, else None."""
        fresh = [
            index
            for index, tries in enumerate(self._tries)
            if not tries and index not in self._barred
        ]
        if fresh:
            return Turn(fresh[0], now, len(fresh) - 1)
        again = [index for index in self._barred if self._may_retry(index)]
        if not again:
            return None
        index = min(again, key=lambda one: (self._ready_at.get(one, now), self._tries[one], one))
        return Turn(index, max(now, self._ready_at.get(index, now)), 0)

    def tried(self, index: int) -> None:
        """Count a try."""
        self._tries[index] += 1

    def failed(self, index: int, remedy: Remedy, now: float) -> None:
        """Bar what the remedy says, and note when it may be asked again."""
        ready_at = now + self._wait_s(index, remedy)
        for other in self._affected(index, remedy):
            self._barred[other] = remedy
            self._ready_at[other] = max(ready_at, self._ready_at.get(other, ready_at))

    def _may_retry(self, index: int) -> bool:
        remedy = self._barred[index]
        lasting = remedy.disable or remedy.next not in {"same", "other_upstream"}
        return not lasting and self._tries[index] < self._snapshot.limits.attempts_per_model

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
