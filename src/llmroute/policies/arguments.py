"""What code passes to a policy, checked at the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from llmroute.errors import PolicyError, Problem
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector, kind_of
from llmroute.types.requests import TASKS

from .branching import Route
from .conditions import When
from .constraints import abilities, max_cost_usd
from .mistakes import wrong
from .reachable import covering
from .requirements import max_latency_s, min_quality, never, only, regions
from .routing import read_weights
from .splits import BY_REQUEST, HINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

ROUTE = ("name", "require", "use", "prefer", "policy", "repeat_instruction")
FACTORIES = (abilities, max_cost_usd, max_latency_s, min_quality, never, only, regions)
"""Functions that make a constraint, and are none themselves."""


def check_objective(given: object, where: str = "best") -> None:
    """Check an objective; raises PolicyError."""
    if not callable(given) and not callable(getattr(given, "order", None)):
        what = f"the objective must be a function, not {kind_of(given)}"
        raise wrong(where, what, "Write policies.best(policies.cost_usd)")


def check_require(where: str, given: object) -> None:
    """Check a list of constraints; raises PolicyError."""
    hint = 'Write require=[policies.local, policies.max_cost_usd("0.02")]'
    if not isinstance(given, list | tuple):
        what = f"it must be a list of constraints, not {_kind(given)}"
        raise wrong(f"{where}.require", what, hint)
    for one in cast("Sequence[object]", given):
        if not callable(one):
            raise wrong(f"{where}.require", f"it must hold functions, not {kind_of(one)}", hint)
        if one in FACTORIES:
            what = f"{getattr(one, '__name__', 'it')} makes a constraint; it must be called"
            raise wrong(f"{where}.require", what, hint)


def check_use(given: object, where: str = "best.use") -> None:
    """Check the models that a ranking may choose from; raises PolicyError."""
    if given is None:
        return
    hint = 'Write use=["gpt", "local"]'
    if not isinstance(given, list | tuple):
        raise wrong(where, f"it must be a list of models' names, not {kind_of(given)}", hint)
    _check_names(where, cast("Sequence[object]", given), hint)


def check_order(given: Sequence[object]) -> None:
    """Check the names of an order; raises PolicyError."""
    _check_names("order", given, 'Write policies.order("gpt", "local")')


def _check_names(where: str, names: Sequence[object], hint: str) -> None:
    if not names:
        raise wrong(where, "it must name at least one model", hint)
    for name in names:
        if not isinstance(name, str):
            raise wrong(where, f"a model's name must be a string, not {kind_of(name)}", hint)


def check_by_task(tasks: object, otherwise: object) -> None:
    """Check the policies of tasks; raises PolicyError."""
    hint = 'Write policies.by_task({"code": policies.order("gpt")}, otherwise=...)'
    if not isinstance(tasks, Mapping):
        raise wrong("by_task", f"it takes a mapping of tasks to policies, not {_kind(tasks)}", hint)
    policies = cast("Mapping[object, object]", tasks)
    problems = list(_unknown(policies))
    if problems:
        raise PolicyError(problems)
    for task, policy in (*policies.items(), ("otherwise", otherwise)):
        if not callable(policy):
            raise wrong(f"by_task.{task}", f"it must be a policy, not {kind_of(policy)}", hint)


def _kind(value: object) -> str:
    return "a function" if callable(value) else kind_of(value)


def _unknown(tasks: Iterable[object]) -> Iterable[Problem]:
    for task in tasks:
        if task not in TASKS:
            hint = nearest(str(task), TASKS)
            yield Problem("policies", None, f"by_task.{task}", "no such task", hint)


def check_route(condition: object, says: Mapping[str, object]) -> None:
    """Check what a route says; raises PolicyError."""
    if not isinstance(condition, When | None):
        what = f"its condition must be made by policies.when, not {_kind(condition)}"
        raise wrong("route", what, 'Write policies.route(policies.when(task="code"), use=["gpt"])')
    _check_says(says)
    if "require" in says:
        check_require("route", says["require"])
    check_use(says.get("use"), "route.use")
    if "prefer" in says:
        check_objective(says["prefer"], "route.prefer")
    if "policy" in says and not callable(says["policy"]):
        raise wrong("route.policy", f"it must be a policy, not {kind_of(says['policy'])}")


def _check_says(says: Mapping[str, object]) -> None:
    for name, value in says.items():
        if name not in ROUTE:
            raise wrong(f"route.{name}", "there is no such option", nearest(name, ROUTE))
        if value is None:
            raise wrong(f"route.{name}", "it must not be None; leave it out")
    _check_plain_says(says)
    if not set(says) - {"name"}:
        raise wrong("route", f"it says nothing; it needs one of {', '.join(ROUTE[1:])}")
    if "policy" in says and {"use", "prefer"} & set(says):
        raise wrong("route.policy", "it decides in place of use and prefer", "Leave those out")


def _check_plain_says(says: Mapping[str, object]) -> None:
    for name, kind in (("name", str), ("repeat_instruction", bool)):
        if not isinstance(says.get(name, kind()), kind):
            raise wrong(f"route.{name}", f"it must not be {kind_of(says[name])}")


def check_routes(given: object, otherwise: object) -> None:
    """Check a list of routes; raises PolicyError, also for one that is never reached."""
    hint = "Write policies.routes([policies.route(...)], otherwise=policies.order(...))"
    if not isinstance(given, list | tuple) or not given:
        raise wrong("routes", "it takes a list of routes", hint)
    routes = cast("Sequence[object]", given)
    for one in routes:
        if not isinstance(one, Route):
            raise wrong("routes", f"it takes routes, not {_kind(one)}", hint)
    if otherwise is not None and not callable(otherwise):
        raise wrong("routes.otherwise", f"it must be a policy, not {kind_of(otherwise)}", hint)
    _check_reached(cast("Sequence[Route]", routes))


def _check_reached(routes: Sequence[Route]) -> None:
    deciding: list[Route] = []
    for number, one in enumerate(routes, 1):
        if not one.decides:
            continue
        over = covering(one.when, [earlier.when for earlier in deciding])
        if over:
            first = " and ".join(repr(deciding[at].name) for at in over)
            what = f"route {number}, {one.name!r}, is never reached: {first} decides first"
            raise wrong("routes", what, "Move it to the front, or take one of them out")
        deciding.append(one)


def checked_weights(weights: object, by: object, seed: object) -> dict[str, Decimal]:
    """Check what a split is made of; raises PolicyError with every problem found."""
    problems: list[Problem] = []
    report = collector("policies", problems)
    if not isinstance(weights, Mapping):
        raise wrong("split", f"it takes a mapping of models to weights, not {_kind(weights)}")
    found = read_weights(Table(cast("Mapping[str, object]", weights), ("split",), report))
    is_hint = isinstance(by, str) and by.startswith(HINTS) and len(by) > len(HINTS)
    if by != BY_REQUEST and not is_hint:
        report(("split", "by"), "it must be a hint, or the request", 'Write by="hints.customer"')
    if not isinstance(seed, str):
        report(("split", "seed"), f"it must be a string, not {kind_of(seed)}", "")
    if problems:
        raise PolicyError(problems)
    return found
