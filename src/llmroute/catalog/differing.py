"""Where a fact file says something else than the catalog: a price that was cut, or a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.types.prices import Price

from .layers import FACTS, FIELDS
from .sanity import figure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from .collection import Catalog
    from .entries import ModelEntry


COMPARED = tuple(key for key in FACTS if key not in {"price", "prices", "abilities"})
"""Facts that are compared whole; what a host that takes any model can do is nobody's claim."""


class Difference(NamedTuple):
    """What the catalog says of a fact of a model, and what the file says."""

    model: str
    fact: str
    catalog: object
    file: object


def differences(catalog: Catalog, file: Path, today: date) -> tuple[Difference, ...]:
    """Every fact that both tell, and tell differently; what one of them leaves out is none.

    Prices are those of `today`.

    Raises:
        PolicyError: the file is wrong, or no fact file.
    """
    laid = catalog.extended([file])
    layers = [layer for layer in laid.layers if layer.place == str(file)]
    told = {id_: facts for layer in layers for id_, facts in layer.models.items()}
    return tuple(
        one for id_, facts in told.items() for one in _of_model(catalog, id_, facts, today)
    )


def _of_model(catalog: Catalog, id_: str, facts: ModelEntry, today: date) -> Iterator[Difference]:
    name, _, model = id_.partition("/")
    provider = catalog.provider(name)
    entry = provider.model(model) if provider else None
    if entry is None:
        return
    both = [None if one.price is None else one.price.on(today) for one in (entry, facts)]
    yield from _of_price(id_, *both)
    for key in COMPARED:
        field = FIELDS.get(key, (key,))[0]
        ours, theirs = getattr(entry, field), getattr(facts, field)
        if key in facts.said and ours not in (None, (), theirs):
            yield Difference(id_, key, ours, theirs)


def _of_price(id_: str, ours: Price | None, theirs: Price | None) -> Iterator[Difference]:
    """Rates that differ; a rate that one of them leaves out is none."""
    before, after = _rates(ours), _rates(theirs)
    for key in (one for one in before if one in after):
        if before[key] != after[key]:
            yield Difference(id_, key, figure(before[key]), figure(after[key]))


def _rates(price: Price | None) -> dict[str, Decimal]:
    if price is None:
        return {}
    told: dict[str, Decimal | None] = {
        "price.input": price.input,
        "price.output": price.output,
        "price.cached_input": price.cached_input,
        "price.cache_write": price.cache_write,
        "price.regional": price.regional,
        **{f"price.cache_write.{life}": rate for life, rate in price.cache_writes},
    }
    for name, rates in price.tiers:
        if isinstance(rates, Price):
            told[f"price.tiers.{name}.input"] = rates.input
            told[f"price.tiers.{name}.output"] = rates.output
        else:
            told[f"price.tiers.{name}"] = rates
    for one in price.long_context:
        told[f"price.long_context.{one.above_tokens}.input"] = one.input
        told[f"price.long_context.{one.above_tokens}.output"] = one.output
    return {key: rate for key, rate in told.items() if rate is not None}
