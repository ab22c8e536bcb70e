"""Objectives: what a policy minimizes; lower is better, None is unknown and sorts last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.prices import millionths, two_kinds

from .expectations import expected_output_tokens

if TYPE_CHECKING:
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Situation
    from llmroute.types.prices import LongContext, Price

UNASKED = ("openai-chat", "openai-responses")
"""The APIs whose hosts, where writing to the cache has a price, write there without a mark."""
LEAST_TOKENS = 1024
"""Shorter prompts are not kept: OpenAI's and Anthropic's pages on prompt caching."""


def expected_cost_usd(situation: Situation, model: Model) -> Decimal | None:
    """Expect the cost of one attempt in USD; None when no price of the day is known.

    Counted prompt tokens and expected answer tokens, each at the model's price:
    input x price.input + output x price.output, where the length of the answer is that observed for
    the task, else 256, and at most max_tokens. What the provider's cache still holds of the prompt
    costs what reading there does. Vectors are no tokens. A prompt that is marked for the cache, or
    that its host writes there unasked, costs what writing does, as its first call will.
    """
    price = model.price
    if price is not None and price.is_dated:
        price = price.current(situation.today, situation.now)
    if price is None:
        return None
    tokens = situation.tokens_of(model).value
    rates = price.rates(tokens) if price.long_context else price
    if situation.request.texts is not None:
        return millionths((tokens, rates.input))
    answer = expected_output_tokens(situation, model)
    if rates.cache_write is None and not situation.held:
        return two_kinds(tokens, rates.input, answer, rates.output)
    return millionths(*_prompt(situation, model, rates, tokens), (answer, rates.output))


def held_tokens(situation: Situation, model: Model, tokens: int) -> int:
    """How many of a prompt's tokens are read from the provider's cache; never more than it has."""
    return min(tokens, situation.held.get(model.name, 0)) if situation.held else 0


def _prompt(
    situation: Situation, model: Model, rates: Price | LongContext, tokens: int
) -> tuple[tuple[int, Decimal], ...]:
    """The tokens of a prompt by their rates: what is held is read, the rest perhaps written."""
    write = None if rates.cache_write is None else _write_rate(model, rates, tokens)
    each = rates.input if write is None else write
    held = held_tokens(situation, model, tokens)
    if not held or rates.cached_input is None:
        return ((tokens, each),)
    return (held, rates.cached_input), (tokens - held, each)


def _write_rate(model: Model, rates: Price | LongContext, tokens: int) -> Decimal | None:
    """What each token costs that is written to the cache; None when nothing will be."""
    unasked = model.api in UNASKED and tokens >= LEAST_TOKENS
    return rates.cache_write if unasked or model.cache is not None else None


def cost_usd(situation: Situation, model: Model) -> float | None:
    """Prefer the model whose attempt is expected to cost least, in USD."""
    cost = expected_cost_usd(situation, model)
    return None if cost is None else float(cost)
