"""Import facts of models from somebody else's data: run by the user, never by the network.

A source is read row by row; a row that is not the catalog's, or cannot be right, is left out, and
why is told.
"""

from __future__ import annotations

import re
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.catalog.collection import BUILT_IN
from llmroute.catalog.lost import lost
from llmroute.catalog.sanity import flaws
from llmroute.errors.guards import LARGEST_FACTS_BYTES
from llmroute.types.prices import Price

from . import genai_prices, litellm, models_dev, reading
from .prices import says_nothing_new, without_storage
from .rows import ID, NO_TABLE, Left, RowError
from .writing import Entry, fact_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from llmroute.catalog.entries import ModelEntry

    from .rows import Raw, Told

__all__ = ["SOURCES", "Imported", "import_facts", "providers_of"]

FREE = ":free"
"""How OpenRouter marks a model that costs nothing."""
CROWD = 3
"""So many hosts of a model make what it usually costs."""


class Source(NamedTuple):
    """How to read a file, to find its rows, and to read a row."""

    read: Callable[[Path], object]
    rows: Callable[[object, Path], Iterator[Raw]]
    told: Callable[[Raw], Told]
    providers: Collection[str]


SOURCES = {
    "models.dev": Source(
        models_dev.read, models_dev.rows, models_dev.told, models_dev.PROVIDERS.values()
    ),
    "genai-prices": Source(
        genai_prices.read, genai_prices.rows, genai_prices.told, genai_prices.PROVIDERS.values()
    ),
    "litellm": Source(reading.read_json, litellm.rows, litellm.told, litellm.PROVIDERS.values()),
}
"""What can be imported."""


class Imported(NamedTuple):
    """The text of the fact file, how many models it holds, and every row that was left out.

    `poorer` names the models whose price tells less than the catalog's, and what it leaves out.
    """

    text: str
    models: int
    rows: int
    left: tuple[Left, ...]
    poorer: tuple[tuple[str, tuple[str, ...]], ...] = ()


def providers_of(source: str) -> tuple[str, ...]:
    """Name the catalog's providers that a source may know."""
    return tuple(sorted(set(SOURCES[source].providers)))


def import_facts(source: str, path: Path, today: date, only: Collection[str] = ()) -> Imported:
    """Read a file of `source`; `only` names the providers that are wanted, empty: all.

    Raises:
        PolicyError: the file cannot be read, is not of that source, or tells more than a fact file
            holds.
    """
    reader = SOURCES[source]
    found = [_read(raw, reader) for raw in reader.rows(reader.read(path), path)]
    usual = _usual(found)
    entries: dict[str, Entry] = {}
    left: list[Left] = []
    for raw, told in found:
        try:
            entry = _entry(raw, _wanted(raw, told, only, entries), usual)
        except RowError as error:
            left.append(Left(raw.name[:200], error.reason, error.what))
        else:
            entries[entry.id] = entry
    text = fact_file(source, today, entries.values())
    if len(text) > LARGEST_FACTS_BYTES:
        what = f"its facts would fill more than {LARGEST_FACTS_BYTES // 1024} KiB: name providers"
        reading.refuse(path, what)
    poorer = tuple((id_, less) for id_, one in entries.items() if (less := _lost(one)))
    return Imported(text, len(entries), len(found), tuple(left), poorer)


def _lost(entry: Entry) -> tuple[str, ...]:
    """What the catalog's price tells of, and this one, which replaces it, does not."""
    provider, _, model = entry.id.partition("/")
    known = _known_at(provider, model)
    if entry.price is None or known is None or known.price is None:
        return ()
    return lost(entry.price, known.price)


def _read(raw: Raw, reader: Source) -> tuple[Raw, Told | RowError]:
    try:
        return raw, reader.told(raw)
    except RowError as error:
        return raw, error


def _wanted(
    raw: Raw, told: Told | RowError, only: Collection[str], entries: Mapping[str, Entry]
) -> Told:
    """What a row tells, of a model that is the catalog's; raises RowError."""
    if isinstance(told, RowError) and NO_TABLE in raw.values:
        raise told
    _check_asked(raw, only)
    if f"{raw.provider}/{raw.model}" in entries:
        raise RowError("again", f"{raw.provider}/{raw.model} stands there already")
    if isinstance(told, RowError):
        raise told
    return told


