"""The strict subset of JSON Schema that OpenAI's wire takes, and compatible servers after it.

Rules and limits as OpenAI's guide to structured outputs lists them (as of February 2026): every
object closed, every property required, a few keywords, 10 levels of objects, 5,000 properties.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from .check import Visit
from .kinds import is_list, is_table
from .limits import within_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .kinds import Table

WORDS = {
    "kept": "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems "
    "maxItems",
    "told": "minLength maxLength uniqueItems minProperties maxProperties propertyNames",
    "formats": "date-time time date duration email hostname ipv4 ipv6 uuid",
    "notes": "$comment $id $schema default deprecated description discriminator example examples "
    "readOnly title writeOnly",
    "never": "not if then else dependentRequired dependentSchemas patternProperties prefixItems "
    "contains minContains maxContains",
}
"""Keywords that are kept, told in the description, or decide nothing; formats that are kept; and
keywords without which a schema would mean something else."""
_KEPT, _TOLD, _FORMATS, _NOTES, _NEVER = (set(words.split()) for words in WORDS.values())


MOST_KNOWN = 256
_known: dict[int, tuple[Mapping[str, object], Table | None]] = {}
"""Strict forms by the identity of the schema, which is kept so that no other gets it."""


class _LooseError(Exception):
    """A schema has no strict form."""


def strict_schema(schema: Mapping[str, object]) -> dict[str, object] | None:
    """Rewrite a schema in the strict subset; None when it has no such form.

    The schema is one of ours, which never changes: the second time the answer is looked up, and is
    not to be changed either. Properties that may be left out become required and may be null:
    `OutputSpec.read` and the checks of tools understand that. Bounds that the subset does not have
    are told in the description; they are checked afterwards all the same.
    """
    known = _known.get(id(schema))
    if known is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        known = _known[id(schema)] = (schema, _rewritten(schema))
    return known[1]


def _rewritten(schema: Mapping[str, object]) -> Table | None:
    try:
        strict = _Rewriting(schema).root()
    except (_LooseError, RecursionError):
        return None
    return strict if within_limits(strict) else None


class _Rewriting:
    """One rewriting of a whole schema."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root

    def root(self) -> Table:
        """Rewrite the root, which must be an object, and its definitions."""
        strict = self.schema({name: one for name, one in self._root.items() if name != "$defs"})
        if strict.get("type") != "object":
            raise _LooseError
        definitions = cast("Table", self._root.get("$defs", {}))
        if definitions:
            strict["$defs"] = {name: self.schema(one) for name, one in definitions.items()}
        return strict

    def schema(self, schema: object) -> Table:
        """Rewrite one schema; raises _LooseError when it cannot be."""
        if not is_table(schema) or not _NEVER.isdisjoint(schema):
            raise _LooseError
        if "$ref" in schema:
            return self._reference(schema)
        if "allOf" in schema:
            return self._merged(schema)
        strict, told = _of(schema, _KEPT), _of(schema, _TOLD)
        _words(schema, strict, told)
        for name in _of(schema, {"anyOf", "oneOf"}):
            strict["anyOf"] = [self.schema(one) for one in cast("list[object]", schema[name])]
        self._members(schema, strict)
        return _described(strict, schema, told)

    def _reference(self, table: Table) -> Table:
        """Keep a reference, without its notes, which may not stand beside it."""
        reference = str(table["$ref"])
        named = reference.startswith("#/$defs/") and reference.count("/") == len("//")
        if set(table) - _NOTES - {"$ref"} or not (named or reference == "#"):
            raise _LooseError
        return {"$ref": reference}

    def _merged(self, table: Table) -> Table:
        """Rewrite a schema and the one in its allOf as one."""
        one, *others = cast("list[object]", table["allOf"])
        rest = {name: value for name, value in table.items() if name != "allOf"}
        if others or not is_table(one) or set(rest) - _NOTES:
            raise _LooseError
        return self.schema({**one, **rest})

    def _members(self, table: Table, strict: Table) -> None:
        """Rewrite what is inside; raises _LooseError for what may hold anything."""
        kinds = _kinds(table)
        if not kinds and not {"enum", "const", "anyOf"} & set(strict):
            raise _LooseError
        if "object" in kinds:
            strict |= self._object(table)
        if "array" in kinds:
            strict["items"] = self.schema(table.get("items"))

    def _object(self, table: Table) -> Table:
        """Close an object that does not ask to be open, and require all of its properties."""
        named = cast("Table", table.get("properties", {}))
        if table.get("additionalProperties", not named) is not False:
            raise _LooseError
        required = cast("list[str]", table.get("required", []))
        if any(name not in named for name in required):
            raise _LooseError
        properties = {
            name: self.schema(one) if name in required else self._nullable(one)
            for name, one in named.items()
        }
        return {"properties": properties, "required": [*named], "additionalProperties": False}

    def _nullable(self, schema: object) -> Table:
        """Let a property be null that might be left out."""
        strict = self.schema(schema)
        if Visit(self._root).fits(cast("Table", schema), None, ()):
            return strict
        if set(strict) <= {"anyOf", "description"}:
            return {**strict, "anyOf": [*cast("list[object]", strict["anyOf"]), {"type": "null"}]}
        return {"anyOf": [strict, {"type": "null"}]}


def _described(strict: Table, table: Table, told: Table) -> Table:
    """Add the description, and in it what the subset cannot say."""
    words = [str(table["description"])] if "description" in table else []
    if told:
        words.append(json.dumps(told, ensure_ascii=False))
    return {**strict, "description": " ".join(words)} if words else strict


def _words(table: Table, strict: Table, told: Table) -> None:
    """Keep the formats and patterns that are taken; tell the others."""
    if "format" in table:
        (strict if table["format"] in _FORMATS else told)["format"] = table["format"]
    if "pattern" in table:  # no look-around
        (told if "(?" in str(table["pattern"]) else strict)["pattern"] = table["pattern"]


def _of(table: Table, names: set[str]) -> Table:
    return {name: one for name, one in table.items() if name in names}


def _kinds(table: Table) -> list[object]:
    kind = table.get("type", [])
    return kind if is_list(kind) else [kind]
