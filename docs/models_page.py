# ruff: noqa: INP001 - a script that stands beside the pages
"""The page of models: what the catalog says of each; docs/generate.py writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.catalog.data import names
from llmroute.catalog.entries import provider, provider_names
from llmroute.catalog.families import FOLDER, base_licenses, weights_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from llmroute.catalog.entries import ModelEntry, ProviderEntry
    from llmroute.types.prices import Price

HEAD = """\
# Models

<!-- written by docs/generate.py; change providers/*.toml and providers/weights/*.toml -->

What the catalog says of each model. Windows and longest answers are in tokens, prices in USD per
million tokens, input and output, as of the day on which the newest of the provider's numbers was
read; tiers, cached tokens and other days are left out here. What is empty is unknown, not 0. A
model that has retired is refused. Sources of a model's numbers: `llmroute catalog explain MODEL`
([Where numbers come from](where-numbers-come-from.md)). A model that is not here: [Adding a
model](adding-a-model.md).
"""

COLUMNS = """
| model | window | answer | input / output | license | released | retires |
|---|---|---|---|---|---|---|
"""

WEIGHTS = """
## Open weights

What is true of open weights wherever they run: as a GGUF file of that name in this process, at a
server of yours, or at a host whose row names them. Parameters are in billions, in parentheses
those that one token passes through; tokens of training in billions.

| weights | window | parameters | training | license | released | knows until |
|---|---|---|---|---|---|---|
"""


def models_page() -> str:
    """The page of models: a table for each provider that has rows, and one of open weights."""
    entries = [provider(name) for name in provider_names()]
    sections = [_section(entry) for entry in entries if entry is not None and entry.models]
    return HEAD + "".join(sections) + WEIGHTS + "".join(_weights())


def _section(entry: ProviderEntry) -> str:
    """One provider's table."""
    found = {id_: model for id_ in entry.models if (model := entry.model(id_)) is not None}
    days = [one.checked_on for model in found.values() for one in model.sources.values()]
    rows = [_row(id_, model, max(days), local=entry.local) for id_, model in found.items()]
    return f"\n## {entry.name}\n{COLUMNS}" + "".join(rows)


def _row(id_: str, model: ModelEntry, day: date, *, local: bool) -> str:
    price = "marginal" if local and model.price is None else _price(model.price, day)
    cells = (_count(model.context_tokens), _count(model.max_output_tokens), price)
    return _line(id_, *cells, _licenses(model), model.released, model.retires_on)


def _price(price: Price | None, day: date) -> str:
    """What input and output cost on a day; of a price of other days, its last row."""
    row = None if price is None else price.on(day) or price.rows[-1]
    return "" if row is None else f"{_number(row.input)} / {_number(row.output)}"


def _weights() -> Iterator[str]:
    for name in names(FOLDER):
        for id_, model in weights_of(f"{FOLDER}/{name}.toml").items():
            size, active = model.parameters_billion, model.active_parameters_billion
            sizes = _number(size) + (f" ({_number(active)})" if active is not None else "")
            cells = (_count(model.context_tokens), sizes, _number(model.training_tokens_billion))
            yield _line(id_, *cells, _licenses(model), model.released, model.knowledge_cutoff)


def _licenses(model: ModelEntry) -> str:
    """The license of the weights, and those of what they were made of."""
    known = (model.license, *base_licenses(model.base_models))
    return ", ".join(dict.fromkeys(one for one in known if one is not None))


def _line(id_: str, *cells: object) -> str:
    told = ("" if cell is None else str(cell) for cell in cells)
    return f"| {' | '.join((f'`{id_}`', *told))} |\n"


def _count(tokens: int | None) -> str:
    return "" if tokens is None else f"{tokens:,}"


def _number(number: Decimal | None) -> str:
    """Write a number without exponent, and without zeros at its end."""
    plain = "" if number is None else f"{number:,f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
