"""The core of every policy: refuse, order, and say how the order came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import PolicyError, Problem
from llmroute.errors.problems import nearest
from llmroute.types.plans import Ordered, Plan, Refusal
from llmroute.types.tuples import NamedTuple

from .judging import Judging, repeating
from .preferences import Lowest, required

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmroute.types.models import Model
    from llmroute.types.plans import Candidate, Constraint, Objective, Preference, Situation


class Ranking(NamedTuple):
    """A policy without routes.

    `use` names the models it may choose from, in order; None means all of them as declared.
    `objective` of None keeps that order; a `Preference` orders all of them at once. `place` says
    where the policy stands, for the plan.
    """

    require: tuple[Constraint, ...] = ()
    use: tuple[str, ...] | None = None
    objective: Objective | Preference | None = None
    place: str = "python"
    route: str | None = None

    def plan(self, situation: Situation, models: Sequence[Model]) -> Plan:
        """Plan: equal situations give equal plans.

        Raises:
            PolicyError: the policy names a model that is not among `models`.
        """
        request = situation.request
        named = request.models if request.models is not None else self.use
        candidates: list[Candidate] = []
        refused: list[Refusal] = []
        for found in self._found(situation, models if named is None else _named(named, models)):
            if isinstance(found, Refusal):
                refused.append(found)
            else:
                candidates.append(found)
        if named is not None and request.models is None:
            refused += self._left_out(models, named)
        ordered = self._ordered(situation, candidates)
        confidence, signals = _detected(situation)
        return Plan(
            tuple(ordered.candidates),
            tuple(refused),
            situation.tokens,
            self.place,
            ordered.because,
            self.route,
            situation.task,
            request.tags,
            language=request.language,
            confidence=confidence,
            signals=signals,
        )

    def _found(self, situation: Situation, models: Sequence[Model]) -> list[Candidate | Refusal]:
        """Each model as a candidate, or refused."""
        require = self.require + required(self.objective)
        judge = Judging(situation, require, situation.tokens).of
        if True not in [model.repeat_instruction for model in models]:
            return [judge(model) for model in models]
        again = Judging(repeating(situation), require, situation.tokens).of
        return [again(one) if one.repeat_instruction else judge(one) for one in models]

    @staticmethod
    def _left_out(models: Sequence[Model], used: Sequence[str]) -> list[Refusal]:
        """Refuse the models that are not used, so that a plan names every model."""
        reason = f"the policy uses {', '.join(used)} here"
        return [Refusal(model, "route", reason) for model in models if model.name not in used]

    @property
    def names(self) -> frozenset[str]:
        """The models that it uses by name."""
        return frozenset(self.use or ())

    def _ordered(self, situation: Situation, candidates: list[Candidate]) -> Ordered:
        """The candidates as the caller named them, else as the objective orders them."""
        if situation.request.models is not None:
            return Ordered(candidates, "named by the caller")
        objective = self.objective
        if objective is None:
            return Ordered(candidates, "first in the given order")
        preference = Lowest(objective) if callable(objective) else objective
        return preference.order(situation, candidates)


def _detected(situation: Situation) -> tuple[float | None, tuple[str, ...]]:
    """How surely the task was detected, and by what; nothing if the caller named it."""
    found = situation.detected
    if found is None or situation.request.task is not None:
        return None, ()
    return found.confidence, found.signals


def _named(names: Iterable[str], models: Sequence[Model]) -> list[Model]:
    by_name = {model.name: model for model in models}
    try:
        return [by_name[name] for name in names]
    except KeyError as error:
        name = str(error.args[0])
    what = f"the policy names {name!r}, but no such model is declared"
    raise PolicyError([Problem("Client", None, "models", what, nearest(name, by_name))])
