"""Rates of a price as files write them: plain ones, and those of long prompts, tiers and hours."""

from __future__ import annotations

import re
from itertools import combinations
from operator import attrgetter
from typing import TYPE_CHECKING

from llmroute.errors.windows import read_days, read_hours
from llmroute.types.prices import STANDARD, Hours, LongContext, Price
from llmroute.types.times import DAYS, clock, minutes_of_week

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from llmroute.errors.reading import Table

LIFE = r"[1-9][0-9]{0,2}[mhd]"
TIER = r"[a-z][a-z0-9_-]{0,31}"
MOST_USD = "1000"
"""The highest rate, in USD per million tokens, that is believed."""
TOKENS = 100_000_000
"""The longest prompt that a rate may begin above."""
MOST_FACTOR = "10"
MOST_HOURS = 50
"""How many windows of time a week may have."""
RARER = ("cached_input", "cache_write", "long_context")
"""What other rates, in place of these, must tell as well, where these do."""


def read_rates(table: Table) -> Price | None:
    """Read the rates of every kind of token; None, and problems, when they are not whole."""
    plain = _plain(table)
    cached = table.number("cached_input", "0", MOST_USD)
    write, writes = _writes(table)
    long = _long(table)
    if plain is None:
        return None
    return Price(*plain, cached, write, cache_writes=writes, long_context=long)


def _plain(table: Table) -> tuple[Decimal, Decimal] | None:
    """Read what every price has."""
    into, out = (table.number(key, "0", MOST_USD) for key in ("input", "output"))
    if into is not None and out is not None:
        return into, out
    if table.get("input") is None or table.get("output") is None:
        table.problem("", "a price needs input and output, in USD per million tokens")
    return None


def _writes(table: Table) -> tuple[Decimal | None, tuple[tuple[str, Decimal], ...]]:
    """Read what writing to the cache costs: a number, or one for each life; the first is usual."""
    if not hasattr(table.get("cache_write"), "keys"):
        return table.number("cache_write", "0", MOST_USD), ()
    inner = table.table("cache_write")
    writes = () if inner is None else _lives(inner)
    return (writes[0][1] if writes else None), writes


def _lives(inner: Table) -> tuple[tuple[str, Decimal], ...]:
    names = _names(inner, LIFE, "A time, such as 5m or 1h")
    found = [(life, inner.number(life, "0", MOST_USD)) for life in names]
    return tuple((life, rate) for life, rate in found if rate is not None)


def _names(inner: Table, pattern: str, hint: str) -> tuple[str, ...]:
    """The keys of a table that follow a pattern; others are problems."""
    for name in inner.values:
        if re.fullmatch(pattern, name) is None:
            inner.problem(name, "this is no name for it", hint)
            inner.get(name)
    return tuple(name for name in inner.values if re.fullmatch(pattern, name))


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
    above, rates = table.whole("above_tokens", 1, TOKENS), _plain(table)
    cached = table.number("cached_input", "0", MOST_USD)
    write = table.number("cache_write", "0", MOST_USD)
    table.done()
    if table.get("above_tokens") is None:
        table.problem("", "it needs above_tokens, the length of the prompt that it begins above")
    if above is None or rates is None:
        return None
    return LongContext(above, rates[0], rates[1], cached, write)


def read_tiers(table: Table, base: Price) -> tuple[tuple[str, Decimal | Price], ...]:
    """Read `tiers`: for each a factor of the rates `base`, or rates in their place."""
    inner = table.table("tiers")
    if inner is None:
        return ()
    names = _names(inner, TIER, "A word, such as batch")
    for name in names:
        if name in STANDARD:
            table.problem("tiers", f"the price itself is that of the tier {name!r}", "Leave it out")
    found = [(name, _tier(inner, name, base)) for name in names]
    return tuple((name, rates) for name, rates in found if rates is not None)


def _tier(inner: Table, name: str, base: Price) -> Decimal | Price | None:
    if not hasattr(inner.get(name), "keys"):
        return inner.number(name, "0", MOST_FACTOR, above=True)
    table = inner.table(name)
    return None if table is None else _in_place(table, base)


def _in_place(table: Table, base: Price) -> Price | None:
    """Read rates that stand in place of others; what those tell, these must tell as well."""
    rates = read_rates(table)
    table.done()
    for key in RARER:
        if getattr(base, key) not in (None, ()) and key not in table.values:
            hint = "Write [] where it is the same for all" if key == "long_context" else ""
            table.problem("", f"it needs {key}, as the price has one", hint)
    return rates


def read_hours_of(table: Table, base: Price) -> tuple[Hours, ...]:
    """Read `hours`, windows of time in UTC: each a factor of the rates `base`, or others."""
    if table.get("hours") is None:
        return ()
    rows = table.tables("hours")
    if len(rows) > MOST_HOURS:
        table.problem("hours", f"it holds {len(rows)} windows; at most {MOST_HOURS} are read")
        return ()
    found = (_one_hours(inner, base) for inner in rows)
    known = tuple(one for one in found if one is not None)
    if _overlap(known):
        table.problem("hours", "two of its windows overlap")
    return known


def _overlap(hours: Sequence[Hours]) -> bool:
    masks = [minutes_of_week(one.start, one.end, one.days) for one in hours]
    return any(one & other for one, other in combinations(masks, 2))


def _one_hours(table: Table, base: Price) -> Hours | None:
    start, end = read_hours(table)
    days = read_days(table)
    if table.get("time") is None and table.get("days") is None:
        table.problem("", "it needs time or days", 'Write time = "16:30-00:30", in UTC')
    factor = table.number("factor", "0", MOST_FACTOR, above=True)
    if table.get("factor") is not None:
        table.done()
        return None if factor is None else Hours(start, end, days, factor)
    rates = _in_place(table, base)
    return None if rates is None else Hours(start, end, days, rates)


def as_table(price: Price) -> Mapping[str, object]:
    """A price as a table of a file; what it does not tell is left out."""
    told = {
        **_rates_table(price),
        "tiers": {name: _one_table(rates) for name, rates in price.tiers},
        "hours": [hours_table(one) for one in price.hours],
        "regional": price.regional,
        "valid_from": price.valid_from,
        "valid_until": price.valid_until,
    }
    return {key: value for key, value in told.items() if value not in (None, {}, [])}


def _rates_table(price: Price) -> dict[str, object]:
    told: dict[str, object] = {
        "input": price.input,
        "output": price.output,
        "cached_input": price.cached_input,
        "cache_write": dict(price.cache_writes) or price.cache_write,
        "long_context": [_long_table(one) for one in price.long_context] or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _long_table(one: LongContext) -> dict[str, object]:
    return {key: value for key, value in one._asdict().items() if value is not None}


def _one_table(rates: Decimal | Price) -> object:
    return _rates_table(rates) if isinstance(rates, Price) else rates


def hours_table(one: Hours) -> dict[str, object]:
    """Hours as files write them."""
    window = {
        "time": f"{clock(one.start)}-{clock(one.end)}",
        "days": [DAYS[day] for day in sorted(one.days)],
    }
    if isinstance(one.rates, Price):
        return {**window, **_rates_table(one.rates)}
    return {**window, "factor": one.rates}
