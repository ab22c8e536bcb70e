"""Observations: how models answered, how fast, and at what length.

Times follow a peak-sensitive moving average: a slower answer counts at once, a faster one by a
fifth, so that a model which became slow is noticed with its first slow answer. All else follows
plain moving means.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from llmroute.types.observed import Observed, Predicted

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from llmroute.types.calls import Clock
    from llmroute.types.models import Model
    from llmroute.types.plans import Candidate, Plan
    from llmroute.types.reply import Attempt

    from .keeping import Keeper

SHARE = 0.2
"""How much of a moving average the newest answer is, where it is not a new peak."""
MOST_MODELS = 1000
"""How many models are remembered; the one that was first seen longest ago is forgotten then."""
MOST_ERROR = 1e6
"""The largest relative error of a prediction: one of next to nothing tells no more."""
UNSEEN = Observed()
BLAMED = ("upstream", "model")
"""Whose failures count; the rest is the fault of the request, the key, or nobody's."""


def candidate_of(plan: Plan, model: Model) -> Candidate | None:
    """The candidate whose model was tried."""
    for candidate in plan.candidates:
        if candidate.model is model:
            return candidate
    return None


class Seen:
    """What was seen of one model: the same as `Observed`, while it changes."""

    __slots__ = (
        "answers",
        "cost_usd",
        "failure_share",
        "failures",
        "failures_in_a_row",
        "first_token_s",
        "flying",
        "latency_s",
        "output_tokens",
        "token_s",
    )

    def __init__(self, before: Observed = UNSEEN) -> None:
        """Go on from what was seen `before`."""
        self.first_token_s = before.first_token_s
        self.token_s = before.token_s
        self.output_tokens = before.output_tokens
        self.answers = before.answers
        self.flying: list[None] = []  # one for each attempt: a list grows without a lock
        self.failures = before.failures
        self.failures_in_a_row = before.failures_in_a_row
        self.failure_share = before.failure_share
        self.latency_s = before.latency_s
        self.cost_usd = before.cost_usd

    def observed(self) -> Observed:
        """As it stands now."""
        return Observed(
            self.first_token_s,
            self.token_s,
            self.output_tokens,
            self.answers,
            len(self.flying),
            self.failures,
            self.failures_in_a_row,
            self.failure_share,
            self.latency_s,
            self.cost_usd,
        )

    def failed(self) -> None:
        """Take a failure."""
        self.failures += 1
        self.failures_in_a_row += 1
        self.failure_share += SHARE * (1 - self.failure_share)

    def answered(self, attempt: Attempt, task: str | None, candidate: Candidate | None) -> None:
        """Take an answer; only one that has tokens tells of their time."""
        self.answers += 1
        if self.failures:
            self.failures_in_a_row = 0
            self.failure_share -= SHARE * self.failure_share
        took_s = attempt.ended_s - attempt.started_s
        usage, first_s = attempt.usage, attempt.first_token_s
        if first_s is not None and usage is not None and usage.output_tokens:
            first_s -= attempt.started_s
            self.first_token_s = peak(self.first_token_s, first_s)
            rest_s = max(0.0, took_s - first_s)  # a rounding may be below 0
            self.token_s = peak(self.token_s, rest_s / usage.output_tokens)
            self._length(usage.output_tokens, task)
        if candidate is not None:
            self._compare(attempt, candidate, took_s)

    def _compare(self, attempt: Attempt, candidate: Candidate, took_s: float) -> None:
        """Take what was predicted of an answer; a prediction of 0 has no relative error."""
        if candidate.latency_s:
            self.latency_s = compared(self.latency_s, candidate.latency_s, took_s)
        if candidate.cost_usd and attempt.cost_usd is not None:
            cost = float(attempt.cost_usd)
            self.cost_usd = compared(self.cost_usd, float(candidate.cost_usd), cost)

    def _length(self, tokens: int, task: str | None) -> None:
        """Take the length of an answer: for any task, and for its own."""
        before = self.output_tokens
        if task is None and len(before) == 1:  # as a rule
            mean = before[0][1]
            self.output_tokens = (("", mean + SHARE * (tokens - mean)),)
            return
        lengths = dict(before)
        for key in {"", task or ""}:
            mean = lengths.get(key, tokens)
            lengths[key] = mean + SHARE * (tokens - mean)
        self.output_tokens = tuple(sorted(lengths.items()))


def peak(before: float | None, seen: float) -> float:
    """The moving average after one more value: the value itself if it is higher."""
    if before is None or seen > before:
        return seen
    return before + SHARE * (seen - before)


