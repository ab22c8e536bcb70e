"""Facts of single calls, over those of the policy."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.plans import Facts
    from llmroute.types.requests import Request

MOST = 256
"""How many different facts are kept, so that licenses are judged once for each."""


class Stated:
    """The facts of a policy, with those of requests over them; safe from any thread."""

    def __init__(self, facts: Facts) -> None:
        """Begin with those of the policy."""
        self._policy = facts
        self._known: dict[Facts, Facts] = {}
        self._lock = threading.Lock()

    def of(self, asked: Request) -> Facts:
        """What is true of a request; one object for equal facts."""
        if asked.facts is None:
            return self._policy
        from llmroute.policies.facts import merged

        found = merged(self._policy, asked.facts)
        with self._lock:
            if len(self._known) >= MOST:
                self._known.clear()
            return self._known.setdefault(found, found)
