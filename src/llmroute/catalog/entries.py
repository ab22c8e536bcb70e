"""Entries of the catalog: providers and models, each number with its source."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector
from llmroute.types.usage import Price

from .data import names, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from llmroute.errors import Problem


class Source(NamedTuple):
    """Where a number was read, and when."""

    title: str
    url: str
    checked_on: date


class ModelEntry(NamedTuple):
    """What the catalog says of a model; None means: not known.

    `sources` maps a number's name ("price") to where it was read. `package` is the Python package
    that carries `file`, `extra` the extra of llmroute that installs it.
    """

    id: str
    api: str
    parameters: frozenset[str]
    max_tokens_parameter: str
    abilities: frozenset[str]
    sources: Mapping[str, Source]
    family: str | None = None
    tuning: str | None = None
    open_weights: bool | None = None
    tokenizer: str | None = None
    license: str | None = None
    template: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    released: date | None = None
    retires_on: date | None = None
    replaced_by: str | None = None
    package: str | None = None
    file: str | None = None
    extra: str | None = None


class ProviderEntry(NamedTuple):
    """What the catalog says of a provider; its key goes to `origins` only."""

    id: str
    name: str
    api: str
    local: bool
    base_url: str | None
    origins: tuple[str, ...]
    key_env: str | None
    parameters: frozenset[str]
    max_tokens_parameter: str
    host_terms: str | None
    models: Mapping[str, ModelEntry]


def provider_names() -> tuple[str, ...]:
    """Name every provider of the catalog; reads no file."""
    return names("providers")


@cache
def provider(name: str) -> ProviderEntry | None:
    """Read a provider's file, once; None when the catalog has none of that name.

    Raises:
        PolicyError: the file holds something that the catalog does not know.
    """
    values = read_table(f"providers/{name}.toml") if name in provider_names() else None
    if values is None:
        return None
    problems: list[Problem] = []
    top = Table(values, (), collector(f"providers/{name}.toml", problems))
    entry = _provider(name, top)
    top.done()
    if problems:
        raise PolicyError(problems)
    return entry


def _provider(name: str, top: Table) -> ProviderEntry:
    empty = Table({}, (), top.report)
    entry = _head(name, top.table("provider") or empty)
    sources = _sources(top.table("sources") or empty)
    tables = top.table("models") or empty
    found = {id_: tables.table(id_) or empty for id_ in tables.values}
    models = {id_: _model(id_, table, entry, sources) for id_, table in found.items()}
    return entry._replace(models=models)


def _head(name: str, head: Table) -> ProviderEntry:
    entry = ProviderEntry(
        id=name,
        name=head.text("name") or name,
        api=head.text("api") or "",
        local=head.flag("local") or False,
        base_url=head.text("base_url"),
        origins=head.texts("origins") or (),
        key_env=head.text("key_env"),
        parameters=frozenset(head.texts("parameters") or ()),
        max_tokens_parameter=head.text("max_tokens_parameter") or "max_tokens",
        host_terms=head.text("host_terms"),
        models={},
    )
    head.done()
    return entry


def _sources(tables: Table) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for id_ in tables.values:
        table = tables.table(id_)
        checked_on = table.day("checked_on") if table else None
        if table is None or checked_on is None:
            tables.problem(id_, "it needs a title, a url and checked_on")
            continue
        found[id_] = Source(table.text("title") or "", table.text("url") or "", checked_on)
        table.done()
    return found


class _Cited:
    """Reads the numbers of a model, each an inline table with its source."""

    def __init__(self, table: Table, sources: Mapping[str, Source]) -> None:
        self.table = table
        self.known = sources
        self.sources: dict[str, Source] = {}

    def fact(self, key: str) -> Table | None:
        """Take the table of a cited fact and note its source."""
        fact = self.table.table(key)
        if fact is None:
            return None
        source = self.known.get(fact.text("source") or "")
        if source is None:
            fact.problem("source", "it must name one of [sources]")
        else:
            self.sources[key] = source
        return fact

    def tokens(self, key: str) -> int | None:
        """Take a cited number of tokens."""
        fact = self.fact(key)
        value = fact.whole("value", 1, 100_000_000) if fact else None
        if fact:
            fact.done()
        return value

    def day(self, key: str) -> date | None:
        """Take a cited date."""
        fact = self.fact(key)
        value = fact.day("value") if fact else None
        if fact:
            fact.done()
        return value

    def price(self) -> Price | None:
        """Take a cited price."""
        fact = self.fact("price")
        return read_price(fact) if fact else None


def read_price(table: Table) -> Price | None:
    """Read a price in USD per million tokens; None, and problems, when it is not whole."""
    numbers = {
        key: table.number(key, "0", "1000")
        for key in ("input", "output", "cached_input", "cache_write")
    }
    table.done()
    if numbers["input"] is None or numbers["output"] is None:
        if table.get("input") is None or table.get("output") is None:
            table.problem("", "a price needs input and output, in USD per million tokens")
        return None
    return Price(
        numbers["input"], numbers["output"], numbers["cached_input"], numbers["cache_write"]
    )


def _model(
    id_: str, table: Table, provider_entry: ProviderEntry, sources: Mapping[str, Source]
) -> ModelEntry:
    cited = _Cited(table, sources)
    parameters = table.texts("parameters")
    entry = ModelEntry(
        id=id_,
        api=table.text("api") or provider_entry.api,
        parameters=provider_entry.parameters if parameters is None else frozenset(parameters),
        max_tokens_parameter=table.text("max_tokens_parameter")
        or provider_entry.max_tokens_parameter,
        abilities=frozenset(table.texts("abilities") or ("text",)),
        family=table.text("family"),
        tuning=table.choice("tuning", ("base", "chat")),
        open_weights=table.flag("open_weights"),
        tokenizer=table.text("tokenizer"),
        license=table.text("license"),
        template=table.text("template"),
        context_tokens=cited.tokens("context_tokens"),
        max_output_tokens=cited.tokens("max_output_tokens"),
        price=cited.price(),
        released=cited.day("released"),
        retires_on=cited.day("retires_on"),
        replaced_by=table.text("replaced_by"),
        package=table.text("package"),
        file=table.text("file"),
        extra=table.text("extra"),
        sources=cited.sources,
    )
    table.done()
    return entry
