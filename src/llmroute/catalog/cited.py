"""Readers of words and of cited numbers, which the files of providers and of weights share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from llmroute.errors.problems import nearest

from .entries import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from decimal import Decimal

    from llmroute.errors.reading import Table

Value = TypeVar("Value")
MOST = 100_000_000
"""The largest count that is believed."""


def text_of(table: Table, key: str, otherwise: str) -> str:
    """Read a string; `otherwise` when there is none."""
    return table.text(key) or otherwise


def words_of(table: Table, key: str, known: Iterable[str]) -> tuple[str, ...] | None:
    """Read an array of words that all are `known`."""
    given = table.texts(key)
    for word in given or ():
        if word not in known:
            table.problem(key, f"{word!r} is not a value of it", nearest(word, known))
    return given


def set_of(
    table: Table, key: str, known: Iterable[str], otherwise: Iterable[str]
) -> frozenset[str]:
    """Read an array of `known` words, in any order."""
    given = words_of(table, key, known)
    return frozenset(otherwise if given is None else given)


def read_sources(tables: Table) -> dict[str, Source]:
    """Read [sources.NAME], where numbers were read."""
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


class Cited:
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
        if fact is not None:
            self.cite(fact, key)
        return fact

    def cite(self, fact: Table, key: str) -> Source | None:
        """Note the source of a fact that is told under `key`; None when it needs none."""
        name = fact.text("source") or ""
        if self.known is None:
            return None
        if name in self.known:
            self.sources[key] = self.known[name]
            return self.known[name]
        fact.problem("source", "it must name one of [sources]")
        return None

    def alone(self, key: str) -> bool:
        """Whether a number stands without a source, and may."""
        return self.known is None and not isinstance(self.table.values.get(key), Mapping)

    def whole(self, key: str) -> int | None:
        """Take a cited count."""
        return self._value(key, lambda table, name: table.whole(name, 1, MOST))

    def day(self, key: str) -> date | None:
        """Take a cited date."""
        return self._value(key, lambda table, name: table.day(name))

    def number(self, key: str, most: str) -> Decimal | None:
        """Take a cited number above 0."""
        return self._value(key, lambda table, name: table.number(name, "0", most, above=True))

    def _value(self, key: str, take: Callable[[Table, str], Value | None]) -> Value | None:
        """Take a value that stands alone, where it may, or beside its source."""
        if self.alone(key):
            return take(self.table, key)
        fact = self.fact(key)
        if fact is None:
            return None
        value = take(fact, "value")
        fact.done()
        return value
