"""The memory that gates share: scopes by what they are, and the permits that were dropped."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from .admission import Permit
from .rates import Rates
from .scopes import Place, Scope, UpstreamScope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.models import Model, Upstream
    from llmroute.types.usage import Usage

    from .admission import Closed

MOST_PLACES = 10_000
"""How many models are remembered, each under each of its keys; then what is well is forgotten."""
FREED = 2
"""How many are woken by a free place: the next in line, and one behind it if that does not come."""
ALL_WELL: Mapping[str, Closed] = {}


class Entered(Permit):
    """A permit, with what its attempt is held against, and how often that was ejected before.

    `began` is what the limits count of it.
    """

    __slots__ = ("began", "origin_since", "over", "place", "since")

    def __init__(self, place: Place, now: float, tokens: int) -> None:
        """Begin at `now`."""
        self.model = place.model
        self.entered_at = now
        self.probe = False
        self.tokens = tokens
        self.place = place
        self.since = place.upstream.breaker.ejections
        self.origin_since = place.origin.breaker.ejections
        self.over = False
        rates = place.upstream.rates
        self.began = None if rates is None else rates.began(now, tokens)

    def left(self, usage: Usage | None) -> bool:
        """The limits count it no longer as under way; returns whether others wait for that."""
        rates = self.place.upstream.rates
        if rates is None or self.began is None:
            return False
        tokens = None if usage is None else usage.input_tokens + usage.output_tokens
        return rates.left(self.began, tokens)


class Memory:
    """What is remembered of upstreams; whoever reads or changes it holds `lock`.

    `made` counts how often it forgot what was well: places of before are no longer in it. `limited`
    says that some models go without those whose limits leave no room. `lines` are those in which
    somebody is to be woken, and how many, until `wake` was called.
    """

    __slots__ = (
        "_places",
        "_scopes",
        "_upstreams",
        "dropped",
        "limited",
        "lines",
        "lock",
        "made",
        "uneasy",
    )

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self.lock = threading.Lock()
        self.dropped: deque[Entered] = deque()
        self.limited = False
        self.lines: list[tuple[Rates, int]] = []
        self.made = 0
        self.uneasy: set[Scope] = set()
        self._scopes: dict[tuple[str, ...], Scope] = {}
        self._upstreams: dict[Upstream, UpstreamScope] = {}
        self._places: dict[tuple[str, Upstream], Place] = {}

    @property
    def is_well(self) -> bool:
        """Whether every model may be asked."""
        return not (self.uneasy or self.limited)

    def place(self, model: Model, upstream: Upstream) -> Place:
        """What the faults of a model are held against."""
        found = self._places.get((model.name, upstream))
        if found is not None and found.model is model:
            return found
        if len(self._places) >= MOST_PLACES:
            self._forget_well()
        return self._keep(Place(model, UpstreamScope(), Scope(), Scope()), upstream)

    def _keep(self, new: Place, upstream: Upstream) -> Place:
        """Keep a place; what is remembered of its scopes already stays."""
        key = (upstream.origin, upstream.key_name or "")
        place = self._places[new.model.name, upstream] = Place(
            new.model,
            self._upstreams.setdefault(upstream, new.upstream),
            self._scopes.setdefault((upstream.origin,), new.origin),
            self._scopes.setdefault(key, new.key),
        )
        limits = new.model.limits
        if limits is not None:
            place.upstream.rates = place.upstream.rates or Rates()
            self.limited = self.limited or limits.when_full == "next"
        return place

    def sweep(self) -> None:
        """Take what was dropped."""
        while self.dropped:
            permit = self.dropped.popleft()
            if not permit.over:
                permit.over = True
                permit.place.free(permit)
                self.left(permit, None)

    def left(self, permit: Entered, usage: Usage | None) -> None:
        """An attempt is over, whatever became of it."""
        if permit.left(usage) and permit.place.upstream.rates is not None:
            self.lines.append((permit.place.upstream.rates, FREED))

    def wake(self, now: float) -> None:
        """Wake whoever is next in line; called without the lock."""
        while self.lines:
            with self.lock:
                rates, most = self.lines.pop() if self.lines else (Rates(), 0)
                line = rates.line()
            for wake in line:
                waits = wake()
                with self.lock:
                    rates.called(wake, now, waits=waits)
                most -= waits
                if most <= 0:
                    break

    def note(self, place: Place) -> None:
        """Keep in mind which scopes may be closed."""
        for scope in place.scopes:
            if scope.uneasy:
                self.uneasy.add(scope)
            else:
                self.uneasy.discard(scope)

    def standing(self, now: float) -> dict[str, Closed]:
        """Why models may not be asked now, by their names."""
        self.sweep()
        found = {name: place.standing(now) for (name, _), place in self._places.items()}
        return {name: closed for name, closed in found.items() if closed is not None}

    def forget(self, name: str | None) -> None:
        """Begin anew with a model, or with all replicas of one; None: with all of them."""
        replicas = None if name is None or "/" in name else f"{name}."
        for (known, _), place in self._places.items():
            if name in {None, known} or (replicas and known.startswith(replicas)):
                for scope in place.scopes:
                    scope.forget()
                    self.uneasy.discard(scope)

    def _forget_well(self) -> None:
        """Forget the places that are well; all of them, if most are not."""
        kept = {
            at: place
            for at, place in self._places.items()
            if place.is_uneasy or place.model.limits is not None
        }
        if len(kept) > MOST_PLACES // 2:
            kept = {}
            self.uneasy.clear()
        self._places, self._upstreams, self._scopes = {}, {}, {}
        for (_, upstream), place in kept.items():
            self._keep(place, upstream)
        self.made += 1