def compared(before: Predicted | None, predicted: float, actual: float) -> Predicted:
    """How well was predicted, after one more answer."""
    error = min((actual - predicted) / predicted, MOST_ERROR)
    size = abs(error)
    if before is None:
        return Predicted(predicted, actual, error, size, 1)
    return Predicted(
        before[0] + SHARE * (predicted - before[0]),
        before[1] + SHARE * (actual - before[1]),
        before[2] + SHARE * (error - before[2]),
        before[3] + SHARE * (size - before[3]),
        before[4] + 1,
    )


class Observations:
    """What was seen of each model by its name; safe from any thread.

    Each client has its own, unless one is passed on: `Client(observations=other.observations)`.
    With a `file` it begins with what that holds, and is saved there: once a minute at most while
    calls end, and whenever a client that uses it is closed. `clock` is for tests.

    Raises PolicyError when the file cannot be read, or when it is no file of observations. One that
    is damaged is set aside, with a warning in the log.
    """

    def __init__(
        self, file: str | os.PathLike[str] | None = None, *, clock: Clock | None = None
    ) -> None:
        """Begin with what `file` holds, else with nothing seen."""
        self._models: dict[str, Seen] = {}
        self._shown: Mapping[str, Observed] = {}
        self._changed: set[str] = set()
        self._gone: deque[str] = deque()
        self._lock = threading.Lock()
        self._keeper: Keeper | None = None
        if file is not None:
            from .keeping import Keeper

            self._keeper = Keeper(file, None if clock is None else clock.wall_time)
            oldest_first = sorted(self._keeper.kept.items(), key=lambda one: one[1].at)
            for name, (observed, _) in oldest_first[-MOST_MODELS:]:
                self._models[name] = Seen(observed)
            self._changed.update(self._models)

    @property
    def file(self) -> str | None:
        """The whole path of the file that it is saved in."""
        return None if self._keeper is None else str(self._keeper.path)

    def save(self) -> None:
        """Save now what is new; without a file there is nothing to do.

        Raises:
            OSError: the file cannot be written; what was there stays.
        """
        if self._keeper is not None:
            self._keeper.save(self.seen)

    def keep(self) -> None:
        """Save likewise; a file that cannot be written is a warning in the log."""
        if self._keeper is not None:
            self._keeper.try_to_save(self.seen)

    @property
    def seen(self) -> Mapping[str, Observed]:
        """What was seen until now, by the model's name; it is never changed, but replaced."""
        if self._changed or self._gone:
            self._show()
        return self._shown

    def started(self, model: Model) -> None:
        """An attempt at `model` is under way; `note` or `gone` must follow."""
        name = model.name
        seen = self._models.get(name) or self._new(name)
        seen.flying.append(None)
        self._changed.add(name)

    def note(self, attempt: Attempt, task: str | None, candidate: Candidate | None = None) -> None:
        """Take what a finished attempt shows, also of what `candidate` of the plan predicted."""
        name = attempt.model.name
        seen = self._models.get(name) or self._new(name)
        with self._lock:
            if seen.flying:
                seen.flying.pop()
            if attempt.outcome == "answered":
                seen.answered(attempt, task, candidate)
            elif attempt.fault is not None and attempt.fault.remedy.blame in BLAMED:
                seen.failed()
            self._changed.add(name)
        if self._keeper is not None and self._keeper.due:
            self._keeper.save_soon(lambda: self.seen)

    def gone(self, model: Model) -> None:
        """An attempt will never be finished: nobody holds it any more.

        Takes no lock: it is called where memory is freed, at any moment of any thread.
        """
        self._gone.append(model.name)

    def _new(self, name: str) -> Seen:
        """Begin to observe a model; the one that was first seen longest ago may have to go."""
        with self._lock:
            if len(self._models) >= MOST_MODELS:
                oldest = next(iter(self._models))
                del self._models[oldest]
                self._shown = {name: one for name, one in self._shown.items() if name != oldest}
            return self._models.setdefault(name, Seen())

    def _show(self) -> None:
        """Show what has changed."""
        with self._lock:
            while self._gone:
                name = self._gone.popleft()
                seen = self._models.get(name)
                if seen is not None and seen.flying:
                    seen.flying.pop()
                    self._changed.add(name)
            names = tuple(self._changed)
            self._changed.difference_update(names)  # first: who changes more is shown next time
            shown = dict(self._shown)
            for name in names:
                seen = self._models.get(name)
                if seen is not None:
                    shown[name] = seen.observed()
            self._shown = shown
