"""Nulls that stand for what was left out.

Strict schemas have no optional properties: what may be missing may be null instead. Models without
a strict schema write null for it as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from .check import Visit
from .kinds import is_list, is_table
from .pointers import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .kinds import Table

MOST_STEPS = 10_000
"""How many pairs of schema and value are looked at."""


def without_nulls(schema: Mapping[str, object], value: object) -> object:
    """Leave out the properties that are null, need not be there, and may not be null."""
    try:
        return _Pruning(schema).prune(schema, value)
    except re.error:  # a pattern of pydantic's that Python does not know
        return value


class _Pruning:
    """One walk through a value and its schema; beyond `MOST_STEPS` nothing is left out."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._steps = 0

    def prune(self, schema: object, value: object) -> object:
        """A copy of the value without the nulls."""
        self._steps += 1
        if not is_table(schema) or self._steps > MOST_STEPS:
            return value
        value = self._in_place(schema, value)
        if is_table(value):
            return self._object(schema, value)
        if is_list(value):
            return self._array(schema, value)
        return value

    def _in_place(self, table: Table, value: object) -> object:
        """Prune by the schemas that look at the same value."""
        if "$ref" in table:
            value = self.prune(resolved(self._root, cast("str", table["$ref"])), value)
        for one in cast("list[object]", table.get("allOf", [])):
            value = self.prune(one, value)
        for name in ("anyOf", "oneOf"):
            value = self._alternative(cast("list[object]", table.get(name, [])), value)
        return value

    def _alternative(self, schemas: Iterable[object], value: object) -> object:
        """Prune by the first schema that the value fits afterwards."""
        for one in schemas:
            pruned = self.prune(one, value)
            if self._fits(one, pruned):
                return pruned
        return value

    def _object(self, table: Table, fields: Table) -> Table:
        named = cast("Table", table.get("properties", {}))
        required = cast("list[str]", table.get("required", []))
        others = table.get("additionalProperties", True)
        kept: Table = {}
        for name, item in fields.items():
            schema = named.get(name, others)
            optional = name in named and name not in required
            if not (item is None and optional and not self._fits(schema, None)):
                kept[name] = self.prune(schema, item)
        return kept

    def _array(self, table: Table, items: list[object]) -> list[object]:
        first = cast("list[object]", table.get("prefixItems", []))
        rest = table.get("items", True)
        return [
            self.prune(first[place] if place < len(first) else rest, item)
            for place, item in enumerate(items)
        ]

    def _fits(self, schema: object, value: object) -> bool:
        return Visit(self._root).fits(cast("Table", schema), value, ())
