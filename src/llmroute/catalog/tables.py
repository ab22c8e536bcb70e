"""From the tables of a provider's file to entries of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmroute.errors import PolicyError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector
from llmroute.types.headers import FORBIDDEN_HEADERS, KEY_HEADERS, header_flaw
from llmroute.types.models import QUIRKS
from llmroute.types.usage import Price

from .entries import ModelEntry, ProviderEntry, Source, with_origins
from .words import ABILITIES, CACHE_LIVES, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from llmroute.errors import Problem


MOST = 100_000_000
"""The largest count that is believed."""


def read_provider(name: str, values: Mapping[str, object]) -> ProviderEntry:
    """Make an entry of a parsed file of the package.

    Raises:
        PolicyError: it holds something that the catalog does not know; all problems at once.
    """
    problems: list[Problem] = []
    top = Table(values, (), collector(f"providers/{name}.toml", problems))
    entry = read_top(name, top)
    if problems:
        raise PolicyError(problems)
    return entry if entry.server else with_origins(entry)


def read_top(name: str, top: Table, *, cited: bool = True) -> ProviderEntry:
    """Read a whole file; problems go to the table's report.

    Numbers that are not `cited` may stand alone, without a source.
    """
    empty = Table({}, (), top.report)
    entry = _head(name, top.table("provider") or empty)
    known = _sources(top.table("sources") or empty)
    sources = known if cited else None
    tables = top.table("models") or empty
    found = {id_: tables.table(id_) or empty for id_ in tables.values}
    models = {id_: _model(id_, table, entry, sources) for id_, table in found.items()}
    top.done()
    return entry._replace(models=models)


def _head(name: str, head: Table) -> ProviderEntry:
    entry = ProviderEntry(
        id=name,
        name=_text(head, "name", name),
        api=_text(head, "api", ""),
        local=head.flag("local") is True,
        base_url=head.text("base_url"),
        origins=head.texts("origins") or (),
        key_env=head.text("key_env"),
        parameters=_set(head, "parameters", PARAMETERS, ()),
        max_tokens_parameter=_text(head, "max_tokens_parameter", "max_tokens"),
        host_terms=head.text("host_terms"),
        models={},
        key_header=_header(head),
        key_prefix=_prefix(head),
        bearer_functions=head.flag("bearer_functions") is True,
        headers=_headers(head),
        query=_pairs(head, "query"),
        rejects_when_reasoning=_set(head, "rejects_when_reasoning", PARAMETERS, ()),
        quirks=_set(head, "quirks", QUIRKS, ()),
        abilities=_set(head, "abilities", ABILITIES, ("text",)),
        cache=_words(head, "cache", CACHE_LIVES) or (),
        any_model=head.flag("any_model") is True,
        server=head.flag("server") is True,
        regions=_pairs(head, "regions"),
        docs=head.text("docs"),
        checked_on=head.day("checked_on"),
    )
    head.done()
    return entry


def _text(table: Table, key: str, otherwise: str) -> str:
    return table.text(key) or otherwise


def _header(head: Table) -> str:
    name = head.text("key_header") or "authorization"
    flaw = header_flaw(name, "")
    if flaw is None and name.lower() in FORBIDDEN_HEADERS - KEY_HEADERS:
        flaw = "it is a header that belongs to the connection"
    if flaw is not None:
        head.problem("key_header", flaw)
    return name.lower()


def _prefix(head: Table) -> str:
    """Read what stands before the key; it may be empty, and is so in a header of its own."""
    prefix = head.get("key_prefix")
    if prefix is None:
        return "Bearer " if head.get("key_header") is None else ""
    if isinstance(prefix, str) and prefix.isascii() and prefix.isprintable():
        return prefix
    head.problem("key_prefix", "it must be a string of printable ASCII")
    return ""


def _words(table: Table, key: str, known: Iterable[str]) -> tuple[str, ...] | None:
    """Read an array of words that all are `known`."""
    given = table.texts(key)
    for word in given or ():
        if word not in known:
            table.problem(key, f"{word!r} is not a value of it", nearest(word, known))
    return given


def _set(table: Table, key: str, known: Iterable[str], otherwise: Iterable[str]) -> frozenset[str]:
    """Read an array of `known` words, in any order."""
    given = _words(table, key, known)
    return frozenset(otherwise if given is None else given)


def _pairs(table: Table, key: str) -> tuple[tuple[str, str], ...]:
    """Read a table of strings."""
    inner = table.table(key)
    if inner is None:
        return ()
    return tuple((name, _text(inner, name, "")) for name in inner.values)


def _headers(head: Table) -> tuple[tuple[str, str], ...]:
    """Read headers that go with every request; their names come in lower case."""
    pairs = _pairs(head, "headers")
    for name, value in pairs:
        flaw = header_flaw(name, value)
        if flaw is None and name.lower() in FORBIDDEN_HEADERS:
            flaw = f"{name} is the key's or the connection's"
        if flaw is not None:
            head.problem("headers", flaw)
    return tuple((name.lower(), value) for name, value in pairs)


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
    """Reads the numbers of a model, each an inline table with its source.

    Without `sources` a number may stand alone as well.
    """

    def __init__(self, table: Table, sources: Mapping[str, Source] | None) -> None:
        self.table = table
        self.known = sources
        self.sources: dict[str, Source] = {}

    def fact(self, key: str) -> Table | None:
        """Take the table of a cited fact and note its source."""
        fact = self.table.table(key)
        if fact is None:
            return None
        name = fact.text("source") or ""
        if self.known is None:
            return fact
        if name in self.known:
            self.sources[key] = self.known[name]
        else:
            fact.problem("source", "it must name one of [sources]")
        return fact

    def _alone(self, key: str) -> bool:
        return self.known is None and not isinstance(self.table.values.get(key), Mapping)

    def whole(self, key: str) -> int | None:
        """Take a cited count."""
        if self._alone(key):
            return self.table.whole(key, 1, MOST)
        fact = self.fact(key)
        value = fact.whole("value", 1, MOST) if fact else None
        if fact:
            fact.done()
        return value

    def day(self, key: str) -> date | None:
        """Take a cited date."""
        if self._alone(key):
            return self.table.day(key)
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
    keys = ("input", "output", "cached_input", "cache_write", "cache_write_1h")
    numbers = {key: table.number(key, "0", "1000") for key in keys}
    table.done()
    if numbers["input"] is None or numbers["output"] is None:
        if table.get("input") is None or table.get("output") is None:
            table.problem("", "a price needs input and output, in USD per million tokens")
        return None
    return Price(
        input=numbers["input"],
        output=numbers["output"],
        cached_input=numbers["cached_input"],
        cache_write=numbers["cache_write"],
        cache_write_1h=numbers["cache_write_1h"],
    )


def _model(
    id_: str, table: Table, head: ProviderEntry, sources: Mapping[str, Source] | None
) -> ModelEntry:
    """Read a model; a list that it has replaces the provider's."""
    cited = _Cited(table, sources)
    rejected = _set(table, "rejects_when_reasoning", PARAMETERS, head.rejects_when_reasoning)
    lives = _words(table, "cache", CACHE_LIVES)
    entry = ModelEntry(
        id=id_,
        api=_text(table, "api", head.api),
        parameters=_set(table, "parameters", PARAMETERS, head.parameters),
        max_tokens_parameter=_text(table, "max_tokens_parameter", head.max_tokens_parameter),
        abilities=_set(table, "abilities", ABILITIES, head.abilities),
        rejects_when_reasoning=rejected,
        quirks=_set(table, "quirks", QUIRKS, head.quirks),
        cache=head.cache if lives is None else lives,
        vector_space=table.text("vector_space"),
        dimensions=cited.whole("dimensions"),
        batch_texts=cited.whole("batch_texts"),
        batch_tokens=cited.whole("batch_tokens"),
        sources=cited.sources,
    )
    entry = _described(entry, table, cited)
    table.done()
    return entry


def _described(entry: ModelEntry, table: Table, cited: _Cited) -> ModelEntry:
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
        price=cited.price(),
        released=cited.day("released"),
        retires_on=cited.day("retires_on"),
        replaced_by=table.text("replaced_by"),
        package=table.text("package"),
        file=table.text("file"),
        extra=table.text("extra"),
    )
