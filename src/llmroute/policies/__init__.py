"""How to decide: constraints, objectives, plans, and the policy files that say it all.

Everything a policy file says can be said here: `best(cost_usd, require=[max_cost_usd("0.02")])`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .constraints import abilities, local, max_cost_usd, remote
from .objectives import EXPECTED_OUTPUT_TOKENS, cost_usd, expected_cost_usd
from .ranking import Ranking
from .routes import ByTask, Route, Routes, When

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.types.plans import Constraint, Objective, Policy

__all__ = [
    "EXPECTED_OUTPUT_TOKENS",
    "Ranking",
    "Route",
    "Routes",
    "When",
    "abilities",
    "best",
    "by_task",
    "cost_usd",
    "expected_cost_usd",
    "local",
    "max_cost_usd",
    "order",
    "remote",
]


def best(
    objective: Objective, require: Sequence[Constraint] = (), use: Sequence[str] | None = None
) -> Policy:
    """Choose the model with the lowest objective; `use` names the choice, None means all."""
    return Ranking(tuple(require), None if use is None else tuple(use), objective).plan


def order(*names: str, require: Sequence[Constraint] = ()) -> Policy:
    """Try the named models in this order, and no others."""
    return Ranking(tuple(require), names).plan


def by_task(tasks: Mapping[str, Policy], otherwise: Policy) -> Policy:
    """Hand each request to the policy of its task, or to `otherwise`.

    Raises:
        PolicyError: a task is none of `llmroute.types.requests.TASKS`.
    """
    from llmroute.types.requests import TASKS

    unknown = [task for task in tasks if task not in TASKS]
    if unknown:
        from llmroute.errors import PolicyError, Problem
        from llmroute.errors.problems import nearest

        raise PolicyError(
            [
                Problem("policies", None, f"by_task.{task}", "no such task", nearest(task, TASKS))
                for task in unknown
            ]
        )
    return ByTask(dict(tasks), otherwise).plan
