"""`llmroute catalog`: which models are known, where each number comes from, what is old."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from llmroute.catalog.checking import findings
from llmroute.catalog.explain import explain
from llmroute.catalog.rates import hours_table
from llmroute.client.setup import read_policy
from llmroute.types.prices import Hours
from llmroute.types.tables import table, wrapped

from .failures import FAILED
from .models import catalog_ids, price_of, window_of
from .terminal import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llmroute.catalog.collection import Catalog
    from llmroute.catalog.explain import Fact, Told
    from llmroute.policies.files import PolicyFile

    from .arguments import Arguments

HEAD = ("window", "price", "license", "retires", "id")
WIDTH = 96
RETIRED = "retired"


def catalog(arguments: Arguments) -> int:
    """Run one of the commands of `llmroute catalog`; returns its exit code."""
    if arguments.action == "import":
        from .importing import import_catalog

        return import_catalog(arguments)
    policy = read_policy(arguments.policy)
    match arguments.action:
        case "list":
            return _list(policy)
        case "explain":
            return _explain(arguments, policy)
        case _ if arguments.against is not None:
            return _compare(arguments, policy, Path(arguments.against))
        case _:
            return _check(arguments, policy)


def _list(policy: PolicyFile) -> int:
    """Print every model that the catalog lists."""
    rows = [_row(id_, policy.catalog) for id_ in catalog_ids(policy.catalog)]
    units = "windows in tokens, prices in USD per million tokens, in/out"
    write(table(HEAD, rows, title=f"{len(rows)} models; {units}") + "\n")
    return 0


def _row(id_: str, known: Catalog) -> tuple[str, ...]:
    name, _, model = id_.partition("/")
    entry = known.provider(name)
    found = entry.model(model) if entry else None
    if entry is None or found is None:
        return ("", "", "", "", id_)
    price = "marginal" if entry.local and found.price is None else price_of(found.price)
    retires = str(found.retires_on or "")
    return (window_of(found.context_tokens), price, found.license or "", retires, id_)


def _explain(arguments: Arguments, policy: PolicyFile) -> int:
    """Print each fact of a model: what every layer says, which counts, and where it was read."""
    wanted = arguments.target
    declared = {one.name: one for one in policy.declarations}.get(wanted)
    id_ = {model.name: model.id for model in policy.models}.get(wanted, wanted)
    facts = explain(id_, policy.catalog, declared)
    if arguments.json:
        told = {"model": id_, "facts": [_as_dict(one) for one in facts]}
        write(json.dumps(told, indent=2) + "\n")
    else:
        title = id_ if declared is None else f"{wanted}: {id_}"
        write("\n".join([title, *(line for one in facts for line in _lines(one))]) + "\n")
    return 0


def _lines(fact: Fact) -> Iterator[str]:
    yield ""
    yield fact.name
    for at, told in enumerate(reversed(fact.told)):
        first, *rest = wrapped(f"{_shown(told.value)}", WIDTH) or [""]
        yield f"{'  ' if at else '->'}  {first}"
        yield from (f"    {line}" for line in rest)
        yield from (f"      {line}" for line in wrapped(_origin(told), WIDTH - 2))
        if told.lost:
            what = f"it leaves out what the price below tells of: {', '.join(told.lost)}"
            yield from (f"      {line}" for line in wrapped(what, WIDTH - 2))


def _origin(told: Told) -> str:
    """Name the layer, and where it read the number."""
    if told.imported is not None:
        return f"{told.layer}: imported from {told.imported[0]} on {told.imported[1]}"
    if told.source is None:
        return told.layer
    return f"{told.layer}: {told.source.title}, {told.source.checked_on}, {told.source.url}"


def _shown(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, list):
        return "; ".join(_shown(one) for one in cast("list[object]", plain))
    if isinstance(plain, dict):
        told = cast("dict[str, object]", plain).items()
        return ", ".join(f"{key} {_nested(one)}" for key, one in told if not _goes_unsaid(key, one))
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return str(plain)


def _goes_unsaid(key: str, value: object) -> bool:
    """Whether it says nothing: what is not known, and what follows from the rest of a price."""
    return value is None or key == "is_dated" or (key == "marginal" and value is False)


def _nested(plain: object) -> str:
    """A list inside of a fact, such as tiers, in brackets: (batch 0.5; flex 0.5)."""
    rows = _items(plain)
    if any(isinstance(one, list | dict) for one in rows):
        return f"({'; '.join(' '.join(map(_shown, _items(one))) or _shown(one) for one in rows)})"
    return _shown(plain)


def _items(plain: object) -> list[object]:
    return cast("list[object]", plain) if isinstance(plain, list) else []


def _plain(value: object) -> object:
    """A value as JSON has it; decimals and dates as they are written."""
    if isinstance(value, Decimal | date):
        return str(value)
    if hasattr(value, "_asdict") or hasattr(value, "__dataclass_fields__"):
        return {name: _plain(one) for name, one in _fields(value)}
    if isinstance(value, frozenset):
        return sorted(cast("frozenset[str]", value))
    if isinstance(value, tuple | list):
        return [_plain(one) for one in cast("tuple[object, ...]", value)]
    return value


def _fields(value: object) -> Iterable[tuple[str, object]]:
    """The fields that say something; hours as files write them."""
    if isinstance(value, Hours):
        return hours_table(value).items()
    named = cast("tuple[str, ...] | None", getattr(value, "_fields", None))
    fields = cast("Mapping[str, object]", getattr(value, "__dataclass_fields__", {}))
    told = ((one, getattr(value, one)) for one in (tuple(fields) if named is None else named))
    return [(name, one) for name, one in told if one not in (None, "", ())]


def _as_dict(fact: Fact) -> dict[str, object]:
    layers = [_layer(told, won=told is fact.told[-1]) for told in fact.told]
    return {"fact": fact.name, "value": _plain(fact.told[-1].value), "layers": layers}


def _layer(told: Told, *, won: bool) -> dict[str, object]:
    layer: dict[str, object] = {"layer": told.layer, "value": _plain(told.value), "won": won}
    if told.source is not None:
        layer["source"] = _plain(told.source)
    if told.lost:
        layer["lost"] = list(told.lost)
    if told.imported is not None:
        layer["imported"] = {"from": told.imported[0], "on": str(told.imported[1])}
    return layer


def _check(arguments: Arguments, policy: PolicyFile) -> int:
    """Print what should be looked after; a retired model alone is as it should be."""
    found = findings(policy.catalog, datetime.now(UTC).date(), arguments.days)
    if arguments.json:
        write(json.dumps([one._asdict() for one in found], indent=2) + "\n")
    else:
        rows = [(one.kind, one.about, one.what) for one in found]
        write(table(("kind", "about", "what"), rows) + "\n" if rows else "nothing is old\n")
    return FAILED if any(one.kind != RETIRED for one in found) else 0


def _compare(arguments: Arguments, policy: PolicyFile, file: Path) -> int:
    """Print where a fact file and the catalog differ; returns 1 when they do."""
    from llmroute.catalog.differing import differences

    found = differences(policy.catalog, file, datetime.now(UTC).date())
    if arguments.json:
        told = [{key: _plain(value) for key, value in one._asdict().items()} for one in found]
        write(json.dumps(told, indent=2) + "\n")
    else:
        rows = [(_shown(one.catalog), _shown(one.file), one.fact, one.model) for one in found]
        head = ("catalog", "file", "fact", "model")
        write(table(head, rows) + "\n" if rows else "they do not differ\n")
    return FAILED if found else 0
