"""Which policies can use the task of a request: only for them it is worth detecting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .branching import ByTask, Required, Routes
from .preferences import Lowest, Weighted, Within, quality
from .ranking import Ranking
from .requirements import MinQuality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.plans import Constraint, Objective, Policy, Preference


def uses_task(policy: Policy) -> bool:
    """Whether a policy looks at the task: by a route, an objective or a requirement of quality.

    What somebody else wrote is not looked into.
    """
    owner: object = getattr(policy, "__self__", None)
    if isinstance(owner, ByTask):
        return True
    if isinstance(owner, Required):
        return _asks(owner.require) or uses_task(owner.policy)
    if isinstance(owner, Ranking):
        return _asks(owner.require) or _judges(owner.objective)
    return isinstance(owner, Routes) and _routes(owner)


def _routes(owner: Routes) -> bool:
    if _asks(owner.require) or uses_task(owner.otherwise):
        return True
    return any(
        one.when.task is not None
        or _asks(one.require)
        or _judges(one.objective)
        or (one.policy is not None and uses_task(one.policy))
        for one in owner.routes
    )


def _asks(require: Iterable[Constraint]) -> bool:
    """Whether a requirement is one of quality."""
    return any(isinstance(getattr(one, "__self__", None), MinQuality) for one in require)


def _judges(objective: Objective | Preference | None) -> bool:
    """Whether it is quality that decides, alone or among others."""
    if isinstance(objective, Lowest | Weighted | Within):
        return quality in objective.judges
    return objective is quality
