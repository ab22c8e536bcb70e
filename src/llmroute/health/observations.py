"""Observations: how models answered, how fast, and at what length; kept in a file if asked."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from llmroute.types.observed import MOST_MODELS

from .seen import Seen
from .waits import Waits

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from llmroute.types.calls import Clock
    from llmroute.types.models import Model
    from llmroute.types.observed import Observed
    from llmroute.types.plans import Candidate, Plan
    from llmroute.types.reply import Attempt

    from .keeping import Keeper

BLAMED = ("upstream", "model")
"""Whose failures count; the rest is the fault of the request, the key, or nobody's."""


def candidate_of(plan: Plan, model: Model) -> Candidate | None:
    """The candidate whose model was tried."""
    for candidate in plan.candidates:
        if candidate.model is model:
            return candidate
    return None


class Observations:
    """What was seen of each model by its name; safe from any thread.

    A name that comes to stand for another upstream begins anew.
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
            for name, (observed, _, of) in oldest_first[-MOST_MODELS:]:
                self._models[name] = Seen(observed, of)
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
            self._keeper.save(self._sight())

    def keep(self) -> None:
        """Save likewise; a file that cannot be written is a warning in the log."""
        if self._keeper is not None:
            self._keeper.try_to_save(self._sight())

    def _sight(self) -> Mapping[str, tuple[Observed, str | None]]:
        """What was seen, each with its upstream."""
        models = self._models
        return {name: (one, models[name].of) for name, one in self.seen.items() if name in models}

    def begin(self, models: Iterable[Model]) -> None:
        """Forget what was seen of other upstreams that had the names of `models`."""
        with self._lock:
            for model in models:
                seen = self._models.get(model.name)
                if seen is not None and not seen.is_of(model):
                    self._forget(model.name)

    def _forget(self, name: str) -> None:
        del self._models[name]
        self._shown = {key: one for key, one in self._shown.items() if key != name}

    @property
    def seen(self) -> Mapping[str, Observed]:
        """What was seen until now, by the model's name; it is never changed, but replaced."""
        if self._changed or self._gone:
            self._show()
        return self._shown

    def started(self, model: Model) -> None:
        """An attempt at `model` is under way; `note` or `gone` must follow."""
        self._of(model).flying.append(None)
        self._changed.add(model.name)

    def note(self, attempt: Attempt, task: str | None, candidate: Candidate | None = None) -> None:
        """Take what a finished attempt shows, also of what `candidate` of the plan predicted."""
        seen = self._of(attempt.model)
        with self._lock:
            if seen.flying:
                seen.flying.pop()
            if attempt.outcome == "answered":
                seen.answered(attempt, task, candidate)
            elif attempt.fault is not None and attempt.fault.remedy.blame in BLAMED:
                seen.failed()
            self._changed.add(attempt.model.name)
        if self._keeper is not None and self._keeper.due:
            self._keeper.save_soon(self._sight)

    def waited(self, model: Model, seconds: float, *, stream: bool) -> None:
        """Keep how long a caller waited for the first content of a stream, or a whole answer."""
        seen = self._of(model)
        with self._lock:
            if stream not in seen.waits:
                seen.waits[stream] = Waits()
            seen.waits[stream].take(seconds)

    def wait_s(self, model: Model, percent: float, *, stream: bool) -> float | None:
        """Seconds that `percent` of 100 callers waited at most; None: it is not known yet."""
        seen = self._models.get(model.name)
        if seen is None or stream not in seen.waits or not seen.is_of(model):
            return None
        return seen.waits[stream].percentile(percent)

    def gone(self, model: Model) -> None:
        """An attempt will never be finished: nobody holds it any more.

        Takes no lock: it is called where memory is freed, at any moment of any thread.
        """
        self._gone.append(model.name)

    def _of(self, model: Model) -> Seen:
        seen = self._models.get(model.name)
        if seen is not None and (seen.model is model or seen.is_of(model)):
            return seen
        return self._new(model)

    def _new(self, model: Model) -> Seen:
        """Begin to observe a model; the one that was first seen longest ago may have to go."""
        with self._lock:
            seen = self._models.get(model.name)
            if seen is not None and seen.is_of(model):  # another thread was first
                return seen
            if seen is not None:
                self._forget(model.name)
            elif len(self._models) >= MOST_MODELS:
                self._forget(next(iter(self._models)))
            seen = self._models[model.name] = Seen()
            seen.is_of(model)
            return seen

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
