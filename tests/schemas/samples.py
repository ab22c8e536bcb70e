"""Schemas and values for property tests: few names and values, so that many of them fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable

Json = object
Schema = dict[str, object]

NAMES = st.sampled_from(["a", "b", "ab"])
SCALARS: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, False, 0, 1, 2, -1, 1.0, 0.5, "", "a", "b", "ab", "é"]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"]
SMALL = st.integers(0, 2)
BOUND = st.sampled_from([-1, 0, 0.5, 1, 2])

PLAIN: dict[str, st.SearchStrategy[Json]] = {
    "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": BOUND,
    "maximum": BOUND,
    "exclusiveMinimum": BOUND,
    "exclusiveMaximum": BOUND,
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    "minLength": SMALL,
    "maxLength": SMALL,
    "pattern": st.sampled_from(["a", "^a$", "b$", "^$"]),
    "minItems": SMALL,
    "maxItems": SMALL,
    "uniqueItems": st.booleans(),
    "minProperties": SMALL,
    "maxProperties": SMALL,
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(
        NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2
    ),
    "minContains": SMALL,
    "maxContains": SMALL,
    "format": st.just("date"),
    "title": st.just("a note"),
    "$ref": st.sampled_from(["#", "#/$defs/a", "#/$defs/b"]),
}


def nested(inner: st.SearchStrategy[Json]) -> dict[str, st.SearchStrategy[Json]]:
    """The keywords that hold schemas."""
    named = st.dictionaries(NAMES, inner, max_size=3)
    several = st.lists(inner, min_size=1, max_size=3)
    return {
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^b"]), inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "dependentSchemas": named,
        "items": inner,
        "prefixItems": several,
        "contains": inner,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }


def some_of(keywords: dict[str, st.SearchStrategy[Json]]) -> st.SearchStrategy[Json]:
    """A schema of up to three of these keywords."""

    def build(names: list[str]) -> st.SearchStrategy[Json]:
        return st.fixed_dictionaries({name: keywords[name] for name in names})

    names = st.lists(st.sampled_from(sorted(keywords)), max_size=3, unique=True)
    return names.flatmap(cast("Callable[[list[str]], st.SearchStrategy[Json]]", build))


def schemas() -> st.SearchStrategy[Schema]:
    """Whole schemas with two definitions."""
    one = st.recursive(
        st.booleans() | some_of(PLAIN), lambda inner: some_of(PLAIN | nested(inner)), max_leaves=6
    )
    root = some_of(PLAIN | nested(one))
    definitions = st.fixed_dictionaries({"a": one, "b": one})
    pair = st.tuples(root, definitions)
    return pair.map(lambda both: {**cast("Schema", both[0]), "$defs": both[1]})


def closed_schemas() -> st.SearchStrategy[Schema]:
    """Schemas of objects as types have them: named properties, some of them optional."""
    plain: list[Json] = [
        {"type": "string"},
        {"type": "integer", "minimum": 1},
        {"type": ["string", "null"]},
        {"enum": ["a", "b"]},
        {"const": "a"},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    ]
    leaf: st.SearchStrategy[Json] = st.sampled_from([*plain, {"$ref": "#/$defs/a"}])

    def table(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(NAMES, inner, min_size=1, max_size=3),
                "optional": st.sets(NAMES, max_size=2),
            },
            optional={"additionalProperties": st.sampled_from([False])},
        ).map(with_required)

    def wider(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        items = inner.map(lambda one: {"type": "array", "items": one})
        either = st.lists(inner, min_size=1, max_size=2).map(lambda ones: {"anyOf": ones})
        return table(inner) | items | either

    one = st.recursive(leaf, wider, max_leaves=5)
    pair = st.tuples(table(one), table(st.sampled_from(plain)))
    return pair.map(lambda both: {**cast("Schema", both[0]), "$defs": {"a": both[1]}})


def with_required(table: dict[str, Any]) -> Schema:
    """Require the properties that are not optional."""
    optional = set[str](table.pop("optional"))
    names = sorted(cast("Schema", table["properties"]).keys() - optional)
    return {**table, "required": names}


def instances(schema: Schema, root: Schema) -> st.SearchStrategy[Json]:
    """Values that fit one of `closed_schemas`, or its strict form, as a rule."""
    if "$ref" in schema:
        definitions = cast("dict[str, Schema]", root["$defs"])
        return instances(definitions[str(schema["$ref"]).rpartition("/")[2]], root)
    if "anyOf" in schema:
        ones = cast("list[Schema]", schema["anyOf"])
        return st.one_of([instances(one, root) for one in ones])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(cast("list[Json]", schema.get("enum", [schema.get("const")])))
    if schema["type"] == "array":
        return st.lists(instances(cast("Schema", schema["items"]), root), max_size=2)
    if schema["type"] == "object":
        return _tables(schema, root)
    kinds = {"null": st.none(), "integer": st.integers(1, 3)}
    return kinds.get(str(schema["type"]), st.sampled_from(["", "a", "b"]))


def _tables(schema: Schema, root: Schema) -> st.SearchStrategy[Json]:
    named = cast("dict[str, Schema]", schema["properties"])
    required = cast("list[str]", schema["required"])
    fields = {name: instances(one, root) for name, one in named.items()}
    return st.fixed_dictionaries(
        {name: one for name, one in fields.items() if name in required},
        optional={name: one for name, one in fields.items() if name not in required},
    )


def is_valid(schema: Schema, value: Json) -> bool:
    """What the package jsonschema says; it finds the schema itself right first."""
    Draft202012Validator.check_schema(schema)
    oracle: Any = Draft202012Validator(schema)
    return bool(oracle.is_valid(value))
