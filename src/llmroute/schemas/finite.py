"""Whether any finite value fits a schema: one that must hold itself again and again has none.

Only what is sure is refused: a schema whose keywords leave room for doubt has a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.errors import RequestError

from .kinds import is_list, is_table
from .known import Flaw, subschemas
from .pointers import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .kinds import Table
    from .pointers import At

WHAT = "has no end: whatever fits it holds another one of its kind"
HINT = "Let it be left out, be null, or be a list that may be empty"


def check_finite(schema: Mapping[str, object], where: str) -> None:
    """Refuse a schema that no finite value fits; raises RequestError."""
    found = endless(schema)
    if found is not None:
        raise RequestError(f"in its schema, {found}", where=where, hint=found.hint)


def endless(schema: Mapping[str, object]) -> Flaw | None:
    """The reference that makes a schema endless; None when some finite value fits it."""
    return _Search(schema).flaw()


class _Search:
    """A search for the schemas that some finite value fits: from those that surely have one, up."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = cast("Table", root)
        self._tables: dict[int, tuple[At, Table]] = {}
        self._finite: set[int] = set()
        self._collect()

    def flaw(self) -> Flaw | None:
        """The reference that leads on without end."""
        while self._grow():
            pass
        if id(self._root) in self._finite:
            return None
        places = (at for at, table in self._left() if at and "$ref" in table)
        return Flaw(next(places, ()), WHAT, HINT)

    def _grow(self) -> bool:
        """Add the schemas that have a value by what is known now; whether there are any."""
        new = {id(table) for _, table in self._left() if self._has_value(table)}
        self._finite |= new
        return bool(new)

    def _left(self) -> list[tuple[At, Table]]:
        return [one for one in self._tables.values() if id(one[1]) not in self._finite]

    def _collect(self) -> None:
        """Note every schema with its place: those inside, and those that references lead to."""
        waiting: list[tuple[At, object]] = [((), self._root)]
        while waiting:
            at, table = waiting.pop()
            if not is_table(table) or id(table) in self._tables:
                continue
            self._tables[id(table)] = at, table
            waiting += [((*at, *place), one) for place, one in reversed(subschemas(table))]
            if isinstance(table.get("$ref"), str):
                waiting.insert(0, (at, resolved(self._root, str(table["$ref"]))))

    def _known(self, schema: object) -> bool:
        """Whether a value of this schema is known by now; what allows nothing is no matter here."""
        return not is_table(schema) or id(schema) in self._finite

    def _has_value(self, table: Table) -> bool:
        if "const" in table or "enum" in table:
            return True
        target = resolved(self._root, str(table.get("$ref", "")))
        if not all(map(self._known, [target, *_list(table, "allOf")])):
            return False
        if not (self._has_branch(table, "anyOf") and self._has_branch(table, "oneOf")):
            return False
        kinds = table.get("type")
        kinds = kinds if is_list(kinds) else [kinds]
        return any(self._has_kind(table, kind) for kind in kinds)

    def _has_branch(self, table: Table, name: str) -> bool:
        return name not in table or any(map(self._known, _list(table, name)))

    def _has_kind(self, table: Table, kind: object) -> bool:
        """Whether a value of this type is known."""
        if kind == "object":
            return all(map(self._known, _required(table)))
        return kind != "array" or all(map(self._known, _items(table)))


def _required(table: Table) -> Iterable[object]:
    """The schemas of the properties that an object must have."""
    named = cast("Table", table.get("properties", {}))
    others = True if "patternProperties" in table else table.get("additionalProperties", True)
    return [named.get(str(name), others) for name in _list(table, "required")]


def _items(table: Table) -> list[object]:
    """The schemas of the items that an array must have."""
    least = cast("int", table.get("minItems", 0))
    first = _list(table, "prefixItems")[:least]
    rest = [table.get("items", True)] if least > len(first) else []
    held = "contains" in table and table.get("minContains", 1) != 0
    return [*first, *rest, *([table["contains"]] if held else [])]


def _list(table: Table, name: str) -> list[object]:
    value = table.get(name)
    return value if is_list(value) else []
