"""Where each fact of a model comes from: what every layer says, and which one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import PolicyError, Problem
from llmroute.errors.problems import sentences
from llmroute.types.prices import Price

from .advice import for_id, for_use
from .entries import provider_names
from .families import SHARED, shared, weights_file
from .layers import FACTS, FIELDS
from .lost import lost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from .collection import Catalog
    from .declarations import Declaration
    from .entries import ModelEntry, ProviderEntry, Source
    from .layers import Layer

DECLARED = (
    *("license", "context_tokens", "max_output_tokens", "price", "abilities", "open_weights"),
    *("vector_space", "quality", "speed", "data", "base_models"),
)
"""What a declaration may say over every file."""
SPOKEN = ("api", "parameters")
"""How a model is asked: what its row, or its provider, says."""
ORDER = tuple(dict.fromkeys((*FACTS, *SHARED, *DECLARED, *SPOKEN)))


class Told(NamedTuple):
    """What one layer says of a fact; `source` is where it read that, None: nothing is named.

    `lost` names what the price of the layer below tells of, and this one, which replaces it as a
    whole, does not.
    """

    layer: str
    value: object
    source: Source | None = None
    imported: tuple[str, date] | None = None
    lost: tuple[str, ...] = ()


class Fact(NamedTuple):
    """A fact and all that is told of it; what is told last counts."""

    name: str
    told: tuple[Told, ...]


def explain(use: str, catalog: Catalog, declared: Declaration | None = None) -> tuple[Fact, ...]:
    """What is told of "provider/model", the lowest layer first; only facts that somebody tells.

    Raises:
        PolicyError: there is no such provider, or nobody tells of such a model of it.
    """
    name, _, id_ = use.partition("/")
    entry = catalog.provider(name)
    layers = [] if entry is None else list(_told(entry, id_))
    if declared is not None:
        layers += _declared(declared)
    else:
        _check_listed(use, entry, catalog)
    known = dict.fromkeys(key for key, _ in layers)
    return tuple(
        Fact(key, tuple(_compared([told for one, told in layers if one == key])))
        for key in sorted(known, key=ORDER.index)
    )


def _compared(told: Sequence[Told]) -> Iterator[Told]:
    """Say of each price what the one below it tells, and it leaves out."""
    below: Told | None = None
    for one in told:
        before = None if below is None else below.value
        if isinstance(one.value, Price) and isinstance(before, Price):
            yield one._replace(lost=lost(one.value, before))
        else:
            yield one
        below = one


def _check_listed(use: str, entry: ProviderEntry | None, catalog: Catalog) -> None:
    """Refuse what nobody tells anything of, though its host may take it unseen."""
    id_ = use.partition("/")[2]
    if entry is None:
        hint = for_use(use, catalog.names(), in_code=False)
    elif _is_listed(entry, id_):
        return
    else:
        unseen = f"{entry.name} takes models that nobody lists; what you know goes into a fact file"
        hint = sentences(for_id(id_, entry), unseen if id_ and entry.any_model else "")
    raise PolicyError([Problem("catalog", None, "", f"there is no model {use!r}", hint)])


def _is_listed(entry: ProviderEntry, id_: str) -> bool:
    """Whether a file tells of a model; a server's are its user's, and any is one."""
    if id_ in entry.models or (entry.server and id_):
        return True
    if entry.local and shared(id_) is not None:
        return True
    return any(f"{entry.id}/{id_}" in layer.models for layer in entry.layers)


def _told(entry: ProviderEntry, id_: str) -> Iterator[tuple[str, Told]]:
    """What the catalog's layers say of a model, the lowest first."""
    place = f"providers/{entry.id}.toml" if entry.id in provider_names() else f"{entry.id}.toml"
    row = entry.models.get(id_)
    if entry.handling is not None and entry.model(id_) is not None:
        yield "data", Told(f"{place} [provider]", entry.handling, entry.data_source)
    yield from _shared(row.weights if row else id_ if entry.local else None)
    if row is not None:
        yield from _facts(row, place, FACTS)
    yield from _spoken(entry, id_, place)
    for layer in entry.layers:
        yield from _laid(layer, f"{entry.id}/{id_}")


def _spoken(entry: ProviderEntry, id_: str, place: str) -> Iterator[tuple[str, Told]]:
    """The API that the model is asked by, and the parameters that are sent."""
    known = entry.model(id_)
    for key in SPOKEN if known is not None else ():
        value: object = getattr(known, key)
        row = entry.models.get(id_)
        own = row is not None and key in row.said
        if value:
            yield key, Told(place if own else f"{place} [provider]", value)


def _shared(weights: str | None) -> Iterator[tuple[str, Told]]:
    """What every host of these weights shares."""
    known = None if weights is None else shared(weights)
    if known is not None:
        yield from _facts(known, weights_file(known.id) or "", SHARED)


def _laid(layer: Layer, id_: str) -> Iterator[tuple[str, Told]]:
    facts = layer.models.get(id_)
    if facts is not None:
        for key, told in _facts(facts, layer.place, FACTS):
            yield key, told._replace(imported=layer.imported)


def _facts(entry: ModelEntry, place: str, keys: Iterable[str]) -> Iterator[tuple[str, Told]]:
    for key in keys:
        if key in entry.said:
            field = FIELDS.get(key, (key,))[0]
            value = getattr(entry, field, None)
            if key == "parameters_billion" and entry.parameters_confirmed is False:
                value = f"{value} (a rumor)"
            dated = key == "prices"
            source = entry.sources.get("prices.0" if dated else key)
            yield "price" if dated else key, Told(place, value, source)


def _declared(declared: Declaration) -> Iterator[tuple[str, Told]]:
    for key in DECLARED:
        value = getattr(declared, key)
        if value is not None:
            yield key, Told(f"declared as {declared.name}", value)
