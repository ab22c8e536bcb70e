"""What a client remembers of failures, for those who look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from llmroute.types.plans import Resting

from .memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from .admission import Closed


class Health:
    """Which models had better not be asked now; safe from any thread.

    Each client has its own, unless one is passed on: `Client(health=other.health)`.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Begin with nothing remembered; `now` gives the moments of its client's clock."""
        self._memory = Memory()
        self._now = now

    @property
    def memory(self) -> Memory:
        """What gates remember in."""
        return self._memory

    def standing(self) -> dict[str, Resting]:
        """Say of models, by name, why they had better not be asked now, and for how long.

        Models that were not asked yet are left out, and so are those that are well.
        """
        now = self._now()
        with self._memory.lock:
            found = self._memory.standing(now)
        return {name: resting(closed, now) for name, closed in found.items()}

    def forget(self, name: str | None = None) -> None:
        """Ask a model again at once, and what it shares with others; None: all of them.

        The name of a model that has replicas means all of these, "gpt.eu" one of them.
        A name of which nothing is remembered changes nothing.
        """
        with self._memory.lock:
            self._memory.forget(name)

    def __reduce__(self) -> NoReturn:
        raise TypeError("what is remembered of failures is never pickled: each process has its own")

    def __repr__(self) -> str:
        resting = ", ".join(f"{name} rests: {one}" for name, one in self.standing().items())
        return f"Health({resting or 'all well'})"


def resting(closed: Closed, now: float) -> Resting:
    """Say for how long."""
    moment = closed.reopens_at
    return Resting(closed.reason, None if moment is None else moment - now, closed.disabled)
