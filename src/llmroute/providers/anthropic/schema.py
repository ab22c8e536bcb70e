"""JSON Schemas as the Messages API takes them: every object closed, few constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..shapes import Json

KEPT = ("type", "title", "description", "enum", "const", "required")
GROUPS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
DECIDING = {"type", "enum", "const", "anyOf", "allOf"}
FORMATS = frozenset(
    {
        *("date-time", "time", "date", "duration"),
        *("email", "hostname", "uri", "ipv4", "ipv6", "uuid"),
    }
)
# What is read elsewhere, or says nothing to a model.
SILENT = frozenset({*KEPT, *GROUPS, "$defs", "properties", "additionalProperties", "items"}) | {
    "default",
    "examples",
    "$schema",
    "$id",
}


class OpenSchemaError(ValueError):
    """A schema that cannot be closed: recursive, or with objects of any keys."""


def closed(schema: Mapping[str, object]) -> Json | None:
    """Close a schema; None when the API cannot hold an answer to it.

    Constraints that the API does not know go into the description: the answer is checked anyway.
    """
    try:
        return _Closer(schema).close(schema, ())
    except OpenSchemaError:
        return None


class _Closer:
    """Closes a schema, and what it refers to."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._sound: set[str] = set()

    def close(self, schema: object, above: tuple[str, ...]) -> Json:
        """Close one schema; `above` are the references that led here."""
        if not isinstance(schema, dict) or not schema:
            raise OpenSchemaError
        fields = cast("Json", schema)
        if "$ref" in fields:
            return self._reference(str(fields["$ref"]), above) | self._inner(fields, above)
        result: Json = {name: fields[name] for name in KEPT if name in fields}
        result |= self._inner(fields, above)
        if "object" in _types(fields) or "properties" in fields:
            result |= self._object(fields, above)
        _constrain(fields, result)
        return result

    def _inner(self, fields: Json, above: tuple[str, ...]) -> Json:
        """Close what stands in a schema beside its properties."""
        result: Json = {}
        for name, ours in GROUPS.items():
            if name in fields:
                result[ours] = [self.close(one, above) for one in _items(fields[name])]
        if "items" in fields:
            result["items"] = self.close(fields["items"], above)
        if isinstance(fields.get("$defs"), dict):
            named = cast("Json", fields["$defs"])
            result["$defs"] = {name: self.close(one, (*above, name)) for name, one in named.items()}
        return result

    def _reference(self, reference: str, above: tuple[str, ...]) -> Json:
        name = reference.removeprefix("#/$defs/")
        target = cast("Json", self._root.get("$defs") or {}).get(name)
        if name in above or target is None:
            raise OpenSchemaError
        if name not in self._sound:
            self.close(target, (*above, name))
            self._sound.add(name)
        return {"$ref": reference}

    def _object(self, fields: Json, above: tuple[str, ...]) -> Json:
        properties = fields.get("properties")
        more = fields.get("additionalProperties", False)
        if not isinstance(properties, dict) or more is not False or "patternProperties" in fields:
            raise OpenSchemaError
        named = cast("Json", properties)
        inner: Json = {name: self.close(one, above) for name, one in named.items()}
        return {"properties": inner, "additionalProperties": False}


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _types(fields: Json) -> list[object]:
    kind = fields.get("type")
    return _items(kind) or [kind]


def _constrain(fields: Json, result: Json) -> None:
    """Keep the constraints that the API knows, and describe the others."""
    if not result.keys() & DECIDING or "prefixItems" in fields:
        raise OpenSchemaError
    told: list[str] = []
    for name, value in fields.items():
        if _known(name, value):
            result[name] = value
        elif name not in SILENT:
            told.append(f"{name}: {value}")
    if told:
        described = (str(result.get("description", "")), f"({', '.join(told)})")
        result["description"] = " ".join(filter(None, described))


def _known(name: str, value: object) -> bool:
    return (name == "format" and value in FORMATS) or (name == "minItems" and value in {0, 1})
