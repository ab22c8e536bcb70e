"""genai-prices: its data.json, or data.py of the package; USD per million tokens, by date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.types.prices import LongContext, joined

from . import reading
from .prices import Rates, factor_of, price_of
from .rows import Raw, RowError, Told, day_of, list_of, number_of, table_of, told_facts, whole_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from llmroute.types.prices import Price

    _Lengths = Mapping[int, Rates]
    _Tiers = dict[str, Decimal]

PROVIDERS = {
    **{name: name for name in ("openai", "anthropic", "mistral", "deepseek", "groq", "together")},
    **{name: name for name in ("fireworks", "openrouter", "cloudflare")},
    "google": "gemini",
    "x-ai": "xai",
}
"""What genai-prices calls the catalog's providers; Azure's deployments have names of the user's."""
GEMINI = ("gemini-", "gemma-", "embedding-", "text-embedding-")
"""How the names of models begin that Google serves by the Gemini API."""
UNITS = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
LONGER_WRITES = {"1h": "cache_write_1h_mtok"}
FIRST_LIFE = {"anthropic": "5m"}
PER_REQUEST = "requests_kcount"
"""What is paid besides tokens, by every request: a price without it would be too low."""


def read(path: Path) -> object:
    """Read data.json, or data.py without running it; raises PolicyError."""
    if path.suffix != ".py":
        return reading.read_json(path)
    from .literals import read_module

    return read_module(path)


def rows(document: object, path: Path) -> Iterator[Raw]:
    """Each row, with our names for its provider and model. Raises PolicyError."""
    if not isinstance(document, list):
        reading.refuse(path, "it is not genai-prices' list of providers")
    for entry in cast("list[object]", document):
        provider = _inner(entry)
        name, models = provider.get("id"), provider.get("models")
        if not isinstance(name, str) or not isinstance(models, list):
            reading.refuse(path, "a provider of it has no id or no models")
        for values in map(_inner, cast("list[object]", models)):
            id_ = values.get("id")
            model = id_ if isinstance(id_, str) else ""
            yield Raw(f"{name}/{model}", PROVIDERS.get(name), model, values)


