"""Tokens: what a prompt is expected to have, and what an attempt used."""

from __future__ import annotations

from typing import Literal

from .frozen import dataclass, field


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
