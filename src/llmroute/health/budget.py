"""The retry budget of an upstream: retries and hedges stay a fifth of its requests.

It begins with 3 retries. Each request adds a fifth of one, once those 3 are earned; an upstream
that is idle regains one in 10 s, up to 3. No more than 100 are kept.
"""

from __future__ import annotations

RETRY = 5
"""What a retry costs; a request earns 1."""
FLOOR = 3 * RETRY
MOST = 100 * RETRY
REGAIN_S = 10.0


class Budget:
    """What an upstream may be asked again for; times are moments, in seconds."""

    __slots__ = ("_asked_at", "_held", "_owed")

    def __init__(self) -> None:
        """Begin with a few retries in advance."""
        self._held = FLOOR
        self._owed = FLOOR
        self._asked_at = 0.0

    def holds(self, now: float) -> int:
        """What is held, with what came back while it was idle."""
        idle_s = now - self._asked_at
        if idle_s >= REGAIN_S and self._held < FLOOR:
            return min(FLOOR, self._held + RETRY * int(idle_s / REGAIN_S))
        return self._held

    def pays(self, now: float, *, again: bool) -> bool:
        """It is asked, for the first time in a call or `again`; False: that cannot be paid."""
        self._held = self.holds(now)
        if again and self._held < RETRY:
            return False
        self._asked_at = now
        if again:
            self._held -= RETRY
        elif self._owed:
            self._owed -= 1
        elif self._held < MOST:
            self._held += 1
        return True
