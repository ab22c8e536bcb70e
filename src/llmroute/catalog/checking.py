"""What of the catalog may be wrong: old sources, retired models, no successors, odd prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .data import names
from .families import FOLDER, weights_of
from .sanity import flaws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from .collection import Catalog
    from .entries import ModelEntry, ProviderEntry, Source

OLD_DAYS = 120
"""After so many days a number should be read again."""
Kind = Literal["old", "retired", "successor", "price"]


class Finding(NamedTuple):
    """Something to look after: `about` is a file, or a model's id."""

    kind: Kind
    about: str
    what: str


def findings(catalog: Catalog, today: date, days: int = OLD_DAYS) -> tuple[Finding, ...]:
    """Everything that should be looked after; old is what was read more than `days` days ago."""
    return tuple(_all(catalog, today, days))


def _all(catalog: Catalog, today: date, days: int) -> Iterator[Finding]:
    found = [catalog.provider(name) for name in catalog.names()]
    entries = [entry for entry in found if entry is not None]
    known = {f"{entry.id}/{id_}" for entry in entries for id_ in entry.models}
    for entry in entries:
        yield from _of_provider(f"{entry.id}.toml", entry, today, days)
        yield from _gone(entry, known, today)
        yield from _priced(entry)
    for name in names(FOLDER):
        file = f"{FOLDER}/{name}.toml"
        yield from _old(f"weights/{name}.toml", weights_of(file).values(), today, days)
    yield from _imported(catalog, today, days)


def _imported(catalog: Catalog, today: date, days: int) -> Iterator[Finding]:
    for layer in catalog.layers:
        if layer.imported is not None and (today - layer.imported[1]).days > days:
            what = f"imported from {layer.imported[0]} on {layer.imported[1]}: import it again"
            yield Finding("old", layer.place, what)


def _of_provider(file: str, entry: ProviderEntry, today: date, days: int) -> Iterator[Finding]:
    if entry.checked_on is not None and (today - entry.checked_on).days > days:
        what = f"read on {entry.checked_on}, {(today - entry.checked_on).days} days ago"
        yield Finding("old", file, f"[provider]: {what}: {entry.docs}")
    yield from _old(file, entry.models.values(), today, days)


def _old(file: str, models: Iterable[ModelEntry], today: date, days: int) -> Iterator[Finding]:
    """One finding for each old source, with the models that it is the source of."""
    users: dict[Source, list[str]] = {}
    for model in models:
        for source in _sources(model.sources):
            users.setdefault(source, []).append(model.id)
    for source, ids in users.items():
        age = (today - source.checked_on).days
        if age > days:
            read = f"read on {source.checked_on}, {age} days ago"
            yield Finding("old", file, f"{', '.join(ids)}: {source.title}, {read}: {source.url}")


def _priced(entry: ProviderEntry) -> Iterator[Finding]:
    """Prices that cannot be right, those of fact files too."""
    if entry.local or entry.server:
        return
    for id_ in dict.fromkeys((*entry.models, *_laid(entry))):
        model = entry.model(id_)
        price = None if model is None else model.price
        if model is not None and price is not None:
            embeds, free = "embed" in model.abilities, id_.endswith(":free")
            found = flaws(price, embeds=embeds, free=free)
            yield from (Finding("price", f"{entry.id}/{id_}", str(flaw)) for flaw in found)


def _laid(entry: ProviderEntry) -> Iterator[str]:
    """The models of a provider that fact files speak of."""
    for layer in entry.layers:
        told = (id_.partition("/") for id_ in layer.models)
        yield from (model for name, _, model in told if name == entry.id)


def _sources(sources: Mapping[str, Source]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(sources.values()))


def _gone(entry: ProviderEntry, known: set[str], today: date) -> Iterator[Finding]:
    for id_ in entry.models:
        model = entry.model(id_)
        if model is None:
            continue
        about, next_ = f"{entry.id}/{id_}", model.replaced_by
        if model.retires_on is not None and model.retires_on <= today:
            yield Finding("retired", about, f"retired on {model.retires_on}")
        if next_ is not None and not {next_, f"{entry.id}/{next_}"} & known:
            yield Finding("successor", about, f"its successor {next_!r} is not in the catalog")
