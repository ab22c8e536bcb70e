"""Counting while a simulation runs."""

from __future__ import annotations

from array import array
from decimal import Decimal
from math import isnan, nan
from typing import TYPE_CHECKING

from llmroute.types.prices import EXACT

from .report import FAILED, PERCENTILES, REFUSED, Calls, ModelReport, Report

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from llmroute.errors import LLMRouteError
    from llmroute.types.models import Model
    from llmroute.types.plans import Plan
    from llmroute.types.reply import Attempt, Reply

    from .world import World


def percentiles(values: Sequence[float]) -> tuple[float, ...]:
    """The percentiles by nearest rank; empty for no values."""
    found = sorted(values)
    if not found:
        return ()
    last = len(found) - 1
    return tuple(found[min(last, int(len(found) * percent / 100))] for percent in PERCENTILES)


class Tally:
    """Counts while a simulation runs."""

    def __init__(self, models: Sequence[Model]) -> None:
        """Begin with nothing of the policy's `models`."""
        self._models = models
        self._numbers = {model.name: number for number, model in enumerate(models)}
        self._calls = Calls(array("d"), array("d"), array("d"), array("i"))
        self._attempts: dict[str, int] = {}
        self._failures: dict[str, dict[str, int]] = {}
        self._costs: dict[str, Decimal | None] = {}
        self._refused: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._end_s = 0.0

    def attempted(self, attempt: Attempt) -> None:
        """Take an attempt that is over."""
        name = attempt.model.name
        self._attempts[name] = self._attempts.get(name, 0) + 1
        if attempt.fault is not None:
            kinds = self._failures.setdefault(name, {})
            kinds[attempt.fault.kind] = kinds.get(attempt.fault.kind, 0) + 1
        before, cost = self._costs.get(name, Decimal(0)), attempt.cost_usd
        self._costs[name] = None if before is None or cost is None else EXACT.add(before, cost)

    def answered(self, began_at: float, reply: Reply[object], *, stream: bool) -> None:
        """Take an answer."""
        number = self._numbers.setdefault(reply.model.name, len(self._numbers))
        firsts = [one.first_token_s for one in reply.attempts if one.first_token_s is not None]
        self._note(began_at, reply.duration_s, min(firsts) if stream and firsts else nan, number)

    def refused(self, now: float, plan: Plan) -> None:
        """Take a call that no model might answer."""
        rules = ", ".join(sorted({one.rule for one in plan.refused})) or "no model"
        self._refused[rules] = self._refused.get(rules, 0) + 1
        self._note(now, nan, nan, REFUSED)

    def failed(self, began_at: float, now: float, error: LLMRouteError) -> None:
        """Take a call that failed."""
        name = type(error).__name__
        self._failed[name] = self._failed.get(name, 0) + 1
        self._note(began_at, nan, nan, FAILED)
        self._end_s = max(self._end_s, now)

    def _note(self, at_s: float, took_s: float, first_s: float, who: int) -> None:
        calls = self._calls
        calls.at_s.append(at_s)
        calls.took_s.append(took_s)
        calls.first_token_s.append(first_s)
        calls.who.append(who)
        self._end_s = max(self._end_s, at_s if isnan(took_s) else at_s + took_s)

    def report(self, world: World) -> Report:
        """Add everything up."""
        calls, names = self._calls, list(self._numbers)
        answered = [took for took in calls.took_s if not isnan(took)]
        return Report(
            requests=len(calls.who),
            answered=len(answered),
            attempts=sum(self._attempts.values()),
            cost_usd=_total(list(self._costs.values())),
            latency_s=percentiles(answered),
            first_token_s=percentiles([one for one in calls.first_token_s if not isnan(one)]),
            refused=dict(sorted(self._refused.items())),
            failed=dict(sorted(self._failed.items())),
            models=tuple(self._of(name) for name in names),
            duration_s=self._end_s,
            assumed=_assumed(world, self._models, self._attempts),
            calls=calls,
        )

    def _of(self, name: str) -> ModelReport:
        number, calls = self._numbers[name], self._calls
        took = [took for took, who in zip(calls.took_s, calls.who, strict=True) if who == number]
        failures = dict(sorted(self._failures.get(name, {}).items()))
        cost = self._costs.get(name, Decimal(0))
        return ModelReport(
            name, len(took), self._attempts.get(name, 0), failures, cost, percentiles(took)
        )


def _total(costs: Sequence[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total = EXACT.add(total, cost)
    return total


def _assumed(world: World, models: Sequence[Model], attempted: Container[str]) -> tuple[str, ...]:
    """The models of whose speed neither the world nor the catalog says anything."""
    return tuple(
        model.name
        for model in models
        if model.name in attempted
        and world.of(model.name).tokens_per_s is None
        and (model.speed is None or model.speed.tokens_per_s is None)
    )
