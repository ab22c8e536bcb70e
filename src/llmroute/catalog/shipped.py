"""The package's own files of providers and weights, read section by section.

What is wrong in a section is told when that is read; tests read all of every file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector

from .cited import read_sources
from .entries import NOBODY, with_origins
from .rows import read_model
from .sections import Lazily, Sections, sections_of
from .tables import data_source, read_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.errors import Problem

    from .entries import ModelEntry, ProviderEntry, Source

NONE = Sections("")


def shipped_provider(name: str) -> ProviderEntry:
    """Read the head of a provider's file; its models are read when they are asked for.

    Raises:
        PolicyError: something in its head is wrong; all problems at once.
    """
    file = f"providers/{name}.toml"
    sections = sections_of(file) or NONE
    problems: list[Problem] = []
    head = Table(sections.table("provider"), ("provider",), collector(file, problems))
    entry = read_head(name, head)
    sources = _sources(file, sections)
    cited_in = data_source(head, sources)
    if problems:
        raise PolicyError(problems)
    models = _models(file, sections, entry, sources)
    entry = entry._replace(models=models, data_source=cited_in)
    return entry if entry.server else with_origins(entry)


def shipped_weights(file: str) -> Mapping[str, ModelEntry]:
    """The weights that a file tells of, read when they are asked for."""
    sections = sections_of(file) or NONE
    return _models(file, sections, NOBODY, _sources(file, sections))


def _sources(file: str, sections: Sections) -> Mapping[str, Source]:
    def source(name: str) -> Source:
        problems: list[Problem] = []
        values = {name: sections.table("sources", name)}
        found = read_sources(Table(values, ("sources",), collector(file, problems)))
        if problems:
            raise PolicyError(problems)
        return found[name]

    return Lazily(sections.names("sources"), source)


def _models(
    file: str, sections: Sections, head: ProviderEntry, sources: Mapping[str, Source]
) -> Mapping[str, ModelEntry]:
    def model(id_: str) -> ModelEntry:
        problems: list[Problem] = []
        report = collector(file, problems)
        table = Table(sections.table("models", id_), ("models", id_), report)
        entry = read_model(id_, table, head, sources)
        if problems:
            raise PolicyError(problems)
        return entry

    return Lazily(sections.names("models"), model)
