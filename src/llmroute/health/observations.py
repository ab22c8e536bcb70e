"""Observations: how fast models answered, and at what length; kept for one client.

Times follow a peak-sensitive moving average: a slower answer counts at once, a faster one by a
fifth, so that a model which became slow is noticed with its first slow answer.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from llmroute.types.plans import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.reply import Attempt

SHARE = 0.2
"""How much of a moving average the newest answer is, where it is not a new peak."""
UNSEEN = Observed()


def peak(before: float | None, seen: float) -> float:
    """The moving average after one more value: the value itself if it is higher."""
    if before is None or seen > before:
        return seen
    return before + SHARE * (seen - before)


def mean(before: float | None, seen: float) -> float:
    """The moving mean after one more value."""
    return seen if before is None else before + SHARE * (seen - before)


class Observations:
    """What was seen of each model by its name; safe from any thread.

    `seen` is never changed, but replaced, so that a snapshot of it costs nothing.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.seen: Mapping[str, Observed] = {}
        self._lock = threading.Lock()

    def note(self, attempt: Attempt, task: str | None) -> None:
        """Take what a finished attempt shows; only one that answered, with text, tells anything."""
        usage = attempt.usage
        answered = attempt.outcome == "answered" and attempt.first_token_s is not None
        if not answered or usage is None or not usage.output_tokens:
            return
        name = attempt.model.name
        with self._lock:
            after = _after(self.seen.get(name, UNSEEN), attempt, usage.output_tokens, task)
            self.seen = {**self.seen, name: after}


def _after(before: Observed, attempt: Attempt, output_tokens: int, task: str | None) -> Observed:
    """What is known after an answer of so many tokens."""
    first_s = (attempt.first_token_s or 0.0) - attempt.started_s
    rest_s = attempt.ended_s - attempt.started_s - first_s
    lengths = dict(before.output_tokens)
    for key in {"", task or ""}:
        lengths[key] = mean(lengths.get(key), output_tokens)
    return Observed(
        peak(before.first_token_s, first_s),
        peak(before.token_s, rest_s / output_tokens),
        tuple(sorted(lengths.items())),
        before.answers + 1,
    )
