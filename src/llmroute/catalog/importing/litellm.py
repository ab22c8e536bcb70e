"""LiteLLM's model_prices_and_context_window.json: USD per token, a key for each kind of rate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.types.prices import PER_MILLION, LongContext

from . import reading
from .prices import Rates, factor_of, price_of
from .rows import (
    NO_TABLE,
    Raw,
    RowError,
    Told,
    abilities_of,
    day_of,
    number_of,
    text_of,
    told_facts,
    whole_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal
    from pathlib import Path

    from llmroute.types.prices import Price

PROVIDERS = {
    **{name: name for name in ("openai", "anthropic", "gemini", "mistral", "xai", "deepseek")},
    **{name: name for name in ("groq", "openrouter", "cloudflare")},
    "text-completion-openai": "openai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
}
"""What LiteLLM calls the catalog's providers; Azure's deployments have names of the user's own."""
BARE = ("openai", "text-completion-openai", "anthropic", "deepseek")
"""Providers whose rows are named without them; elsewhere such a row is no model but a size."""
KINDS = ("chat", "completion", "responses", "embedding")
ABILITIES = {
    "vision": "supports_vision",
    "documents": "supports_pdf_input",
    "tools": "supports_function_calling",
    "schema": "supports_response_schema",
    "reasoning": "supports_reasoning",
}
WRITES = {"1h": "_above_1hr", "12h": "_above_12hr"}
FIRST_LIFE = {"anthropic": "5m", "openai": "30m"}
"""How long the cache keeps what is written at the plain rate, where there are longer lives."""
TIERS = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}
ABOVE = re.compile(r"input_cost_per_token_above_([1-9][0-9]{0,5})k_tokens")


def rows(document: object, path: Path) -> Iterator[Raw]:
    """Each row, with our names for its provider and model. Raises PolicyError."""
    top = reading.table(document, path, "LiteLLM's table of models")
    for name, value in top.items():
        values = (
            cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {NO_TABLE: value}
        )
        theirs = values.get("litellm_provider")
        known = theirs if isinstance(theirs, str) else ""
        prefixed = name.startswith(f"{known}/")
        model = name.removeprefix(f"{known}/")
        ours = PROVIDERS.get(known) if prefixed or known in BARE else None
        yield Raw(name, ours, model, values)


def told(raw: Raw) -> Told:
    """What a row tells. Raises RowError.

    Of some models the longest prompt is listed, of others the window: it is `input_tokens` here.
    """
    values = raw.values
    if NO_TABLE in values:
        raise RowError("unreadable", "it is no table")
    kind = text_of(values, "mode") or "chat"
    if kind not in KINDS:
        raise RowError("kind", f"it is for {kind[:40]}")
    embeds = kind == "embedding"
    facts = told_facts(
        input_tokens=whole_of(values, "max_input_tokens"),
        max_output_tokens=None if embeds else whole_of(values, "max_output_tokens"),
        retires_on=day_of(values, "deprecation_date"),
        replaced_by=text_of(values, "successor_model"),
        dimensions=whole_of(values, "output_vector_size") if embeds else None,
        abilities=("embed",) if embeds else abilities_of(values, ABILITIES),
    )
    return Told(facts, _price(raw, embeds=embeds), embeds)


class _Suffix(NamedTuple):
    """What is appended to the name of a rate: a length of prompt, and a tier."""

    above: str = ""
    tier: str = ""


def _price(raw: Raw, *, embeds: bool) -> Price | None:
    plain = _rates(raw, _Suffix(), embeds=embeds)
    if plain is None:
        return None
    long = _long(raw, embeds=embeds)
    return price_of(
        plain,
        cache_writes=_writes(raw, plain),
        tiers=_tiers(raw, plain, long),
        long_context=tuple(LongContext(above * 1000, *rates) for above, rates in long.items()),
        regional=_regional(raw),
    )


def _long(raw: Raw, *, embeds: bool) -> dict[int, Rates]:
    """The rates of long prompts by the thousands of tokens that they begin above."""
    found = filter(None, map(ABOVE.fullmatch, raw.values))
    lengths = sorted(int(one[1]) for one in found)
    rates = {one: _rates(raw, _Suffix(f"_above_{one}k_tokens"), embeds=embeds) for one in lengths}
    return {above: one for above, one in rates.items() if one is not None}


def _tiers(raw: Raw, plain: Rates, long: Mapping[int, Rates]) -> dict[str, Decimal]:
    """The factors of service tiers; OpenAI calls its tier "priority" "fast" as well."""
    told = {name: _tier(raw, plain, long, suffix) for name, suffix in TIERS.items()}
    tiers = {name: factor for name, factor in told.items() if factor is not None}
    if raw.provider == "openai" and "priority" in tiers:
        tiers["fast"] = tiers["priority"]
    return tiers


def _rates(raw: Raw, suffix: _Suffix, *, embeds: bool) -> Rates | None:
    """The rates of one length and tier; None when input and output are not both told."""
    into, out = (
        _rate(raw, "input_cost_per_token", suffix),
        _rate(raw, "output_cost_per_token", suffix),
    )
    if into is None:
        return None
    if out is None and embeds:
        out = into * 0
    if out is None:
        return None
    write = _rate(raw, "cache_creation_input_token_cost", suffix)
    cached = _rate(raw, "cache_read_input_token_cost", suffix)
    return Rates(into, out, cached, write or None)  # a write of 0 is input that was paid for


def _rate(raw: Raw, name: str, suffix: _Suffix) -> Decimal | None:
    number = number_of(raw.values, f"{name}{suffix.above}{suffix.tier}")
    return None if number is None else number * PER_MILLION


def _writes(raw: Raw, plain: Rates) -> tuple[tuple[str, Decimal], ...]:
    """What writing costs by how long it is kept; empty when there is one life only."""
    name = "cache_creation_input_token_cost"
    longer = {life: _rate(raw, f"{name}{suffix}", _Suffix()) for life, suffix in WRITES.items()}
    found = tuple((life, rate) for life, rate in longer.items() if rate)
    first = FIRST_LIFE.get(raw.provider or "")
    if not found or plain.cache_write is None or first is None:
        return ()
    return ((first, plain.cache_write), *found)


def _tier(raw: Raw, plain: Rates, long: Mapping[int, Rates], suffix: str) -> Decimal | None:
    """The factor of a tier; None when it is not told, or not the same for every rate."""
    pairs: list[tuple[Decimal | None, Decimal | None]] = []
    for above, rates in ((0, plain), *long.items()):
        at = _Suffix(f"_above_{above}k_tokens" if above else "", suffix)
        theirs = _tier_rates(raw, at)
        if above and theirs[:2] == (None, None):
            continue
        pairs += zip(rates, theirs, strict=True)
    return factor_of(pairs)


def _tier_rates(raw: Raw, suffix: _Suffix) -> tuple[Decimal | None, ...]:
    names = (
        *("input_cost_per_token", "output_cost_per_token"),
        *("cache_read_input_token_cost", "cache_creation_input_token_cost"),
    )
    return tuple(_rate(raw, name, suffix) for name in names)


def _regional(raw: Raw) -> Decimal | None:
    """The factor of regional processing; None when it is not the same everywhere."""
    name = "regional_processing_uplift_multiplier_"
    found = {number_of(raw.values, f"{name}{place}") for place in ("eu", "us")} - {None}
    return found.pop() if len(found) == 1 else None
