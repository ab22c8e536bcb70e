"""Scopes: what a fault is held against, an upstream, a whole origin, or a key there.

Each is closed for one of three reasons: it failed too often (softly: it may be asked when nobody
else is left), it asked to be left alone, or it is useless until something is changed.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import FAULT_KINDS

from .admission import Closed
from .breaker import Breaker, Door
from .budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.faults import Fault
    from llmroute.types.models import Model

    from .admission import Ask, Permit
    from .rates import Rates

CONNECTING = frozenset({"connect", "connect_timeout", "dns", "tls"})
"""What fails at an origin, whichever model and key it was for."""
OF_ONE_MODEL = "forbidden"
"""A key may be refused one model, and serve the others."""
PACED_S = 1.0
"""A rate limit that says when to come back, in a second or more, is no failure."""
DISABLED_S, LONGEST_DISABLED_S = 300.0, 3600.0
"""After how long a disabled one is asked again: a bill that was paid can be seen by asking only."""
RENEWED_S, LONGEST_RENEWED_S = 5.0, 300.0
"""Likewise where a function gives the key: it may give another one next time."""


class Mark(NamedTuple):
    """What tells whether a key or a file was changed: `now()` differs from `seen` then.

    None: nobody can tell without asking the application for its key.
    """

    seen: object
    now: Callable[[], object]

    @property
    def is_other(self) -> bool:
        """Whether it was changed."""
        return self.seen is not None and self.now() != self.seen


class Disabled(Door):
    """Useless until something is changed, and asked now and then whether it was."""

    __slots__ = ("_mark", "_wait_s", "kind")

    def __init__(self, fault: Fault, mark: Mark) -> None:
        """Begin with `mark` as it was when it failed."""
        super().__init__()
        self.kind = fault.kind
        self._mark = mark
        self._wait_s = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the key or the file was changed."""
        return self._mark.is_other

    def again(self, now: float, least_s: float | None) -> None:
        """It failed so: ask later, at each time twice as late; `least_s` is what it asked for."""
        first_s, longest_s = RENEWED_S, LONGEST_RENEWED_S
        if self._mark.seen is not None:
            first_s, longest_s = DISABLED_S, LONGEST_DISABLED_S
        self._wait_s = min(longest_s, 2 * self._wait_s or first_s)
        self.shut(now + max(self._wait_s, least_s or 0.0))

    @property
    def reason(self) -> str:
        """What is wrong, and what a person can do."""
        kind = FAULT_KINDS[self.kind]
        return f"{kind.meaning}: {kind.mend}"


class Scope:
    """What is remembered of an upstream, an origin or a key; `uneasy` where it may be closed."""

    __slots__ = ("breaker", "disabled", "rests_until", "uneasy")

    def __init__(self) -> None:
        """Begin well."""
        self.breaker = Breaker()
        self.disabled: Disabled | None = None
        self.rests_until = -inf
        self.uneasy = False

    def closed(self, now: float) -> Closed | None:
        """Why it may not be asked now; changes nothing."""
        disabled = self.disabled
        if disabled is not None and not disabled.is_over:
            found = disabled.closed(now, disabled.reason, soft=False)
            if found is not None:
                return found._replace(disabled=True)
        if now < self.rests_until:
            return Closed("it asked to be left alone (Retry-After)", self.rests_until)
        return self.breaker.closed(now, self.breaker.reason, soft=True)

    def take(self, now: float, permit: Permit) -> None:
        """Let an attempt through, which may be the one that finds out."""
        if self.disabled is not None and self.disabled.is_over:
            self.disabled = None
        if self.disabled is not None:
            self.disabled.take(now, permit)
        self.breaker.take(now, permit)

    def answered(self, now: float, permit: Permit, since: int) -> None:
        """Take an answer, also of a server that refused what was asked."""
        self.breaker.answered(now, since)
        if self.uneasy:
            if self.disabled is not None and self.disabled.free(permit):
                self.disabled = None
            self.breaker.free(permit)
            self.uneasy = self._is_uneasy(now)

    def free(self, permit: Permit) -> None:
        """An attempt is over that tells nothing of it."""
        if self.uneasy:
            self.breaker.free(permit)
            if self.disabled is not None:
                self.disabled.free(permit)

    def failed(self, now: float, permit: Permit, since: int) -> bool:
        """Take a failure; returns whether it is ejected for that."""
        ejected = self.breaker.failed(now, since, probe=self.breaker.free(permit))
        self.uneasy = self.uneasy or ejected
        return ejected

    def rest(self, until: float) -> None:
        """Leave it alone until a moment."""
        self.rests_until = max(until, self.rests_until)
        self.uneasy = True

    def disable(self, now: float, permit: Permit, fault: Fault, mark: Mark) -> bool:
        """Disable it; returns whether that is news."""
        self.uneasy = True
        disabled = self.disabled
        if disabled is None:
            self.disabled = Disabled(fault, mark)
            self.disabled.again(now, fault.remedy.wait_s)
            return True
        if disabled.free(permit):
            disabled.kind = fault.kind
            disabled.again(now, fault.remedy.wait_s)
        return False

    def forget(self) -> None:
        """Begin anew."""
        self.breaker = Breaker()
        self.disabled = None
        self.rests_until = -inf
        self.uneasy = False

    def _is_uneasy(self, now: float) -> bool:
        shut = self.breaker.until is not None or self.disabled is not None
        return shut or now < self.rests_until


