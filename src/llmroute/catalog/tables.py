"""From the tables of a provider's file to entries of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector
from llmroute.types.headers import FORBIDDEN_HEADERS, KEY_HEADERS, header_flaw
from llmroute.types.models import QUIRKS

from .cited import read_sources, set_of, text_of, words_of
from .entries import ProviderEntry, with_origins
from .measured import read_handling
from .rows import read_model
from .words import ABILITIES, CACHE_LIVES, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.errors import Problem

    from .entries import ModelEntry, Source


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
    head = top.table("provider") or empty
    entry = read_head(name, head)
    known = read_sources(top.table("sources") or empty)
    sources = known if cited else None
    cited_in = data_source(head, sources)
    tables = top.table("models") or empty
    found = {id_: tables.table(id_) or empty for id_ in tables.values}
    models = {id_: read_model(id_, table, entry, sources) for id_, table in found.items()}
    top.done()
    return entry._replace(models=models, data_source=cited_in)


def data_source(head: Table, known: Mapping[str, Source] | None) -> Source | None:
    """Where it was read what becomes of prompts: that has a source, as numbers have."""
    data = head.table("data") if "data" in head.values else None
    if known is None or data is None:
        return None
    name = data.text("source") or ""
    if name not in known:
        data.problem("source", "it must name one of [sources]")
    return known.get(name)


def read_weights(file: str, values: Mapping[str, object]) -> Mapping[str, ModelEntry]:
    """Make entries of a parsed file of open weights, which no host is named in.

    Raises:
        PolicyError: it holds something that the catalog does not know; all problems at once.
    """
    problems: list[Problem] = []
    top = Table(values, (), collector(file, problems))
    entry = read_top("weights", top)
    if "provider" in values:
        top.problem("provider", "weights have no provider", "Name them in the row of a host")
    if problems:
        raise PolicyError(problems)
    return entry.models


def read_head(name: str, head: Table) -> ProviderEntry:
    """Read [provider]; it has no models yet."""
    entry = ProviderEntry(
        id=name,
        name=text_of(head, "name", name),
        api=text_of(head, "api", ""),
        local=head.flag("local") is True,
        base_url=head.text("base_url"),
        origins=head.texts("origins") or (),
        key_env=head.text("key_env"),
        parameters=set_of(head, "parameters", PARAMETERS, ()),
        max_tokens_parameter=text_of(head, "max_tokens_parameter", "max_tokens"),
        host_terms=head.text("host_terms"),
        models={},
        key_header=_header(head),
        key_prefix=_prefix(head),
        bearer_functions=head.flag("bearer_functions") is True,
        headers=_headers(head),
        query=_pairs(head, "query"),
        rejects_when_reasoning=set_of(head, "rejects_when_reasoning", PARAMETERS, ()),
        quirks=set_of(head, "quirks", QUIRKS, ()),
        abilities=set_of(head, "abilities", ABILITIES, ("text",)),
        cache=words_of(head, "cache", CACHE_LIVES) or (),
        any_model=head.flag("any_model") is True,
        server=head.flag("server") is True,
        regions=_pairs(head, "regions"),
        docs=head.text("docs"),
        checked_on=head.day("checked_on"),
        handling=read_handling(head.table("data")),
    )
    head.done()
    return entry


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


def _pairs(table: Table, key: str) -> tuple[tuple[str, str], ...]:
    """Read a table of strings."""
    inner = table.table(key)
    if inner is None:
        return ()
    return tuple((name, text_of(inner, name, "")) for name in inner.values)


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
