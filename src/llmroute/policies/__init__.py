"""How to decide: constraints, objectives, plans, and the policy files that say it all.

Everything a policy file says can be said here: `best(cost_usd, require=[max_cost_usd("0.02")])`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.types.plans import Constraint, Objective, Policy, Preference

    from .branching import Route, Routes
    from .composition import route, routes, split, when
    from .conditions import When
    from .constraints import abilities, local, max_cost_usd, remote
    from .expectations import EXPECTED_OUTPUT_TOKENS
    from .objectives import cost_usd, expected_cost_usd
    from .preferences import latency_s, lowest, quality, weighted, within
    from .ranking import Ranking
    from .requirements import (
        every_parameter,
        max_latency_s,
        min_quality,
        never,
        no_training,
        only,
        open_weights,
        osi_approved,
        regions,
        zero_retention,
    )

_HOMES = {
    "branching": "Route Routes",
    "composition": "route routes split when",
    "conditions": "When",
    "constraints": "abilities local max_cost_usd remote",
    "expectations": "EXPECTED_OUTPUT_TOKENS",
    "objectives": "cost_usd expected_cost_usd",
    "preferences": "latency_s lowest quality weighted within",
    "ranking": "Ranking",
    "requirements": "every_parameter max_latency_s min_quality never no_training only open_weights "
    "osi_approved regions zero_retention",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

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
    "every_parameter",
    "expected_cost_usd",
    "latency_s",
    "local",
    "lowest",
    "max_cost_usd",
    "max_latency_s",
    "min_quality",
    "never",
    "no_training",
    "only",
    "open_weights",
    "order",
    "osi_approved",
    "quality",
    "regions",
    "remote",
    "route",
    "routes",
    "split",
    "weighted",
    "when",
    "within",
    "zero_retention",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'llmroute.policies' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"llmroute.policies.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def best(
    objective: Objective | Preference,
    require: Sequence[Constraint] = (),
    use: Sequence[str] | None = None,
) -> Policy:
    """Choose the model with the lowest objective; `use` names the choice, None means all.

    Raises:
        PolicyError: an argument is of another type.
    """
    from .arguments import check_objective, check_require, check_use
    from .ranking import Ranking

    check_objective(objective)
    check_require("best", require)
    check_use(use)
    return Ranking(tuple(require), None if use is None else tuple(use), objective).plan


def order(*names: str, require: Sequence[Constraint] = ()) -> Policy:
    """Try the named models in this order, and no others.

    Raises:
        PolicyError: no model is named, or an argument is of another type.
    """
    from .arguments import check_order, check_require
    from .ranking import Ranking

    check_order(names)
    check_require("order", require)
    return Ranking(tuple(require), names).plan


def by_task(tasks: Mapping[str, Policy], otherwise: Policy) -> Policy:
    """Hand each request to the policy of its task, or to `otherwise`.

    Raises:
        PolicyError: a task is none of `llmroute.types.requests.TASKS`, or something is no policy.
    """
    from .arguments import check_by_task
    from .branching import ByTask

    check_by_task(tasks, otherwise)
    return ByTask(dict(tasks), otherwise).plan