class UpstreamScope(Scope):
    """What is remembered of an upstream, the budget of its retries and its rates with it.

    Rates are kept where a model of it has limits.
    """

    __slots__ = ("budget", "rates")

    def __init__(self) -> None:
        """Begin well."""
        super().__init__()
        self.budget = Budget()
        self.rates: Rates | None = None


class Place(NamedTuple):
    """A model, and what its faults are held against."""

    model: Model
    upstream: UpstreamScope
    origin: Scope
    key: Scope

    @property
    def scopes(self) -> tuple[Scope, Scope, Scope]:
        """All of them."""
        return self.upstream, self.origin, self.key

    @property
    def is_uneasy(self) -> bool:
        """Whether it may be closed."""
        return self.upstream.uneasy or self.origin.uneasy or self.key.uneasy

    def blamed(self, fault: Fault) -> Scope:
        """What a fault is held against."""
        if fault.kind in CONNECTING:
            return self.origin
        if fault.remedy.blame == "key" and fault.kind != OF_ONE_MODEL:
            return self.key
        return self.upstream

    def closed(self, now: float, *, forced: bool = False) -> Closed | None:
        """Why it may not be asked now: what is hard goes before what is soft, then the longest.

        What is soft does not count when it is `forced`.
        """
        found = [one.closed(now) for one in self.scopes if one.uneasy]
        worst = max((one for one in found if one is not None), key=_weight, default=None)
        return None if worst is None or (forced and worst.soft) else worst

    def full(self, now: float, ask: Ask) -> Closed | None:
        """Why its limits leave no room now."""
        limits, rates = self.model.limits, self.upstream.rates
        return None if limits is None or rates is None else rates.closed(now, limits, ask)

    def standing(self, now: float) -> Closed | None:
        """Why it may not be asked now, or why its limits leave no room; changes nothing."""
        closed = self.closed(now) if self.is_uneasy else None
        limits, rates = self.model.limits, self.upstream.rates
        if closed is not None or limits is None or rates is None:
            return closed
        return rates.standing(now, limits)

    def take(self, now: float, permit: Permit) -> None:
        """Let an attempt through."""
        for scope in self.scopes:
            scope.take(now, permit)

    def free(self, permit: Permit) -> None:
        """An attempt is over: it is no probe any more."""
        for scope in self.scopes:
            scope.free(permit)


def _weight(closed: Closed) -> tuple[bool, bool, float]:
    return not closed.soft, closed.disabled, closed.reopens_at or inf


def counts(fault: Fault) -> bool:
    """Whether a fault says that an upstream is not well."""
    remedy = fault.remedy
    paced = fault.kind == "rate_limit" and (remedy.wait_s or 0.0) >= PACED_S
    return remedy.blame == "upstream" and not paced