def _check_asked(raw: Raw, only: Collection[str]) -> None:
    """Raise RowError about a row of a model that the catalog has not, or nobody asked for."""
    if raw.provider is None:
        raise RowError("provider", "the catalog has no such provider")
    if only and raw.provider not in only:
        raise RowError("asked", f"{raw.provider} was not asked for")
    if not re.fullmatch(ID, raw.model):
        raise RowError("unreadable", "its id holds characters that no id has")
    if _known(raw) is None:
        raise RowError("model", f"the catalog has no such model of {raw.provider}")


def _known(raw: Raw) -> ModelEntry | None:
    """What the catalog itself says of the model of a row; None: it has none."""
    return _known_at(raw.provider or "", raw.model)


def _known_at(provider: str, model: str) -> ModelEntry | None:
    entry = BUILT_IN.provider(provider)
    return entry.model(model) if entry else None


def _entry(raw: Raw, told: Told, usual: Mapping[str, Price]) -> Entry:
    """What the file says of a model; raises RowError when its price cannot be right."""
    price = None if told.price is None else _price(raw, told, told.price, usual)
    facts = dict(_kept(raw, told))
    if not facts and price is None:
        raise RowError("nothing", "it tells nothing that the catalog does not")
    return Entry(f"{raw.provider}/{raw.model}", facts, price)


def _price(raw: Raw, told: Told, listed: Price, usual: Mapping[str, Price]) -> Price | None:
    """What a row says of the price; None when the catalog says so. Raises RowError."""
    price, known = without_storage(listed, raw), _known(raw)
    before = None if known is None else known.price
    free = raw.model.endswith(FREE)
    against = before or usual.get(_plain_name(raw.model))
    found = flaws(price, against, embeds=told.embeds, free=free)
    if found:
        raise RowError("gate", "; ".join(map(str, found[:3])))
    return None if before is not None and says_nothing_new(price, before) else price


def _kept(raw: Raw, told: Told) -> Iterator[tuple[str, object]]:
    """The facts that the catalog does not say already."""
    known = _known(raw)
    for theirs, value in told.facts.items():
        key = "context_tokens" if theirs == "input_tokens" else theirs
        here = getattr(known, key)
        ours = TAKEN[theirs](value, here, raw) if theirs in TAKEN else value
        if ours is not None and ours != here:
            yield key, ours


def _abilities(value: object, here: object, raw: Raw) -> object:
    """What a model can do, where the catalog does not list it: its host knows JSON and PDF."""
    entry = BUILT_IN.provider(raw.provider or "")
    if entry is None or raw.model in entry.models:
        return here
    told = frozenset(cast("tuple[str, ...]", value))
    if "embed" in told:
        return ("embed",)
    host = entry.abilities & {"documents", "json"}
    return tuple(sorted((told - {"documents"}) | host))


def _window(value: object, here: object, _: Raw) -> object:
    """The longest prompt stands for the window only where that is not known."""
    return value if here is None else here


def _successor(value: object, _: object, raw: Raw) -> object:
    """A successor that the catalog lists, at the same host."""
    entry = BUILT_IN.provider(raw.provider or "")
    name = str(value).rpartition("/")[2]
    return name if entry is not None and name in entry.models else None


TAKEN: dict[str, Callable[[object, object, Raw], object]] = {
    "abilities": _abilities,
    "input_tokens": _window,
    "replaced_by": _successor,
}
"""What is not taken as it is told: each is given that, what the catalog says, and the row."""


def _usual(found: Iterable[tuple[Raw, Told | RowError]]) -> dict[str, Price]:
    """What models cost at most hosts, by their plain names; the median of at least three."""
    seen: defaultdict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for raw, told in found:
        price = None if isinstance(told, RowError) else told.price
        if price is not None and not flaws(price, embeds=True):
            seen[_plain_name(raw.model)].append((price.input, price.output))
    return {name: _middle(rates) for name, rates in seen.items() if len(rates) >= CROWD}


def _middle(rates: list[tuple[Decimal, Decimal]]) -> Price:
    return Price(median(one for one, _ in rates), median(one for _, one in rates))


def _plain_name(model: str) -> str:
    return model.rpartition("/")[2].lower()
