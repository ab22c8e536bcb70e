"""Routes: what holds for some requests only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.frozen import replace
from llmroute.types.plans import Plan
from llmroute.types.tuples import NamedTuple

from .conditions import Seen
from .judging import repeating
from .mistakes import wrong
from .ranking import Ranking
from .splits import Split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmroute.types.models import Model
    from llmroute.types.plans import Candidate, Constraint, Objective, Policy, Preference, Situation

    from .conditions import When


class Route(NamedTuple):
    """What holds when a condition matches; `use`, `objective` and `policy` of None decide nothing.

    `policy` is asked in place of `use` and `objective`. `repeat_instruction` has the system
    instruction repeated in each turn of the user.
    """

    when: When
    name: str
    place: str
    require: tuple[Constraint, ...] = ()
    use: tuple[str, ...] | None = None
    objective: Objective | Preference | None = None
    policy: Policy | None = None
    repeat_instruction: bool = False

    @property
    def says(self) -> str:
        """What it says, in a few words."""
        words = [f"use {', '.join(self.use)}"] if self.use else []
        words += [
            word
            for word, given in (
                ("prefer", self.objective is not None and not isinstance(self.objective, Split)),
                ("split", isinstance(self.objective, Split)),
                ("policy", self.policy is not None),
                ("require", bool(self.require)),
                ("repeat_instruction", self.repeat_instruction),
            )
            if given
        ]
        return "; ".join(words)

    @property
    def decides(self) -> bool:
        """Whether it says which model comes first."""
        return self.use is not None or self.objective is not None or self.policy is not None


class Routes(NamedTuple):
    """A policy of routes: each matching one requires, the first that decides decides.

    `require` holds for every request; `otherwise` decides where no route does.
    """

    routes: tuple[Route, ...]
    otherwise: Policy
    require: tuple[Constraint, ...] = ()

    def plan(self, situation: Situation, models: Sequence[Model]) -> Plan:
        """Plan by the routes that match the request; raises what the chosen policy raises."""
        seen = Seen(situation)
        matching = [route for route in self.routes if route.when.matches(seen)]
        if not matching:
            return asked(strengthened(self.otherwise, self.require), situation, models)
        repeats = any(route.repeat_instruction for route in matching)
        plan = self._decided(repeating(situation) if repeats else situation, models, matching)
        return replace(plan, repeat_instruction=True) if repeats else plan

    def _decided(
        self, situation: Situation, models: Sequence[Model], matching: Sequence[Route]
    ) -> Plan:
        require = self.require + _required(matching)
        shown = next((route for route in matching if route.decides), matching[0])
        ranking = self._ranking(shown, require)
        if ranking is not None:
            return ranking.plan(situation, models)
        policy = strengthened(shown.policy or self.otherwise, require)
        plan = asked(policy, situation, models)
        if plan.route is None:
            return replace(plan, route=shown.name, policy=shown.place)
        return replace(plan, route=f"{shown.name} > {plan.route}")

    def _ranking(self, shown: Route, require: tuple[Constraint, ...]) -> Ranking | None:
        """The ranking that decides; None where another policy must be asked."""
        if shown.policy is not None:
            return None
        if shown.decides:
            return Ranking(require, shown.use, shown.objective, shown.place, shown.name)
        owner: object = getattr(self.otherwise, "__self__", None)
        if not isinstance(owner, Ranking) or owner.route is not None:
            return None
        require += owner.require
        return Ranking(require, owner.use, owner.objective, shown.place, shown.name)

    @property
    def names(self) -> frozenset[str]:
        """The models that the routes use by name."""
        nested = (route.policy for route in self.routes if route.policy is not None)
        return named_models(self.otherwise).union(
            *(route.use or () for route in self.routes), *map(named_models, nested)
        )


def _required(matching: Sequence[Route]) -> tuple[Constraint, ...]:
    """What the matching routes require, all of it."""
    return tuple(one for route in matching for one in route.require)


class ByTask(NamedTuple):
    """A policy that hands a request to the policy of its task."""

    tasks: Mapping[str, Policy]
    otherwise: Policy

    def plan(self, situation: Situation, models: Sequence[Model]) -> Plan:
        """Plan by the policy of the task; its name is the route."""
        task = situation.task
        policy = self.tasks.get(task) if task is not None else None
        if policy is None:
            return self.otherwise(situation, models)
        plan = asked(policy, situation, models)
        return plan if plan.route else replace(plan, route=f"task {task}")

    @property
    def names(self) -> frozenset[str]:
        """The models that the policies use by name."""
        return named_models(self.otherwise).union(*map(named_models, self.tasks.values()))


class Required(NamedTuple):
    """A policy of another making, whose candidates must fulfil some constraints as well."""

    policy: Policy
    require: tuple[Constraint, ...]

    def plan(self, situation: Situation, models: Sequence[Model]) -> Plan:
        """Plan by the policy, and refuse what it should not have taken."""
        plan = asked(self.policy, situation, models)
        kept: list[Candidate] = []
        refused = list(plan.refused)
        for candidate in plan.candidates:
            found = (constraint(situation, candidate.model) for constraint in self.require)
            refusal = next(filter(None, found), None)
            if refusal is None:
                kept.append(candidate)
            else:
                refused.append(refusal)
        return replace(plan, candidates=tuple(kept), refused=tuple(refused))


def routes_of(policy: Policy, outer: str = "") -> Iterator[Route]:
    """The routes of a policy in their order, those of policies inside behind the one that asks.

    A policy that is used twice comes twice, so that there may be very many.
    """
    owner: object = getattr(policy, "__self__", None)
    for route in owner.routes if isinstance(owner, Routes) else ():
        named = route._replace(name=f"{outer}{route.name}")
        yield named
        if route.policy is not None:
            yield from routes_of(route.policy, f"{named.name} > ")


def strengthened(policy: Policy, require: tuple[Constraint, ...]) -> Policy:
    """A policy that requires more: what is outside of a nested policy holds inside of it."""
    if not require:
        return policy
    owner: object = getattr(policy, "__self__", None)
    if isinstance(owner, Ranking | Routes):
        return owner._replace(require=require + owner.require).plan
    if isinstance(owner, ByTask):
        tasks = {task: strengthened(one, require) for task, one in owner.tasks.items()}
        return ByTask(tasks, strengthened(owner.otherwise, require)).plan
    return Required(policy, require).plan


def asked(policy: Policy, situation: Situation, models: Sequence[Model]) -> Plan:
    """Ask a policy that somebody may have written; raises PolicyError when it makes no plan."""
    plan = policy(situation, models)
    if isinstance(plan, Plan):  # pyright: ignore[reportUnnecessaryIsInstance]
        return plan
    raise wrong("policy", f"a policy returned {type(plan).__name__}, not a Plan")


def named_models(policy: Policy) -> frozenset[str]:
    """Name the models that a policy uses by name; empty for a function of another making."""
    owner: object = getattr(policy, "__self__", None)
    if isinstance(owner, Required):
        return named_models(owner.policy)
    return owner.names if isinstance(owner, Ranking | Routes | ByTask) else frozenset()
