"""What a price that replaces another leaves out: a price counts as a whole, nothing is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.prices import Price

RARER = ("cached_input", "cache_write", "long_context", "regional", "hours")


def lost(price: Price, before: Price) -> tuple[str, ...]:
    """Name what the price `before` tells of, and `price`, which replaces it, does not."""
    kept = _told(price)
    return tuple(name for name in _told(before) if name not in kept)


def _told(price: Price) -> dict[str, None]:
    """The names of all that a price tells besides input and output, in order."""
    names = [name for row in price.rows for name in _told_of(row)]
    return dict.fromkeys([*names, "prices of other days"] if price.others else names)


def _told_of(row: Price) -> Iterator[str]:
    yield from (f"tiers.{name}" for name, _ in row.tiers)
    yield from (key for key in RARER if getattr(row, key) not in (None, ()))
    yield from (f"cache_write.{life}" for life, _ in row.cache_writes)
