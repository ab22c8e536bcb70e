"""Prices, as files and declarations write them."""

from __future__ import annotations

import re
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from llmroute.types.prices import FREE, STANDARD, LongContext, Price, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from llmroute.errors.reading import Table

LIFE = r"[1-9][0-9]{0,2}[mhd]"
TIER = r"[a-z][a-z0-9_-]{0,31}"
MOST_USD = "1000"
"""The highest rate, in USD per million tokens, that is believed."""
TOKENS = 100_000_000
"""The longest prompt that a rate may begin above."""


def read_price(table: Table) -> Price | None:
    """Read a price in USD per million tokens; None, and problems, when it is not whole."""
    rates = _rates(table)
    write, writes = _writes(table)
    into, out = rates or (FREE.input, FREE.output)  # read on, for mistakes
    price = Price(
        input=into,
        output=out,
        cached_input=table.number("cached_input", "0", MOST_USD),
        cache_write=write,
        cache_writes=writes,
        tiers=_factors(table, "tiers", TIER),
        long_context=_long(table),
        regional=table.number("regional", "0", "10", above=True),
        valid_from=table.day("valid_from"),
        valid_until=table.day("valid_until"),
    )
    table.done()
    _check_days(price, table)
    return price if rates is not None else None


def _rates(table: Table) -> tuple[Decimal, Decimal] | None:
    """Read what every price has."""
    into, out = (table.number(key, "0", MOST_USD) for key in ("input", "output"))
    if into is not None and out is not None:
        return into, out
    if table.get("input") is None or table.get("output") is None:
        table.problem("", "a price needs input and output, in USD per million tokens")
    return None


def _writes(table: Table) -> tuple[Decimal | None, tuple[tuple[str, Decimal], ...]]:
    """Read what writing to the cache costs: a number, or one for each life; the first is usual."""
    given = table.get("cache_write")
    if given is None or not hasattr(given, "keys"):
        return table.number("cache_write", "0", MOST_USD), ()
    inner = table.table("cache_write")
    writes = () if inner is None else _numbers(inner, LIFE, MOST_USD)
    return (writes[0][1] if writes else None), writes


def _factors(table: Table, key: str, pattern: str) -> tuple[tuple[str, Decimal], ...]:
    inner = table.table(key)
    factors = () if inner is None else _numbers(inner, pattern, "10", above=True)
    for name, _ in factors:
        if name in STANDARD:
            table.problem(key, f"the price itself is that of the tier {name!r}", "Leave it out")
    return factors


def _numbers(
    inner: Table, pattern: str, most: str, *, above: bool = False
) -> tuple[tuple[str, Decimal], ...]:
    """Read a table of numbers whose names follow a pattern."""
    found: list[tuple[str, Decimal]] = []
    for name in inner.values:
        if re.fullmatch(pattern, name) is None:
            hint = "A time, such as 5m or 1h" if pattern == LIFE else "A word, such as batch"
            inner.problem(name, "this is no name for it", hint)
            inner.get(name)
            continue
        number = inner.number(name, "0", most, above=above)
        if number is not None:
            found.append((name, number))
    return tuple(found)


def _long(table: Table) -> tuple[LongContext, ...]:
    """Read the rates of long prompts; those of the longest come last."""
    if table.get("long_context") in (None, [], ()):
        return ()
    found = [_one_long(inner) for inner in table.tables("long_context")]
    whole = [one for one in found if one is not None]
    lengths = {one.above_tokens for one in whole}
    if len(lengths) < len(whole):
        table.problem("long_context", "two of its rows begin above the same length")
    return tuple(sorted(whole, key=attrgetter("above_tokens")))


def _one_long(table: Table) -> LongContext | None:
    above, rates = table.whole("above_tokens", 1, TOKENS), _rates(table)
    cached = table.number("cached_input", "0", MOST_USD)
    write = table.number("cache_write", "0", MOST_USD)
    table.done()
    if table.get("above_tokens") is None:
        table.problem("", "it needs above_tokens, the length of the prompt that it begins above")
    if above is None or rates is None:
        return None
    return LongContext(above, rates[0], rates[1], cached, write)


def _check_days(price: Price, table: Table) -> None:
    first, last = price.valid_from, price.valid_until
    if first is not None and last is not None and last < first:
        table.problem("valid_until", "it is before valid_from")


def read_prices(
    table: Table, read: Callable[[Table, int], Price | None] = lambda one, _: read_price(one)
) -> Price | None:
    """Read [[prices]], the price of each span of days; the newest comes first.

    `read` takes a row and its number.
    """
    if table.get("prices") is None:
        return None
    if table.get("price") is not None:
        table.problem("prices", "price is given as well", "Leave one of them out")
    found = [read(row, at) for at, row in enumerate(table.tables("prices"))]
    rows = [row for row in found if row is not None]
    _check_rows(rows, table)
    newest = sorted(rows, key=lambda row: _ordinal(row, "valid_from", 0), reverse=True)
    return joined(newest)


def _check_rows(rows: Sequence[Price], table: Table) -> None:
    """Report two rows for one day."""
    in_order = sorted(rows, key=lambda row: _ordinal(row, "valid_from", 0))
    for one, after in pairwise(in_order):
        if _ordinal(one, "valid_until", 10**7) >= _ordinal(after, "valid_from", 0):
            what = f"two of its rows hold on {after.valid_from or one.valid_from or 'every day'}"
            table.problem("prices", what, "Give the earlier one a valid_until")
            return


def _ordinal(row: Price, name: str, otherwise: int) -> int:
    """The day on which a row begins or ends, as a number."""
    day = row.valid_from if name == "valid_from" else row.valid_until
    return otherwise if day is None else day.toordinal()


def hourly_price(
    hour_usd: Decimal, input_per_s: Decimal, output_per_s: Decimal, utilization: Decimal
) -> Price:
    """What a token costs on a machine that is paid by the hour.

    USD per hour / 3600 s / tokens per second / the share of the time in which it works, times a
    million: for the tokens of prompts and of answers, each at the speed of its own.
    """
    second_usd = hour_usd / 3600 / utilization * 1_000_000
    return Price(_rounded(second_usd / input_per_s), _rounded(second_usd / output_per_s))


def _rounded(rate: Decimal) -> Decimal:
    """To a millionth of a USD per million tokens, without the zeros behind."""
    from decimal import Decimal as Number

    return Number(f"{rate.quantize(Number('0.000001')).normalize():f}")


def as_table(price: Price) -> Mapping[str, object]:
    """A price that code made, as a table of a file: so it is checked as files are."""
    table: dict[str, object] = {
        name: getattr(price, name)
        for name in ("input", "output", "cached_input", "cache_write", "regional")
    }
    if price.cache_writes:
        table["cache_write"] = dict(price.cache_writes)
    if price.tiers:
        table["tiers"] = dict(price.tiers)
    if price.long_context:
        table["long_context"] = [one._asdict() for one in price.long_context]
    table["valid_from"], table["valid_until"] = price.valid_from, price.valid_until
    return table
