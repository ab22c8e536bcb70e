"""Prices from rates that somebody else lists, and when two prices say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

from llmroute.types.frozen import replace
from llmroute.types.prices import Price, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

    from llmroute.types.prices import LongContext

    from .rows import Raw


MOST_DIGITS = 9
"""A factor of more digits is none that a host has set."""


class Rates(NamedTuple):
    """USD per million tokens; None: charged like other input."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None


class More(TypedDict, total=False):
    """What a price may hold besides plain rates."""

    cache_writes: tuple[tuple[str, Decimal], ...]
    tiers: Mapping[str, Decimal]
    long_context: tuple[LongContext, ...]
    regional: Decimal | None
    valid_from: date | None
    valid_until: date | None


def price_of(rates: Rates, **more: Unpack[More]) -> Price:
    """Make a price of its rates."""
    return Price(
        *rates[:4],
        cache_writes=more.get("cache_writes", ()),
        tiers=tuple(more.get("tiers", {}).items()),
        long_context=more.get("long_context", ()),
        regional=more.get("regional"),
        valid_from=more.get("valid_from"),
        valid_until=more.get("valid_until"),
    )


def factor_of(pairs: Iterable[tuple[Decimal | None, Decimal | None]]) -> Decimal | None:
    """The factor of a tier, of pairs of plain rates and the tier's.

    None when input or output is missing there, or when no one factor gives every rate exactly.
    """
    told = list(pairs)
    both = [pair for pair in told if None not in pair]
    factor = _ratio(told[0])
    if told[:2] != both[:2] or factor is None:
        return None
    return factor if all(_is_times(pair, factor) for pair in both) else None


def _ratio(pair: tuple[Decimal | None, Decimal | None]) -> Decimal | None:
    plain, theirs = pair
    if not plain or theirs is None or not plain.is_finite() or not theirs.is_finite():
        return None
    factor = theirs / plain
    return factor if len(factor.normalize().as_tuple().digits) <= MOST_DIGITS else None


def _is_times(pair: tuple[Decimal | None, Decimal | None], factor: Decimal) -> bool:
    plain, theirs = pair
    return plain is not None and plain.is_finite() and plain * factor == theirs


def without_storage(price: Price, raw: Raw) -> Price:
    """OpenRouter lists what Gemini's cache costs to keep as the price of writing; it is none."""
    if raw.provider != "openrouter" or "google/" not in raw.model:
        return price
    rows = [
        replace(
            row,
            cache_write=None,
            long_context=tuple(one._replace(cache_write=None) for one in row.long_context),
            others=(),
        )
        for row in price.rows
    ]
    return joined(rows) or price


def says_nothing_new(price: Price, known: Price) -> bool:
    """Whether all that a price tells is in a known one, which may tell more."""
    if price.is_dated or known.is_dated:
        return False
    if (price.input, price.output) != (known.input, known.output):
        return False
    same = [
        price.cached_input in (None, known.cached_input),
        price.cache_write in (None, known.cache_write),
        set(price.cache_writes) <= set(known.cache_writes),
        set(price.tiers) <= set(known.tiers),
        price.regional in (None, known.regional),
        all(_within(one, known.long_context) for one in price.long_context),
    ]
    return all(same)


def _within(one: LongContext, known: Iterable[LongContext]) -> bool:
    return any(
        all(mine in (None, theirs) for mine, theirs in zip(one, other, strict=True))
        for other in known
    )
