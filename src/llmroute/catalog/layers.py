"""Fact files: facts of models from the user, or imported, laid over the catalog's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import PolicyError
from llmroute.errors.guards import check_depth
from llmroute.errors.positions import Positions
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table
from llmroute.errors.toml import located, parse

from .cited import read_sources
from .entries import NOBODY
from .rows import read_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from llmroute.errors import Problem

    from .entries import ModelEntry, ProviderEntry

FACTS = (
    *("family", "tuning", "open_weights", "license", "tokenizer", "abilities", "languages"),
    *("base_models",),
    *("context_tokens", "max_output_tokens", "price", "prices", "speed", "images", "scores"),
    *("data", "released", "knowledge_cutoff", "retires_on", "replaced_by", "parameters_billion"),
    *("active_parameters_billion", "training_tokens_billion"),
    *("vector_space", "dimensions", "batch_texts", "batch_tokens"),
)
"""What a fact file may say of a model: never where it is, who is asked, how, or with which key."""
FIELDS = {
    "data": ("handling",),
    "prices": ("price",),
    "parameters_billion": ("parameters_billion", "parameters_confirmed"),
}
"""The fields of an entry that a key stands for, where they are not called like it."""


class Layer(NamedTuple):
    """A fact file: `place` is its path; `imported` says from where and when, None: the user's own.

    `models` maps "provider/model" to what it says.
    """

    place: str
    models: Mapping[str, ModelEntry]
    imported: tuple[str, date] | None = None


class Facts(NamedTuple):
    """A fact file that was parsed, and nothing more: its path, text and values."""

    place: str
    text: str
    values: Mapping[str, object]


def fact_file(text: str, place: str) -> Facts | None:
    """Parse a file that tells facts of models; None: it tells of a provider.

    Raises:
        PolicyError: it is no TOML.
    """
    check_depth(text, place)
    top = parse(text, place)
    is_one = "provider" not in top and ("models" in top or "imported" in top)
    return Facts(place, text, top) if is_one else None


def read_layer(facts: Facts, lookup: Callable[[str], ProviderEntry | None]) -> Layer:
    """Read a fact file; `lookup` finds the providers whose models it may speak of.

    Raises:
        PolicyError: something in it is wrong; all problems at once, each with its line.
    """
    problems: list[Problem] = []

    report = located(facts.place, Positions(facts.text), problems)

    top = Table(facts.values, (), report)
    imported = _imported(top.table("imported"))
    read_sources(top.table("sources") or Table({}, (), report))
    tables = top.table("models") or Table({}, (), report)
    models: dict[str, ModelEntry] = {}
    for id_ in tables.values:
        table = tables.table(id_)
        if table is not None and _is_known(id_, table, lookup):
            models[id_] = _facts(id_, table)
    top.done()
    if problems:
        raise PolicyError(sorted(problems, key=lambda one: one.line or 0))
    return Layer(facts.place, models, imported)


def _imported(table: Table | None) -> tuple[str, date] | None:
    if table is None:
        return None
    source, day = table.text("from"), table.day("on")
    table.done()
    if source is None or day is None:
        table.problem("", "it needs from and on", 'from = "models.dev", on = 2026-11-26')
        return None
    return source, day


def _is_known(id_: str, table: Table, lookup: Callable[[str], ProviderEntry | None]) -> bool:
    """Whether there is such a model, or its host takes any."""
    name, slash, model = id_.partition("/")
    if not slash or not model:
        table.problem("", "it must be a provider and a model", 'Write [models."openai/gpt-4"]')
        return False
    entry = lookup(name)
    if entry is None:
        table.problem("", f"there is no provider {name!r}", "Name its file beside this one")
        return False
    if entry.model(model) is not None:
        return True
    table.problem("", f"the catalog has no model {model!r} of {name}", nearest(model, entry.models))
    return False


def _facts(id_: str, table: Table) -> ModelEntry:
    """Read what is said of one model; a key that is no fact is a problem."""
    allowed = {key: value for key, value in table.values.items() if key in FACTS}
    for key in table.values:
        if key not in FACTS:
            what = "a fact file tells facts of a model; this is none"
            table.problem(key, what, nearest(key, FACTS))
    return read_model(id_, Table(allowed, table.path, table.report), NOBODY, None)


def overlaid(entry: ModelEntry, facts: ModelEntry) -> ModelEntry:
    """Lay facts over an entry: what they say counts, the rest stays."""
    fields = {
        name: getattr(facts, name)
        for key in facts.said
        for name in FIELDS.get(key, (key,))
        if name in entry._fields
    }
    priced = {"price", "prices"}
    over = facts.said | priced if facts.said & priced else facts.said
    sources = {
        name: source for name, source in entry.sources.items() if name.partition(".")[0] not in over
    }
    return entry._replace(**fields, sources=sources, said=entry.said | facts.said)


def in_order(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """What was imported comes first, and the user's own files over it."""
    return tuple(sorted(layers, key=lambda layer: layer.imported is None))