def _inner(value: object) -> Mapping[str, object]:
    """A table; what is none is an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def told(raw: Raw) -> Told:
    """What a row tells. Raises RowError."""
    if raw.provider == "gemini" and not raw.model.startswith(GEMINI):
        raise RowError("kind", "it is served by Vertex AI, not by the Gemini API")
    price = joined(_spans(raw)[::-1])
    embeds = price is not None and price.output == 0 and "embed" in raw.model
    facts = told_facts(
        context_tokens=whole_of(raw.values, "context_window"),
        abilities=("embed",) if embeds else None,
    )
    return Told(facts, price, embeds)


class _Span(NamedTuple):
    """Units and their prices from a day to a day; None: from the beginning, without end."""

    start: date | None
    units: Mapping[str, object]
    end: date | None = None

    def sees(self, start: date | None) -> bool:
        """Whether what begins on a day begins before the span ends."""
        return start is None or self.end is None or start <= self.end


def _spans(raw: Raw) -> list[Price]:
    """The price of each span of days, the oldest first."""
    variants = list_of(raw.values.get("price_variants"), "price_variants")
    prices = (_price(raw, span, variants) for span in _conditions(raw.values.get("prices")))
    return [price for price in prices if price is not None]


def _conditions(value: object) -> list[_Span]:
    """The units of each span, the oldest first. Raises RowError."""
    if not isinstance(value, list):
        return [_Span(None, table_of(value, "prices"))]
    tables = [table_of(one, "prices") for one in cast("list[object]", value)]
    found = [_Span(_start(one), table_of(one.get("prices"), "prices")) for one in tables]
    ended = [_ended(one, after.start) for one, after in pairwise(found)]
    return [*ended, *found[-1:]]


def _ended(span: _Span, next_start: date | None) -> _Span:
    """A span that ends the day before the next one begins. Raises RowError."""
    if next_start is None or (span.start is not None and span.start >= next_start):
        raise RowError("unreadable", "its prices are not in the order of their days")
    return span._replace(end=next_start - timedelta(days=1))


def _start(table: Mapping[str, object]) -> date | None:
    """The day from which a price holds; None: from the beginning. Raises RowError."""
    constraint = table_of(table.get("constraint"), "constraint")
    if not constraint:
        return None
    if set(constraint) != {"start_date"}:
        raise RowError("kind", "its price is by the time of day")
    return day_of(constraint, "start_date")


def _price(raw: Raw, span: _Span, variants: Sequence[object]) -> Price | None:
    units = span.units
    if number_of(units, PER_REQUEST):
        raise RowError("kind", "each request costs something besides its tokens")
    plain = _rates(raw, units, None)
    if plain is None:
        return None
    long = _long(raw, units)
    return price_of(
        plain,
        cache_writes=_writes(raw, units, plain),
        tiers=_factors(raw, span, {0: plain, **long}, variants),
        long_context=tuple(LongContext(start, *rates) for start, rates in long.items()),
        valid_from=span.start,
        valid_until=span.end,
    )


def _long(raw: Raw, units: Mapping[str, object]) -> dict[int, Rates]:
    """The rates of long prompts, by the length that they begin above."""
    lengths = sorted({start for unit in UNITS for start, _ in _tiers(units, unit)})
    found = {start: _rates(raw, units, start) for start in lengths}
    return {start: rates for start, rates in found.items() if rates is not None}


def _rates(raw: Raw, units: Mapping[str, object], above: int | None) -> Rates | None:
    """The rates of a length of prompt; None when input and output are not both told."""
    into, out, cached, write = (_unit(units, unit, above) for unit in UNITS)
    if into is not None and out is None and "embed" in raw.model:
        out = into * 0
    return None if into is None or out is None else Rates(into, out, cached, write or None)


def _unit(units: Mapping[str, object], unit: str, above: int | None) -> Decimal | None:
    """What a unit costs in prompts longer than `above` tokens."""
    value = units.get(unit)
    if not isinstance(value, Mapping):
        return number_of(units, unit)
    rate = number_of(cast("Mapping[str, object]", value), "base")
    for start, price in _tiers(units, unit):
        if above is not None and start <= above:
            rate = price
    return rate


def _tiers(units: Mapping[str, object], unit: str) -> list[tuple[int, Decimal]]:
    """The lengths above which a unit costs something else, the shortest first."""
    value = units.get(unit)
    if not isinstance(value, Mapping):
        return []
    found: list[tuple[int, Decimal]] = []
    for one in list_of(cast("Mapping[str, object]", value).get("tiers"), f"{unit}.tiers"):
        table = table_of(one, f"{unit}.tiers")
        start, price = whole_of(table, "start"), number_of(table, "price")
        if start is None or price is None:
            raise RowError("unreadable", f"{unit}.tiers needs start and price")
        found.append((start, price))
    return sorted(found)


def _writes(raw: Raw, units: Mapping[str, object], plain: Rates) -> tuple[tuple[str, Decimal], ...]:
    longer = {life: _unit(units, unit, None) for life, unit in LONGER_WRITES.items()}
    found = tuple((life, rate) for life, rate in longer.items() if rate)
    first = FIRST_LIFE.get(raw.provider or "")
    if not found or plain.cache_write is None or first is None:
        return ()
    return ((first, plain.cache_write), *found)


def _factors(raw: Raw, span: _Span, long: _Lengths, variants: Sequence[object]) -> _Tiers:
    """The factors of service tiers, where one gives every rate of the span, `long` ones too.

    Of the variants of a tier the first counts that begins before the span ends. It tells the units
    that differ.
    """
    first: dict[str, Mapping[str, object]] = {}
    for one in variants:
        table = table_of(one, "price_variants")
        tier = _tier(table)
        if tier is not None and span.sees(_start(table)):
            first.setdefault(tier, table_of(table.get("prices"), "prices"))
    found: dict[str, Decimal] = {}
    for tier, units in first.items():
        factor = _factor(raw, {**span.units, **units}, long)
        if factor is not None:
            found[tier] = factor
    return found


def _factor(raw: Raw, units: Mapping[str, object], long: _Lengths) -> Decimal | None:
    pairs: list[tuple[Decimal | None, Decimal | None]] = []
    for start, rates in long.items():
        theirs = _rates(raw, units, start or None)
        if theirs is not None:
            pairs += zip(rates, theirs, strict=True)
    return factor_of(pairs) if pairs else None


def _tier(variant: Mapping[str, object]) -> str | None:
    """The service tier that a variant is for; None: it is for something else, or the plain one."""
    when = table_of(variant.get("when"), "when")
    tier = when.get("service_tier", when.get("processing"))
    plain = {"default", "standard"}
    named = isinstance(tier, str) and re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", tier) is not None
    return str(tier) if named and len(when) == 1 and tier not in plain else None
