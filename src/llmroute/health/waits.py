"""Waits: how long a model's last answers let their callers wait, and percentiles of that.

By them a hedge begins when an answer is later than most (Dean and Barroso, The Tail at Scale,
Communications of the ACM 56, 2013).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.reply import Attempt

MOST, LEAST = 200, 20
"""How many answers are kept, and how many there must be before they tell anything."""
SILENCES = frozenset({"first_token_timeout", "answer_timeout"})


class Waits:
    """The last waits of one kind, in seconds."""

    __slots__ = ("_last", "_sorted")

    def __init__(self) -> None:
        """Begin with none."""
        self._last: deque[float] = deque()
        self._sorted: list[float] = []

    def take(self, seconds: float) -> None:
        """Keep one more; the oldest goes when there are too many."""
        if len(self._last) == MOST:
            del self._sorted[bisect_left(self._sorted, self._last.popleft())]
        self._last.append(seconds)
        insort(self._sorted, seconds)

    def percentile(self, percent: float) -> float | None:
        """Seconds within which `percent` of 100 answers come; None: too few were seen.

        Of n waits the k-th is one that the next exceeds with a chance of 1 - k / (n + 1).
        """
        count = len(self._sorted)
        if count < LEAST:
            return None
        return self._sorted[min(count, ceil(percent / 100 * (count + 1))) - 1]


def wait_s(attempt: Attempt, hedge_s: float | None, *, stream: bool) -> float | None:
    """How long an attempt let its caller wait for content, or for the answer; None: unknown.

    Only a call's first attempt tells: a later one that wins a race is one of the quick ones. One
    that was silent beyond the moment of the hedge waited for at least so long, which is all that
    has to be known; to leave it out would bring that moment forward with each race that it loses.
    """
    if attempt.number != 1:
        return None
    if stream and attempt.first_token_s is not None:
        return attempt.first_token_s - attempt.started_s
    took_s = attempt.ended_s - attempt.started_s
    if attempt.outcome == "answered":
        return None if stream else took_s
    return took_s if _was_silent(attempt, took_s, hedge_s) else None


def _was_silent(attempt: Attempt, took_s: float, hedge_s: float | None) -> bool:
    """Whether an attempt ended since nothing came, and not before that could be said of it."""
    if attempt.fault is not None:
        return attempt.fault.kind in SILENCES
    return hedge_s is not None and took_s >= hedge_s
