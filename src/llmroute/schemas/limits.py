"""How large and how deep a schema is."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, cast

from .kinds import is_table
from .known import subschemas
from .pointers import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .kinds import Table

DEFINED = ("$defs", "definitions")
MOST_PROPERTIES = 5_000
MOST_OBJECTS = 10
MOST_ENUM_VALUES = 1_000
MOST_CHARACTERS = 120_000
LONG_ENUM, MOST_ENUM_CHARACTERS = 250, 15_000
"""Limits of OpenAI's strict schemas; a string enum of more than 250 values has one of its own."""


def within_limits(schema: Mapping[str, object]) -> bool:
    """Whether a schema is as small as OpenAI's strict ones must be."""
    tables = list(walk(schema))
    properties = [name for table in tables for name in _of(table, "properties")]
    enums = [cast("list[object]", table.get("enum", [])) for table in tables]
    words = [*properties, *_of(tables[0], "$defs"), *_constants(tables)]
    words += chain.from_iterable(enums)
    return (
        len(properties) <= MOST_PROPERTIES
        and sum(map(len, enums)) <= MOST_ENUM_VALUES
        and sum(map(len, map(str, words))) <= MOST_CHARACTERS
        and all(map(_is_short, enums))
        and object_levels(schema) <= MOST_OBJECTS
    )


def _constants(tables: list[Table]) -> list[object]:
    return [table["const"] for table in tables if "const" in table]


def object_levels(schema: Mapping[str, object]) -> int:
    """How many objects lie inside each other at most; one that holds itself counts once."""
    return _Levels(schema).count


def loops(schema: Mapping[str, object]) -> bool:
    """Whether a schema holds itself other than within properties that may be left out."""
    try:
        return _Loops(schema).found
    except RecursionError:
        return True


def walk(schema: object) -> Iterator[Table]:
    """Every schema in a schema, itself included."""
    if is_table(schema):
        yield schema
        for _, inner in subschemas(schema):
            yield from walk(inner)


def _of(table: Table, name: str) -> Table:
    return cast("Table", table.get(name, {}))


def _is_short(enum: list[object]) -> bool:
    texts = [one for one in enum if isinstance(one, str)]
    return len(texts) <= LONG_ENUM or sum(map(len, texts)) <= MOST_ENUM_CHARACTERS


class _Levels:
    """Levels of objects, with references followed once."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._known: dict[int, int] = {}
        self._open: set[int] = set()
        self.count = self._levels(root)

    def _levels(self, schema: object) -> int:
        if not is_table(schema):
            return 0
        table = schema
        if id(table) in self._open:
            return 0
        if id(table) not in self._known:
            self._open.add(id(table))
            inner = [one for place, one in subschemas(table) if place[0] not in DEFINED]
            if isinstance(table.get("$ref"), str):
                inner.append(resolved(self._root, cast("str", table["$ref"])))
            deepest = max(map(self._levels, inner), default=0)
            self._known[id(table)] = deepest + ("properties" in table)
            self._open.discard(id(table))
        return self._known[id(table)]


class _Loops:
    """Ways from a schema to the ones that its values must or may hold, but for what is optional."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._open: set[int] = set()
        self._done: set[int] = set()
        self.found = self._returns(root)

    def _returns(self, schema: object) -> bool:
        if not is_table(schema) or id(schema) in self._done:
            return False
        if id(schema) in self._open:
            return True
        self._open.add(id(schema))
        found = any(map(self._returns, self._inner(schema)))
        self._open.discard(id(schema))
        self._done.add(id(schema))
        return found

    def _inner(self, table: Table) -> list[object]:
        required = cast("list[object]", table.get("required", []))
        inner = [
            one
            for place, one in subschemas(table)
            if place[0] not in DEFINED and (place[0] != "properties" or place[1] in required)
        ]
        return [*inner, resolved(self._root, str(table.get("$ref", "")))]
