"""Rates: how much an upstream is asked at once and per minute, and who waits for it, in line.

A minute is any 60 s: what began in them is counted, not what a bucket holds. Tokens are those
that were expected, and those that were used once that is known. Times are moments, in seconds.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .admission import Closed, nobody

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.limits import RateLimits

    from .admission import Ask

    Wake = Callable[[], bool]

MINUTE_S = 60.0
LOOK_S = 1.0
"""How long one waits for a free place before one looks again: not everybody who leaves can say."""
TURN_S = 0.25
"""How long the next in line may take to come; then the one behind it goes first."""
IN_LINE = "others wait in line for it"


class Began:
    """An attempt that began in the last minute, and its tokens."""

    __slots__ = ("at", "counts", "tokens")

    def __init__(self, at: float, tokens: int) -> None:
        """Begin."""
        self.at = at
        self.tokens = tokens
        self.counts = True


class Waiting:
    """Somebody who waits, for so many tokens, and is to look again at a moment."""

    __slots__ = ("looks_at", "tokens")

    def __init__(self, tokens: int, looks_at: float) -> None:
        """Wait."""
        self.tokens = tokens
        self.looks_at = looks_at


class Full(NamedTuple):
    """Why there is no room, and from when there is; None: once somebody leaves.

    `sure`: not before, whatever others use or leave.
    """

    reason: str
    until: float | None = None
    sure: bool = False

    def outlasts(self, moment: float) -> bool:
        """Whether waiting until `moment` is of no use."""
        return self.sure and self.until is not None and self.until >= moment


class Rates:
    """What an upstream is asked, and who waits."""

    __slots__ = ("_flying", "_last", "_line", "_used")

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._flying = 0
        self._last: deque[Began] = deque()
        self._used = 0
        self._line: dict[Wake, Waiting] = {}

    def closed(self, now: float, limits: RateLimits, ask: Ask) -> Closed | None:
        """Why an attempt has to wait in line, or to move on; None: there is room for it."""
        most = limits.tokens_per_minute
        if most is not None and ask.tokens > most:
            return Closed(f"it may take {ask.tokens:,} tokens, at most {most:,} go in a minute")
        self._pass(now)
        ahead, tokens = self._ahead(ask.wake)
        full = self._full(limits, ahead, ask.tokens + tokens)
        if full is None:
            self._line.pop(ask.wake, None)
            return None
        if ahead and self._full(limits, 0, ask.tokens) is None:
            full = Full(IN_LINE, now + TURN_S)
        return self._stopped(now, full, ask, waits=limits.when_full == "wait" or ask.forced)

    def _stopped(self, now: float, full: Full, ask: Ask, *, waits: bool) -> Closed:
        """Keep the place in line of one that waits, not in vain; who cannot be woken has none."""
        if not waits or full.outlasts(ask.until):
            self._line.pop(ask.wake, None)
            return Closed(full.reason, full.until)
        until = now + LOOK_S if full.until is None else full.until
        if ask.wake is not nobody:
            self._line.setdefault(ask.wake, Waiting(ask.tokens, until)).looks_at = until
        return Closed(full.reason, until, waits=True)

    def standing(self, now: float, limits: RateLimits) -> Closed | None:
        """Why whoever does not wait would have to move on; changes nothing that counts."""
        if limits.when_full == "wait":
            return None
        self._pass(now)
        full = self._full(limits, len(self._line), 1)
        return None if full is None else Closed(full.reason, full.until)

    def began(self, now: float, tokens: int) -> Began:
        """An attempt begins."""
        self._pass(now)
        one = Began(now, tokens)
        self._flying += 1
        self._used += tokens
        self._last.append(one)
        return one

    def left(self, one: Began, tokens: int | None) -> bool:
        """An attempt is over that took `tokens`, None: not known; returns whether others wait."""
        self._flying -= 1
        if tokens is not None and one.counts:
            self._used += tokens - one.tokens
            one.tokens = tokens
        return bool(self._line)

    def line(self) -> list[Wake]:
        """Who waits, the next one first."""
        return list(self._line)

    def called(self, wake: Wake, now: float, *, waits: bool) -> None:
        """Somebody was told to look again; one that waits no more leaves the line."""
        waiting = self._line.get(wake)
        if waiting is not None and waits:
            waiting.looks_at = min(now, waiting.looks_at)
        elif waiting is not None:
            del self._line[wake]

    def _pass(self, now: float) -> None:
        """Let time pass: who began a minute ago, and who did not look again, is forgotten."""
        last = self._last
        while last and last[0].at + MINUTE_S <= now:
            one = last.popleft()
            one.counts = False
            self._used -= one.tokens
        if self._line:
            late = [wake for wake, it in self._line.items() if it.looks_at + TURN_S < now]
            for wake in late:
                del self._line[wake]

    def _ahead(self, wake: Wake) -> tuple[int, int]:
        """How many are before somebody in line, and their tokens."""
        ahead = tokens = 0
        for one, waiting in self._line.items():
            if one == wake:
                break
            ahead += 1
            tokens += waiting.tokens
        return ahead, tokens

    def _full(self, limits: RateLimits, ahead: int, tokens: int) -> Full | None:
        """Why there is no room for one more with so many tokens, `ahead` others before it."""
        most = limits.in_flight
        if most is not None and self._flying + ahead >= most:
            return Full(f"{self._flying} of {most} requests are in flight")
        found = [self._full_of_requests(limits, ahead), self._full_of_tokens(limits, tokens)]
        return max((one for one in found if one is not None), key=_until, default=None)

    def _full_of_requests(self, limits: RateLimits, ahead: int) -> Full | None:
        most = limits.requests_per_minute
        if most is None or len(self._last) + ahead < most:
            return None
        place = min(len(self._last) + ahead - most, len(self._last) - 1)
        until = self._last[place].at + MINUTE_S if self._last else None
        reason = f"{len(self._last)} of {most:,} requests went in the last minute"
        return Full(reason, until, sure=not ahead)

    def _full_of_tokens(self, limits: RateLimits, tokens: int) -> Full | None:
        most = limits.tokens_per_minute
        if most is None or self._used + tokens <= most:
            return None
        until, over = None, self._used + tokens - most
        for one in self._last:
            until = one.at + MINUTE_S
            over -= one.tokens
            if over <= 0:
                break
        return Full(f"{self._used:,} of {most:,} tokens went in the last minute", until)


def _until(full: Full) -> float:
    return full.until or 0.0
