"""Tokens and money: what an attempt used and what that costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from .frozen import dataclass, field, replace

PER_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A number of tokens: `value`, and the interval `low` to `high` it is known to lie in.

    `hint` says of an estimate how to get an exact count; None when there is nothing to say.
    """

    value: int
    method: Literal["exact", "estimate"]
    low: int
    high: int
    hint: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were used; `input_tokens` includes the cached ones, output the reasoning ones.

    `estimated` is True when the provider reported nothing and the numbers are llmroute's own.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; `marginal` marks a local model whose machine is already paid for.

    `cached_input` and `cache_write` of None mean: charged like other input. `cache_write_1h` is
    what a mark for an hour costs; None means: like any other.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    marginal: bool = False
    cache_write_1h: Decimal | None = None

    def marked(self, cache: str | None) -> Price:
        """The price when prompts are marked for the provider's cache ("5m", "1h"; None: not)."""
        if cache != "1h" or self.cache_write_1h is None:
            return self
        return replace(self, cache_write=self.cache_write_1h)

    def cost_usd(self, usage: Usage) -> Decimal:
        """Price `usage` in USD, exactly."""
        if not usage.cached_input_tokens and not usage.cache_write_tokens:
            plain_usd = usage.input_tokens * self.input + usage.output_tokens * self.output
            return plain_usd / PER_MILLION
        cached = self.input if self.cached_input is None else self.cached_input
        write = self.input if self.cache_write is None else self.cache_write
        plain = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens
        return (
            plain * self.input
            + usage.cached_input_tokens * cached
            + usage.cache_write_tokens * write
            + usage.output_tokens * self.output
        ) / PER_MILLION


FREE = Price(Decimal(0), Decimal(0), marginal=True)
"""What a local model costs when nothing else is declared: its marginal cost."""
