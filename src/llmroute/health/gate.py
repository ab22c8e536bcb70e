"""The gate: lets attempts begin, and remembers what became of them.

It reads no clock: moments come in as arguments. It locks for a few microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.logs import logger

from .admission import Closed
from .budget import RETRY
from .memory import ALL_WELL, Entered
from .rates import IN_LINE
from .scopes import Mark, counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmroute.types.faults import Fault
    from llmroute.types.models import Model
    from llmroute.types.usage import Usage

    from .admission import Ask, Permit
    from .memory import Memory
    from .scopes import Place

SPENT = Closed("the retry budget is used up")


def unmarked(model: Model, fault: Fault) -> object:
    """Tell nothing of a model's key or file, so that no change of it is seen."""
    del fault
    return model.name


class HealthGate:
    """The gate of one client; what it remembers may be shared with others.

    `mark_of` tells whether what was at fault with a model, its key or its file, was changed: it
    returns another value then; None: nobody can tell. With `key_name`, models are asked under a key
    of that name.
    """

    __slots__ = ("_key_name", "_made", "_mark_of", "_memory", "_places")

    def __init__(
        self,
        memory: Memory,
        mark_of: Callable[[Model, Fault], object] = unmarked,
        key_name: str | None = None,
    ) -> None:
        """Remember in `memory`."""
        self._memory = memory
        self._mark_of = mark_of
        self._key_name = key_name
        self._places: dict[str, Place] = {}
        self._made = memory.made

    def enter(self, now: float, model: Model, ask: Ask, /) -> Permit | Closed:
        """Let an attempt begin, or say why not."""
        memory = self._memory
        with memory.lock:
            if memory.dropped:
                memory.sweep()
            entered = self._entered(now, self._placed(model), ask)
        if memory.lines:
            memory.wake(now)
        return entered

    def leave(
        self, now: float, permit: Permit, fault: Fault | None, usage: Usage | None, /
    ) -> None:
        """Take that an attempt was answered, or failed."""
        if not isinstance(permit, Entered):
            return
        memory = self._memory
        with memory.lock:
            if memory.dropped:
                memory.sweep()
            if permit.over:
                return
            permit.over = True
            news = self._over(now, permit, fault)
            if permit.began is not None:
                memory.left(permit, usage)
        if memory.lines:
            memory.wake(now)
        if news is not None:
            _log(now, permit.place, *news)

    def drop(self, permit: Permit, /) -> None:
        """Take that an attempt ended that tells nothing; takes no lock."""
        if isinstance(permit, Entered):
            self._memory.dropped.append(permit)

    def spent(self, moment: float, model: Model, /) -> Closed | None:
        """Say why a retry at `moment` could not be paid for."""
        with self._memory.lock:
            pays = self._placed(model).upstream.budget.holds(moment) >= RETRY
        return None if pays else SPENT

    def standing(self, now: float, models: Sequence[Model], /) -> Mapping[str, Closed]:
        """Say of each model, by its name, why it may not be asked now."""
        memory = self._memory
        if memory.is_well:
            return ALL_WELL
        with memory.lock:
            memory.sweep()
            found = {model.name: self._placed(model).standing(now) for model in models}
        return {name: closed for name, closed in found.items() if closed is not None}

    def _entered(self, now: float, place: Place, ask: Ask) -> Permit | Closed:
        uneasy = self._memory.uneasy
        if uneasy or place.model.limits is not None:
            closed = self._closed(now, place, ask)
            if closed is not None:
                return closed
        payer = place if ask.payer is None else self._placed(ask.payer)
        if not payer.upstream.budget.pays(now, again=ask.again):
            return SPENT
        permit = Entered(place, now, ask.tokens)
        if uneasy:
            place.take(now, permit)
        return permit

    def _closed(self, now: float, place: Place, ask: Ask) -> Closed | None:
        """Why a model may not be asked, or has no room."""
        if self._memory.uneasy and place.is_uneasy:
            closed = place.closed(now, forced=ask.forced)
            if closed is not None:
                return closed
        return None if place.model.limits is None else self._full(now, place, ask)

    def _full(self, now: float, place: Place, ask: Ask) -> Closed | None:
        """Why limits leave no room; whoever is said to be ahead in line is asked if it still is."""
        closed, rates = place.full(now, ask), place.upstream.rates
        if closed is not None and closed.reason is IN_LINE and rates is not None:
            self._memory.lines.append((rates, 1))
        return closed

    def _placed(self, model: Model) -> Place:
        """What the faults of a model are held against, looked up anew if need be."""
        memory = self._memory
        if self._made != memory.made:
            self._places.clear()
            self._made = memory.made
        place = self._places.get(model.name)
        if place is not None and place.model is model:
            return place
        upstream = model.upstream
        if self._key_name is not None:
            upstream = upstream._replace(key_name=self._key_name)
        place = self._places[model.name] = memory.place(model, upstream)
        return place

    def _over(
        self, now: float, permit: Entered, fault: Fault | None
    ) -> tuple[Fault, Closed] | None:
        """Take how an attempt ended; returns what is closed since then."""
        memory, place, news = self._memory, permit.place, None
        if fault is None:
            _answered(now, permit)
        else:
            closed = self._failed(now, permit, fault)
            news = None if closed is None else (fault, closed)
        if fault is not None or memory.uneasy:
            memory.note(place)
        return news

    def _failed(self, now: float, permit: Entered, fault: Fault) -> Closed | None:
        """Hold a fault against what is to blame; returns why that is closed if this is news."""
        place = permit.place
        scope = place.blamed(fault)
        if scope is not place.origin and fault.status is not None:  # a server answered there
            place.origin.answered(now, permit, permit.origin_since)
        since = permit.origin_since if scope is place.origin else permit.since
        is_news = counts(fault) and scope.failed(now, permit, since)
        if fault.remedy.disable:
            is_news = scope.disable(now, permit, fault, self._mark(place.model, fault))
        elif fault.remedy.wait_s:
            scope.rest(now + fault.remedy.wait_s)
        place.free(permit)
        return scope.closed(now) if is_news else None

    def _mark(self, model: Model, fault: Fault) -> Mark:
        return Mark(self._mark_of(model, fault), lambda: self._mark_of(model, fault))


def _answered(now: float, permit: Entered) -> None:
    place = permit.place
    place.upstream.answered(now, permit, permit.since)
    place.origin.answered(now, permit, permit.origin_since)
    if place.key.uneasy:
        place.key.answered(now, permit, 0)


def _log(now: float, place: Place, fault: Fault, closed: Closed) -> None:
    """Write down that a model is left alone: its name, where, and why."""
    model, where = place.model, place.model.upstream.origin
    if closed.disabled:
        what = "%s at %s is disabled, %s: %s"
        logger("health").warning(what, model.name, where, fault.kind, closed.reason)
    else:
        what = "%s at %s is left alone for %.3g s, %s: %s"
        seconds = (closed.reopens_at or now) - now
        logger("health").info(what, model.name, where, seconds, fault.kind, closed.reason)
