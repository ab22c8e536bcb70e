"""Objectives: what a policy minimizes; lower is better, None is unknown and sorts last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.usage import PER_MILLION

from .expectations import expected_output_tokens

if TYPE_CHECKING:
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Situation


def expected_cost_usd(situation: Situation, model: Model) -> Decimal | None:
    """Expect the cost of one attempt in USD; None when no price is known.

    Counted prompt tokens and expected answer tokens, each at the model's price:
    input x price.input + output x price.output, where the length of the answer is that observed for
    the task, else 256, and at most max_tokens. Vectors are no tokens. A prompt that
    is marked for the provider's cache costs what writing it there does, as its first call will.
    """
    price = model.price
    if price is None:
        return None
    if situation.request.texts is not None:
        return situation.tokens_of(model).value * price.input / PER_MILLION
    output = expected_output_tokens(situation, model)
    each = price.input if model.cache is None else price.cache_write or price.input
    return (situation.tokens_of(model).value * each + output * price.output) / PER_MILLION


def cost_usd(situation: Situation, model: Model) -> float | None:
    """Prefer the model whose attempt is expected to cost least, in USD."""
    cost = expected_cost_usd(situation, model)
    return None if cost is None else float(cost)
