"""From the table of a model to its entry of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.models import QUIRKS

from .cited import Cited, set_of, text_of, words_of
from .entries import ModelEntry
from .measured import read_handling, read_images, read_scores, read_speed
from .prices import read_price, read_prices
from .words import ABILITIES, CACHE_LIVES, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from llmroute.errors.reading import Table
    from llmroute.types.prices import Price

    from .entries import ProviderEntry, Source

LARGEST, LONGEST = "100000", "1000000"
"""The most billion parameters, and billion tokens of training, that are believed."""


def read_model(
    id_: str, table: Table, head: ProviderEntry, sources: Mapping[str, Source] | None
) -> ModelEntry:
    """Read a model; a list that it has replaces the provider's."""
    cited = Cited(table, sources)
    rejected = set_of(table, "rejects_when_reasoning", PARAMETERS, head.rejects_when_reasoning)
    lives = words_of(table, "cache", CACHE_LIVES)
    entry = ModelEntry(
        id=id_,
        api=text_of(table, "api", head.api),
        parameters=set_of(table, "parameters", PARAMETERS, head.parameters),
        max_tokens_parameter=text_of(table, "max_tokens_parameter", head.max_tokens_parameter),
        abilities=set_of(table, "abilities", ABILITIES, head.abilities),
        rejects_when_reasoning=rejected,
        quirks=set_of(table, "quirks", QUIRKS, head.quirks),
        cache=head.cache if lives is None else lives,
        vector_space=table.text("vector_space"),
        dimensions=cited.whole("dimensions"),
        batch_texts=cited.whole("batch_texts"),
        batch_tokens=cited.whole("batch_tokens"),
        sources=cited.sources,
        said=frozenset(table.values),
    )
    entry = _measured(_described(entry, table, cited), table, cited)
    table.done()
    return entry


def _described(entry: ModelEntry, table: Table, cited: Cited) -> ModelEntry:
    """Read what a model is, besides how to talk to it."""
    return entry._replace(
        family=table.text("family"),
        tuning=table.choice("tuning", ("base", "chat")),
        open_weights=table.flag("open_weights"),
        tokenizer=table.text("tokenizer"),
        license=table.text("license"),
        template=table.text("template"),
        context_tokens=cited.whole("context_tokens"),
        max_output_tokens=cited.whole("max_output_tokens"),
        price=_price(cited),
        released=cited.day("released"),
        knowledge_cutoff=cited.day("knowledge_cutoff"),
        languages=table.texts("languages") or (),
        base_models=table.texts("base_models") or (),
        weights=table.text("weights"),
        retires_on=cited.day("retires_on"),
        replaced_by=table.text("replaced_by"),
        package=table.text("package"),
        file=table.text("file"),
        extra=table.text("extra"),
    )


def _measured(entry: ModelEntry, table: Table, cited: Cited) -> ModelEntry:
    """Read how large a model is, and what was measured of it."""
    size, confirmed = _size(cited)
    return entry._replace(
        parameters_billion=size,
        parameters_confirmed=confirmed,
        active_parameters_billion=cited.number("active_parameters_billion", LARGEST),
        training_tokens_billion=cited.number("training_tokens_billion", LONGEST),
        scores=read_scores(table, cited),
        speed=read_speed(cited),
        images=read_images(cited),
        handling=read_handling(cited.fact("data")),
    )


def _size(cited: Cited) -> tuple[Decimal | None, bool | None]:
    """Read how many billion parameters a model has, and whether its maker says so."""
    if cited.alone("parameters_billion"):
        size = cited.number("parameters_billion", LARGEST)
        return size, None if size is None else True
    fact = cited.fact("parameters_billion")
    if fact is None:
        return None, None
    size = fact.number("value", "0", LARGEST, above=True)
    confirmed = fact.flag("confirmed")
    fact.done()
    return size, confirmed is not False


def _price(cited: Cited) -> Price | None:
    """Read one price, or that of each span of days."""
    fact = cited.fact("price")
    price = read_price(fact) if fact else None
    if "prices" in cited.table.values:
        return read_prices(cited.table, lambda row, at: _dated(row, at, cited))
    return price


def _dated(row: Table, at: int, cited: Cited) -> Price | None:
    cited.cite(row, f"prices.{at}")
    return read_price(row)
