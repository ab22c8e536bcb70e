"""Write what was imported as a fact file, with the notice of whose data it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.catalog.rates import as_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llmroute.types.prices import Price

HOLDERS = {
    "litellm": ("Copyright (c) 2023 Berri AI", "https://github.com/BerriAI/litellm"),
    "models.dev": ("Copyright (c) 2025 models.dev", "https://github.com/anomalyco/models.dev"),
    "genai-prices": (
        "Copyright (c) Pydantic Services Inc. 2025 to present",
        "https://github.com/pydantic/genai-prices",
    ),
}
"""Who holds the rights in each source, and where it is; all are under the MIT license."""
MIT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


class Entry(NamedTuple):
    """What a fact file says of a model: facts by their keys, and the price."""

    id: str
    facts: Mapping[str, object]
    price: Price | None


def fact_file(source: str, today: date, entries: Iterable[Entry]) -> str:
    """The whole file, its models in order."""
    head = [*_notice(source), "[imported]", f'from = "{source}"', f"on = {today}", ""]
    models = [line for entry in sorted(entries) for line in _model(entry)]
    return "\n".join([*head, *models])


def _notice(source: str) -> Iterator[str]:
    holder, place = HOLDERS[source]
    yield f"# Imported by `llmroute catalog import` from the data of {place}, which is under the"
    yield "# MIT license:"
    yield "#"
    for line in [holder, "", *MIT.splitlines()]:
        yield f"# {line}".rstrip()
    yield ""


def _model(entry: Entry) -> Iterator[str]:
    table = f'models."{entry.id}"'
    price, facts = entry.price, dict(entry.facts)
    if price is not None and not price.is_dated:
        facts["price"] = as_table(price)
    yield from _table(f"[{table}]", facts)
    if price is not None and price.is_dated:
        for row in price.rows:
            yield from _table(f"[[{table}.prices]]", as_table(row))


def _table(head: str, values: Mapping[str, object]) -> Iterator[str]:
    yield head
    yield from (f"{key} = {_written(value)}" for key, value in values.items())
    yield ""


def _written(value: object) -> str:
    """A value in TOML, on one line; words are those that hold nothing to escape."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | date):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict):
        told = cast("dict[str, object]", value)
        return "{ " + ", ".join(f"{key} = {_written(one)}" for key, one in told.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(one) for one in cast('list[object]', value))}]"
    return f'"{value}"'
