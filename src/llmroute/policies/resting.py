"""Models that rest: those that failed too often, or asked to be left alone, come last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from llmroute.types.plans import Candidate, Plan, Resting, Situation


def rested(plan: Plan, situation: Situation) -> Plan:
    """Put candidates that rest behind the others, with a warning; else the order stays."""
    resting = situation.resting
    if not resting:
        return plan
    awake = [one for one in plan.candidates if one.model.name not in resting]
    asleep = [
        _warned(one, resting[one.model.name])
        for one in plan.candidates
        if one.model.name in resting
    ]
    if not asleep:
        return plan
    candidates = (*awake, *asleep)
    moved = candidates[0].model is not plan.candidates[0].model
    because = f"{plan.because} (without those that rest)" if moved else plan.because
    return replace(plan, candidates=candidates, because=because)


def _warned(candidate: Candidate, resting: Resting) -> Candidate:
    warning = f"{candidate.model.name} rests: {resting}"
    return candidate._replace(warnings=(warning, *candidate.warnings))
