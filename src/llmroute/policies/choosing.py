"""The sections of a policy file that choose: what it requires, and what it prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors.regions import region_meant
from llmroute.types.models import QUALITIES

from . import constraints, requirements
from .origins import DEFAULT_NAME
from .preferences import NAMED, Lowest, Weighted, Within, quality
from .unknowns import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from llmroute.errors.reading import Table
    from llmroute.types.plans import Constraint, Objective, Preference

MAX_COST = {DEFAULT_NAME: constraints.default_max_cost_usd}
"""What limits the cost where it is not `max_cost_usd`, by the place of the policy."""

FLAGS: dict[str, Constraint] = {
    "no_training": requirements.no_training,
    "zero_retention": requirements.zero_retention,
    "open_weights": requirements.open_weights,
    "osi_approved": requirements.osi_approved,
}
LISTS: dict[str, Callable[..., Constraint]] = {
    "regions": requirements.regions,
    "only": requirements.only,
    "never": requirements.never,
}


def read_require(table: Table | None, place: str = "") -> tuple[Constraint, ...]:
    """Read [require], or the require of a route; `place` is that of the policy."""
    if table is None:
        return ()
    found: list[Constraint] = []
    wanted_local = table.flag("local")
    if wanted_local is not None:
        found.append(constraints.local if wanted_local else constraints.remote)
    found += _abilities(table)
    found += _flags(table)
    found += _lists(table)
    if table.choice("unsupported", ("drop", "refuse")) == "refuse":
        found.append(requirements.every_parameter)
    found += _limits(table, place)
    table.done()
    return tuple(found)


def _abilities(table: Table) -> list[Constraint]:
    from llmroute.catalog.declarations import ABILITIES, read_abilities

    wanted = read_abilities(table)
    if not wanted:
        return []
    return [constraints.abilities(*(word for word in wanted if word in ABILITIES))]


def _flags(table: Table) -> list[Constraint]:
    found: list[Constraint] = []
    for key, constraint in FLAGS.items():
        if table.flag(key) is False:
            table.problem(key, "it can only be true", "Leave it out")
        elif table.get(key) is True:
            found.append(constraint)
    return found


def _lists(table: Table) -> list[Constraint]:
    found: list[Constraint] = []
    for key, factory in LISTS.items():
        words = table.texts(key)
        if words == ():
            table.problem(key, "it must name at least one")
        elif words and not (key == "regions" and _misnamed(table, words)):
            found.append(factory(*words))
    return found


def _misnamed(table: Table, regions: tuple[str, ...]) -> bool:
    """Report regions by words that no model uses for them."""
    meant = {name: region_meant(name) for name in regions}
    for name, other in meant.items():
        if other is not None:
            table.problem("regions", f"{name!r} is no region", f"Did you mean {other!r}?")
    return any(meant.values())


def _limits(table: Table, place: str) -> list[Constraint]:
    """Read what is judged last, since it takes longest: quality, latency and cost."""
    found: list[Constraint] = []
    least = table.choice("min_quality", QUALITIES)
    if least in QUALITIES:
        found.append(requirements.min_quality(least))
    longest = table.number("max_latency_s", "0", str(requirements.LONGEST_S), above=True)
    if longest is not None:
        found.append(requirements.max_latency_s(float(longest)))
    limit = table.number("max_cost_usd", "0", "1000000")
    if limit is not None:
        found.append(MAX_COST.get(place, constraints.max_cost_usd)(limit))
    return found


def read_prefer(table: Table | None) -> Objective | Preference | None:
    """Read [prefer], or the prefer of a route; None when nothing is preferred."""
    if table is None:
        return None
    unknown = table.choice("unknown", UNKNOWN) or "last"
    low = _side(table, "minimize", ("cost", "latency"))
    high = _side(table, "maximize", ("quality",))
    share = table.number("within", "0", "1")
    then = table.choice("then", tuple(NAMED))
    table.done()
    parts = [*low, *high]
    if not parts:
        if not set(table.values) - {"unknown", "within", "then"}:
            table.problem("", 'it needs minimize = "cost" or "latency", or maximize = "quality"')
        return None
    _check_prefer(table, parts)
    if len(parts) > 1:
        return _several(table, parts, unknown, nearness=share is not None)
    return _one(parts[0][0], unknown, share, then)


def _check_prefer(table: Table, parts: list[tuple[Objective, float]]) -> None:
    if ("within" in table.values) != ("then" in table.values):
        table.problem("within", "within and then go together", 'Write within = 0.05, then = "cost"')
    if not any(weight for _, weight in parts):
        table.problem("", "at least one weight must be more than 0")


def _one(
    objective: Objective, unknown: str, share: Decimal | None, then: str | None
) -> Objective | Preference:
    if share is not None and then in NAMED:
        return Within(float(share), objective, NAMED[then], unknown)
    plain = unknown == "last" and objective is not quality
    return objective if plain else Lowest(objective, unknown)


def _several(
    table: Table, parts: list[tuple[Objective, float]], unknown: str, *, nearness: bool
) -> Preference:
    if nearness:
        table.problem("within", "it goes with one objective, not with weights", "Leave it out")
    return Weighted(tuple(parts), unknown)


def _side(table: Table, key: str, words: tuple[str, ...]) -> list[tuple[Objective, float]]:
    """Read an objective by its name, or several with their weights."""
    if not isinstance(table.values.get(key), dict):
        word = table.choice(key, words)
        return [(NAMED[word], 1.0)] if word in words else []
    weights = table.table(key)
    if weights is None:
        return []
    found = [(word, weights.number(word, "0", "1000000")) for word in words]
    if not weights.values:
        weights.problem("", f"it needs a weight, such as {words[0]} = 0.7")
    weights.done()
    return [(NAMED[word], float(number)) for word, number in found if number is not None]
