"""Requirements that leave no model, found at load: only what is certain, whatever is asked.

A constraint is looked at if it says the same of a model in every situation. A route that could
never have a model to try, since each is refused by what always holds with it, is a problem.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from llmroute.types.plans import Situation
from llmroute.types.requests import Request
from llmroute.types.usage import TokenCount

from .constraints import Abilities, MaxCost, local, remote
from .reachable import covers
from .requirements import (
    Never,
    Only,
    Regions,
    no_training,
    open_weights,
    osi_approved,
    zero_retention,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.errors.reading import Table
    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint

    from .reachable import Placed
    from .routing import Part, Parts

STANDING: tuple[object, ...] = (
    local,
    remote,
    no_training,
    zero_retention,
    open_weights,
    osi_approved,
)
"""Constraints that say the same of a model whatever is asked."""
STANDING_KINDS = (Abilities, Never, Only, Regions)
"""What makes such constraints: the classes of what a policy file reads."""
MOST_SHOWN = 3


@cache
def anything() -> Situation:
    """A situation for constraints that do not look at it."""
    return Situation(Request(()), TokenCount(1, "exact", 1, 1), date(2000, 1, 1))


class Contradictions:
    """Looks through the parts of a file, and reports what can never have a model."""

    def __init__(self, models: Sequence[Model]) -> None:
        """`models` are all that the file declares."""
        self._models = models
        self._every = tuple(model.name for model in models)
        self._seen: dict[Constraint, dict[str, str]] = {}

    def check(self, parts: Parts) -> None:
        """Look at the top, and at every policy inside of it, alone and where it is used."""
        top = parts.top
        if self._reported(top.require, top.table, "require"):
            return
        self._check_routes(top)
        for part in parts.nested.values():
            if not self._reported(part.require, part.table, "require"):
                self._check_routes(part)
        for user, name in parts.uses:
            outer = (*top.require, *user.route.require)
            if name not in parts.nested or self._none_left(outer):
                continue
            inner = parts.nested[name].require
            if not self._none_left(inner):
                self._reported((*outer, *inner), user.table, "policy", user.label)

    def _check_routes(self, part: Part) -> None:
        for one in part.routes:
            if one.route.use is None and self._guards(one.route.require):
                continue
            use = one.route.use or self._every
            key = next((key for key in ("use", "split", "require") if key in one.table.values), "")
            require = (*part.require, *_with(one, part.routes))
            self._reported(require, one.table, key, one.label, use)

    def _guards(self, require: tuple[Constraint, ...]) -> bool:
        """Whether one requirement alone refuses every model: its requests shall not be answered.

        "Private data stays home" is no mistake where no model is at home. An ability that no model
        has is one.
        """
        return any(
            len(self._refused(one)) == len(self._every) and not isinstance(_owner(one), Abilities)
            for one in require
        )

    def _reported(
        self,
        require: tuple[Constraint, ...],
        table: Table,
        key: str,
        label: str = "the policy",
        use: Sequence[str] = (),
    ) -> bool:
        """Whether no model is left, which is reported."""
        reasons = self._none_left(require, use)
        if not reasons:
            return False
        names = list(dict.fromkeys(use or self._every))
        shown = "; ".join(f"{name}: {reasons[name]}" for name in names[:MOST_SHOWN])
        more = f"; and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
        what = f"{label} leaves no model that may ever answer: {shown}{more}"
        table.problem(key, what, "Take one of the requirements out")
        return True

    def _none_left(
        self, require: tuple[Constraint, ...], use: Sequence[str] = ()
    ) -> dict[str, str]:
        """Why each model is refused, if every one is; {} when one is left."""
        reasons: dict[str, str] = {}
        for constraint in require:
            reasons = {**self._refused(constraint), **reasons}
        return reasons if set(use or self._every) <= reasons.keys() else {}

    def _refused(self, constraint: Constraint) -> dict[str, str]:
        """The models that a standing constraint refuses, with the reason; of others none."""
        if constraint not in self._seen:
            models = [one for one in self._models if _stands(constraint, one)]
            found = ((one.name, constraint(anything(), one)) for one in models)
            refused = {name: refusal.reason for name, refusal in found if refusal is not None}
            self._seen[constraint] = refused
        return self._seen[constraint]


def _owner(constraint: Constraint) -> object:
    """What a constraint was made from, if it is a method."""
    return getattr(constraint, "__self__", None)


def _stands(constraint: Constraint, model: Model) -> bool:
    """Whether a constraint says the same of a model in every situation."""
    owner = _owner(constraint)
    if isinstance(owner, MaxCost):  # what costs anything costs more than nothing
        return owner.limit == 0 and (model.price is None or model.price.input > 0)
    return constraint in STANDING or isinstance(owner, STANDING_KINDS)


def _with(one: Placed, routes: Sequence[Placed]) -> tuple[Constraint, ...]:
    """What is required whenever a route matches: its own, and that of routes around it."""
    return tuple(
        constraint
        for other in routes
        if other is one or (other.route.require and covers(other.route.when, one.route.when))
        for constraint in other.route.require
    )
