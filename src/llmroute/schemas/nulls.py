"""Nulls that stand for what was left out.

Strict schemas have no optional properties: what may be missing may be null instead. Models without
a strict schema write null for it as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from .check import Visit
from .kinds import is_list, is_table
from .known import subschemas
from .pointers import resolved
from .scalars import type_misfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .kinds import Table
    from .pointers import At
    from .scalars import Schema

MOST_STEPS = 100_000
"""How many members of values are looked at, once for each schema that they are held against."""


class _EndlessError(Exception):
    """There is more to look at than `MOST_STEPS`."""


def without_nulls(schema: Mapping[str, object], value: object) -> object:
    """Leave out the properties that are null, need not be there, and may not be null.

    Where telling them apart takes too long, every null goes whose name is optional anywhere.
    """
    try:
        return _Pruning(schema).prune(schema, value)
    except re.error:  # a pattern of pydantic's that Python does not know
        return value
    except (_EndlessError, RecursionError):
        return _bare(value, _optional(schema))


class _Fits(Visit):
    """A walk that holds a value against a schema once, wherever they meet again."""

    def __init__(self, root: Mapping[str, object]) -> None:
        super().__init__(root)
        self._known: dict[tuple[int, int], tuple[object, object, str | None]] = {}

    def check(self, schema: Schema | bool, value: object, at: At) -> str | None:
        """The first misfit; its place is that of the first meeting."""
        if not (is_table(value) or is_list(value)):
            return super().check(schema, value, at)
        key = (id(schema), id(value))
        if key not in self._known:  # both are kept, so that nothing else gets their ids
            self._known[key] = (schema, value, super().check(schema, value, at))
        return self._known[key][2]


class _Pruning:
    """One walk through a value and its schema; raises _EndlessError beyond `MOST_STEPS`."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._steps = 0
        self._visit = _Fits(root)
        self._pruned: dict[tuple[int, int], tuple[object, object, object]] = {}

    def prune(self, schema: object, value: object) -> object:
        """The value without the nulls: itself where there are none, else a copy."""
        if not is_table(schema) or not (is_table(value) or is_list(value)):
            return value
        key = (id(schema), id(value))
        if key not in self._pruned:
            self._steps += 1 + len(value)
            if self._steps > MOST_STEPS:
                raise _EndlessError
            self._pruned[key] = (schema, value, self._anew(schema, value))
        return self._pruned[key][2]

    def _anew(self, table: Table, value: object) -> object:
        value = self._in_place(table, value)
        if is_table(value):
            return self._object(table, value)
        return self._array(table, value) if is_list(value) else value

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
            if not self._is_out(one, value):
                pruned = self.prune(one, value)
                if self._fits(one, pruned):
                    return pruned
        return value

    def _is_out(self, schema: object, value: object) -> bool:
        """Whether a look at the type, at what is required and at constants tells that it misfits.

        Leaving members out cannot mend that.
        """
        if not is_table(schema):
            return schema is False
        if "$ref" in schema:
            return self._is_out(resolved(self._root, cast("str", schema["$ref"])), value)
        kinds = cast("str | list[str]", schema.get("type", []))
        if kinds and type_misfit(kinds, value, ()) is not None:
            return True
        return is_table(value) and self._is_other(schema, value)

    def _is_other(self, table: Table, fields: Table) -> bool:
        """Whether a member is missing, or is none of the values that it must be."""
        required = cast("list[str]", table.get("required", []))
        return any(name not in fields for name in required) or any(
            is_table(one)
            and not {"const", "enum"}.isdisjoint(one)
            and fields.get(name) is not None
            and not self._fits(one, fields[name])
            for name, one in cast("Table", table.get("properties", {})).items()
        )

    def _object(self, table: Table, fields: Table) -> Table:
        named = cast("Table", table.get("properties", {}))
        required = cast("list[str]", table.get("required", []))
        others = table.get("additionalProperties", True)
        kept: Table = {}
        optional = named.keys() - set(required)
        for name, item in fields.items():
            schema = named.get(name, others)
            if item is not None or name not in optional or self._fits(schema, None):
                kept[name] = self.prune(schema, item)
        same = len(kept) == len(fields) and all(map(_is, kept.values(), fields.values()))
        return fields if same else kept

    def _array(self, table: Table, items: list[object]) -> list[object]:
        first = cast("list[object]", table.get("prefixItems", []))
        rest = table.get("items", True)
        kept = [
            self.prune(first[place] if place < len(first) else rest, item)
            for place, item in enumerate(items)
        ]
        return items if all(map(_is, kept, items)) else kept

    def _fits(self, schema: object, value: object) -> bool:
        return self._visit.fits(cast("Table", schema), value, ())


def _is(one: object, other: object) -> bool:
    return one is other


def _optional(root: Mapping[str, object]) -> set[str]:
    """The names that a schema, or one inside it, declares and does not require."""
    names: set[str] = set()
    due: list[object] = [root]
    while due:
        schema = due.pop()
        if is_table(schema):
            due += [one for _, one in subschemas(schema)]
            named, required = schema.get("properties", {}), schema.get("required", [])
            names |= set(cast("Table", named)).difference(cast("list[str]", required))
    return names


def _bare(value: object, names: set[str]) -> object:
    """A copy without the nulls of these names."""
    if is_list(value):
        return [_bare(item, names) for item in value]
    if not is_table(value):
        return value
    return {
        name: _bare(item, names)
        for name, item in value.items()
        if item is not None or name not in names
    }
