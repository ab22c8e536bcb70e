"""Objectives: what a policy minimizes; lower is better, None is unknown and sorts last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.prices import PER_MILLION

from .expectations import expected_output_tokens

if TYPE_CHECKING:
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Situation
    from llmroute.types.prices import LongContext, Price


def expected_cost_usd(situation: Situation, model: Model) -> Decimal | None:
    """Expect the cost of one attempt in USD; None when no price of the day is known.

    Counted prompt tokens and expected answer tokens, each at the model's price:
    input x price.input + output x price.output, where the length of the answer is that observed for
    the task, else 256, and at most max_tokens. What the provider's cache still holds of the prompt
    costs what reading there does. Vectors are no tokens. A prompt that is marked for the cache
    costs what writing it there does, as its first call will.
    """
    price = model.price
    if price is not None and price.is_dated:
        price = price.on(situation.today)
    if price is None:
        return None
    tokens = situation.tokens_of(model).value
    rates = price.rates(tokens) if price.long_context else price
    if situation.request.texts is not None:
        return tokens * rates.input / PER_MILLION
    answer_usd = expected_output_tokens(situation, model) * rates.output
    if model.cache is None and not situation.held:
        return (tokens * rates.input + answer_usd) / PER_MILLION
    held = held_tokens(situation, model, tokens)
    return (_prompt_usd(model, rates, tokens, held) + answer_usd) / PER_MILLION


def held_tokens(situation: Situation, model: Model, tokens: int) -> int:
    """How many of a prompt's tokens are read from the provider's cache; never more than it has."""
    return min(tokens, situation.held.get(model.name, 0)) if situation.held else 0


def _prompt_usd(model: Model, rates: Price | LongContext, tokens: int, held: int) -> Decimal:
    """A million times what a prompt costs, of whose tokens so many are held in the cache."""
    write = None if model.cache is None else rates.cache_write
    each = rates.input if write is None else write
    if not held or rates.cached_input is None:
        return tokens * each
    return held * rates.cached_input + (tokens - held) * each


def cost_usd(situation: Situation, model: Model) -> float | None:
    """Prefer the model whose attempt is expected to cost least, in USD."""
    cost = expected_cost_usd(situation, model)
    return None if cost is None else float(cost)
