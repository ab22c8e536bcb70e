"""What code passes to a policy, checked at the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from llmroute.errors import PolicyError, Problem
from llmroute.errors.problems import nearest
from llmroute.errors.reading import kind_of
from llmroute.types.requests import TASKS

from .constraints import abilities, max_cost_usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FACTORIES = (abilities, max_cost_usd)
"""Functions that make a constraint, and are none themselves."""


def wrong(key: str, what: str, hint: str = "") -> PolicyError:
    """Describe a problem with an argument."""
    return PolicyError([Problem("policies", None, key, what, hint)])


def check_objective(given: object) -> None:
    """Check an objective; raises PolicyError."""
    if not callable(given) and not callable(getattr(given, "order", None)):
        what = f"the objective must be a function, not {kind_of(given)}"
        raise wrong("best", what, "Write policies.best(policies.cost_usd)")


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


def check_use(given: object) -> None:
    """Check the models that a ranking may choose from; raises PolicyError."""
    if given is None:
        return
    hint = 'Write use=["gpt", "local"]'
    if not isinstance(given, list | tuple):
        raise wrong("best.use", f"it must be a list of models' names, not {kind_of(given)}", hint)
    _check_names("best.use", cast("Sequence[object]", given), hint)


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
