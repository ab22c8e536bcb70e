"""The core of every policy: refuse, order, and say how the order came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import PolicyError, Problem
from llmroute.errors.problems import nearest
from llmroute.types.instruction import repeated
from llmroute.types.plans import Candidate, Ordered, Plan, Refusal
from llmroute.types.tuples import NamedTuple

from .cautions import warnings
from .constraints import beyond, cost_limit, standing
from .expectations import expected_output_tokens, predicted_latency_s
from .objectives import expected_cost_usd, held_tokens
from .preferences import Lowest, required
from .qualities import quality_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint, Objective, Preference, Situation
    from llmroute.types.usage import TokenCount


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
        constraints = standing(situation, self.require + required(self.objective))
        limit = cost_limit(constraints)
        candidates: list[Candidate] = []
        refused: list[Refusal] = []
        for model in models if named is None else _named(named, models):
            seen = repeating(situation) if model.repeat_instruction else situation
            found = _found(seen, model, constraints, limit)
            if isinstance(found, Refusal):
                refused.append(found)
            else:
                candidates.append(_expected(seen, model, found.cost_usd, situation.tokens))
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


class Passed(NamedTuple):
    """A model that may answer: its expected cost, which is reckoned once."""

    cost_usd: Decimal | None


def _found(
    situation: Situation,
    model: Model,
    constraints: tuple[Constraint, ...],
    limit: tuple[Constraint, Decimal] | None,
) -> Passed | Refusal:
    """The first refusal; else that the model may answer, with its expected cost."""
    priced, most = limit or (None, None)
    cost = expected_cost_usd(situation, model)
    for constraint in constraints:
        if constraint is priced and most is not None:
            refusal = beyond(most, cost, model)
        else:
            refusal = constraint(situation, model)
        if refusal is not None:
            return refusal
    return Passed(cost)


def _expected(
    situation: Situation, model: Model, cost: Decimal | None, planned: TokenCount
) -> Candidate:
    """What is expected of a model that may answer; its tokens where `planned` are others."""
    counted = situation.tokens_of(model)
    tokens = None if counted is planned or _alike(counted, planned) else counted
    found = warnings(situation, model)
    if situation.request.texts is not None:
        return Candidate(model, cost, None, None, found, tokens)
    expected = expected_output_tokens(situation, model)
    latency_s, quality = None, None
    if model.speed is not None or model.name in situation.observed:
        latency_s = predicted_latency_s(situation, model, expected)
    if model.scores or model.qualities:
        quality = quality_of(model, situation.task)
    held = held_tokens(situation, model, counted.value)
    return Candidate(model, cost, latency_s, quality, found, tokens, expected, held)


def _alike(one: TokenCount, other: TokenCount) -> bool:
    return one.value == other.value and one.method == other.method


def repeating(situation: Situation) -> Situation:
    """The situation in which the system instruction is repeated in each turn: more tokens."""
    again = repeated(situation.request)
    if again is situation.request:
        return situation
    from llmroute.tokens import estimate_request, recounted  # only where something is repeated

    counts = recounted(situation.counts, situation.request, again)
    return situation._replace(tokens=estimate_request(again), counts=counts)


def _named(names: Iterable[str], models: Sequence[Model]) -> list[Model]:
    by_name = {model.name: model for model in models}
    try:
        return [by_name[name] for name in names]
    except KeyError as error:
        name = str(error.args[0])
    what = f"the policy names {name!r}, but no such model is declared"
    raise PolicyError([Problem("Client", None, "models", what, nearest(name, by_name))])
