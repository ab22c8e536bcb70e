"""Plans as plain values, ready for JSON, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plans import Candidate, Plan, Refusal
    from .usage import TokenCount

VERSION = 1
"""Raised when a key of a plan gets another meaning, or goes; new keys do not raise it."""


def plan_data(plan: Plan) -> dict[str, object]:
    """Write a plan as plain values; money is a string."""
    return {
        "version": VERSION,
        "model": plan.model.name if plan.model else None,
        "policy": plan.policy,
        "route": plan.route,
        "because": plan.because,
        "task": plan.task,
        "confidence": plan.confidence,
        "signals": list(plan.signals),
        "tags": list(plan.tags),
        "language": plan.language,
        "repeat_instruction": plan.repeat_instruction,
        "input_tokens": _tokens(plan.tokens),
        "candidates": [_candidate(plan, one) for one in plan.candidates],
        "refused": [_refusal(refusal) for refusal in plan.refused],
    }


def _candidate(plan: Plan, one: Candidate) -> dict[str, object]:
    return {
        "model": one.model.name,
        "id": one.model.id,
        "cost_usd": None if one.cost_usd is None else str(one.cost_usd),
        "latency_s": one.latency_s,
        "quality": None if one.quality is None else one.quality._asdict(),
        "input_tokens": _tokens(plan.tokens if one.tokens is None else one.tokens),
        "output_tokens": one.output_tokens,
        "held_tokens": one.held_tokens,
        "warnings": list(one.warnings),
    }


def _refusal(refusal: Refusal) -> dict[str, object]:
    return {
        "model": refusal.model.name,
        "id": refusal.model.id,
        "rule": refusal.rule,
        "reason": refusal.reason,
        "clause": refusal.clause,
    }


def _tokens(count: TokenCount) -> dict[str, object]:
    return {
        "value": count.value,
        "method": count.method,
        "low": count.low,
        "high": count.high,
        "hint": count.hint,
    }
