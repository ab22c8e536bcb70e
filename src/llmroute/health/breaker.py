"""Breakers: whoever fails too often is left alone for a while, and then asked once.

Ejected are those with 5 failures in a row, or of whose last 20 to 100 attempts within a minute half
failed; for 5 s at first, twice as long for each ejection that follows without an answer in between,
and never for longer than 5 minutes. Times are moments, in seconds.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .admission import Closed

if TYPE_CHECKING:
    from .admission import Permit

IN_A_ROW = 5
SHARE = 0.5
LEAST, MOST = 20, 100
WITHIN_S = 60.0
FIRST_S, LONGEST_S = 5.0, 300.0
PROBE_S = 120.0
"""How long others wait for a probe: the caller of one that streams may have gone to lunch."""
FINDS_OUT = "one attempt is finding out whether it is well again"


class Door:
    """Open; or shut until a moment, from when one attempt at a time, the probe, may go through."""

    __slots__ = ("_probe", "_probe_at", "until")

    def __init__(self) -> None:
        """Begin open."""
        self.until: float | None = None
        self._probe: Permit | None = None
        self._probe_at = 0.0

    def closed(self, now: float, reason: str, *, soft: bool) -> Closed | None:
        """Why nobody may go through; None: anybody may, or the one that will be the probe."""
        if self.until is None:
            return None
        if now < self.until:
            return Closed(reason, self.until, soft)
        if self._is_probed(now):
            return Closed(f"{reason}; {FINDS_OUT}", None, soft)
        return None

    def take(self, now: float, permit: Permit) -> None:
        """Let an attempt through; the first one once it is time is the probe."""
        if self.until is not None and now >= self.until and not self._is_probed(now):
            permit.probe = True
            self._probe = permit
            self._probe_at = now

    def free(self, permit: Permit) -> bool:
        """An attempt is over; returns whether it was the probe."""
        if self._probe is not permit:
            return False
        self._probe = None
        return True

    def shut(self, until: float | None) -> None:
        """Shut until a moment; None: open."""
        self.until = until
        self._probe = None

    def _is_probed(self, now: float) -> bool:
        return self._probe is not None and now - self._probe_at < PROBE_S


class Breaker(Door):
    """What is remembered of the last attempts; `ejections` counts those there were.

    What began before the last ejection tells nothing of the time after it: `since` is the count at
    the time when an attempt began.
    """

    __slots__ = ("_last", "_row", "_streak", "ejections", "reason")

    def __init__(self) -> None:
        """Begin with no attempt."""
        super().__init__()
        self._last: deque[tuple[float, bool]] = deque(maxlen=MOST)
        self._row = 0
        self._streak = 0
        self.ejections = 0
        self.reason = ""

    def answered(self, now: float, since: int) -> None:
        """Take an answer: it is well, whatever was before."""
        if since != self.ejections:
            return
        self._row = self._streak = 0
        if self.until is not None:
            self.shut(None)
        self._last.append((now, False))

    def failed(self, now: float, since: int, *, probe: bool) -> bool:
        """Take a failure; returns whether it is ejected for that.

        While it is shut, failures of others than the `probe` change nothing.
        """
        if since != self.ejections or (self.until is not None and not probe):
            return False
        self._row += 1
        self._last.append((now, True))
        reason = self._why(now, probe=probe)
        if reason is None:
            return False
        self.reason = reason
        self.ejections += 1
        self._streak += 1
        self._row = 0
        self._last.clear()
        self.shut(now + min(LONGEST_S, FIRST_S * 2.0 ** min(self._streak - 1, 10)))
        return True

    def _why(self, now: float, *, probe: bool) -> str | None:
        """Why it is ejected; None when it is not."""
        if probe:
            return "it failed again"
        if self._row >= IN_A_ROW:
            return f"{self._row} failures in a row"
        last = self._last
        while last[0][0] < now - WITHIN_S:
            last.popleft()
        failures = sum(failed for _, failed in last)
        if len(last) < LEAST or failures < SHARE * len(last):
            return None
        return f"{failures} of the last {len(last)} attempts failed"
