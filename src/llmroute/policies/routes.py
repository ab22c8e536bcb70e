"""Routes: what holds for some requests only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .ranking import Ranking, repeating

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint, Objective, Plan, Policy, Preference, Situation
    from llmroute.types.requests import Hint, Request


class When(NamedTuple):
    """A condition on a request: all that is given must hold. None and empty match everything."""

    task: str | None = None
    hints: tuple[tuple[str, Hint], ...] = ()
    tags: tuple[str, ...] = ()

    def matches(self, request: Request) -> bool:
        """Whether the condition holds."""
        if self.task is not None and self.task != request.task:
            return False
        if any(request.hints.get(name) != value for name, value in self.hints):
            return False
        return all(tag in request.tags for tag in self.tags)

    def covers(self, other: When) -> bool:
        """Whether every request that matches `other` matches this one."""
        return (
            self.task in {None, other.task}
            and set(self.hints) <= set(other.hints)
            and set(self.tags) <= set(other.tags)
        )

    def __str__(self) -> str:
        """Name the condition, for a route without a name."""
        parts = [f"task {self.task}"] if self.task else []
        parts += [f"{name} {value}" for name, value in self.hints]
        parts += [f"tag {tag}" for tag in self.tags]
        return ", ".join(parts) or "always"


class Route(NamedTuple):
    """What holds when a condition matches; `use` and `objective` of None decide nothing.

    `repeat_instruction` has the system instruction repeated in each turn of the user.
    """

    when: When
    name: str
    place: str
    require: tuple[Constraint, ...] = ()
    use: tuple[str, ...] | None = None
    objective: Objective | Preference | None = None
    repeat_instruction: bool = False

    @property
    def decides(self) -> bool:
        """Whether it says which model comes first."""
        return self.use is not None or self.objective is not None


class Routes(NamedTuple):
    """A policy of routes: each matching one requires, the first that decides decides."""

    routes: tuple[Route, ...]
    otherwise: Ranking

    def plan(self, situation: Situation, models: Sequence[Model]) -> Plan:
        """Plan by the routes that match the request."""
        request = situation.request
        matching = [route for route in self.routes if route.when.matches(request)]
        if not matching:
            return self.otherwise.plan(situation, models)
        require = self.otherwise.require + _required(matching)
        shown = next((route for route in matching if route.decides), matching[0])
        order = shown if shown.decides else self.otherwise
        ranking = Ranking(require, order.use, order.objective, shown.place, shown.name)
        if _repeats(matching):
            return replace(ranking.plan(repeating(situation), models), repeat_instruction=True)
        return ranking.plan(situation, models)

    @property
    def names(self) -> frozenset[str]:
        """The models that the routes use by name."""
        return self.otherwise.names.union(*(route.use or () for route in self.routes))


def _required(matching: Sequence[Route]) -> tuple[Constraint, ...]:
    """What the matching routes require, all of it."""
    return tuple(one for route in matching for one in route.require)


def _repeats(matching: Sequence[Route]) -> bool:
    """Whether one of the matching routes has the instruction repeated."""
    return any(route.repeat_instruction for route in matching)


def named_models(policy: Policy) -> frozenset[str]:
    """Name the models that a policy uses by name; empty for a function of another making."""
    owner: object = getattr(policy, "__self__", None)
    return owner.names if isinstance(owner, Ranking | Routes | ByTask) else frozenset()


class ByTask(NamedTuple):
    """A policy that hands a request to the policy of its task."""

    tasks: Mapping[str, Policy]
    otherwise: Policy

    def plan(self, situation: Situation, models: Sequence[Model]) -> Plan:
        """Plan by the policy of the task; its name is the route."""
        task = situation.request.task
        policy = self.tasks.get(task) if task is not None else None
        if policy is None:
            return self.otherwise(situation, models)
        plan = policy(situation, models)
        return plan if plan.route else replace(plan, route=f"task {task}")

    @property
    def names(self) -> frozenset[str]:
        """The models that the policies use by name."""
        return named_models(self.otherwise).union(*map(named_models, self.tasks.values()))
