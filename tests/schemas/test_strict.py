"""The strict subset, and answers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from llmroute.schemas.check import misfit
from llmroute.schemas.known import read_schema
from llmroute.schemas.limits import object_levels, walk, within_limits
from llmroute.schemas.nulls import without_nulls
from llmroute.schemas.strict import strict_schema
from tests.schemas.samples import closed_schemas, instances, is_valid

if TYPE_CHECKING:
    from tests.schemas.samples import Json, Schema

STRING: Schema = {"type": "string"}


def of(**properties: object) -> Schema:
    """An object with these properties, all required."""
    return {"type": "object", "properties": properties, "required": [*properties]}


@settings(max_examples=400, deadline=None)
@given(schema=closed_schemas(), data=st.data())
def test_an_answer_to_the_strict_schema_fits_the_schema(
    schema: Schema, data: st.DataObject
) -> None:
    """What fits the strict form fits the schema itself, once its nulls are left out."""
    strict = strict_schema(read_schema(schema, "output"))
    assert strict is not None
    for table in walk(strict):
        if table.get("type") == "object":
            assert table["additionalProperties"] is False
            assert table["required"] == [*cast("Schema", table["properties"])]
    value = data.draw(instances(strict, strict))
    pruned = without_nulls(schema, value)
    event(f"nulls left out: {pruned != value}")
    assert is_valid(strict, value)
    assert misfit(schema, pruned) is None


@settings(max_examples=400, deadline=None)
@given(schema=closed_schemas(), data=st.data())
def test_leaving_nulls_out_keeps_what_fits(schema: Schema, data: st.DataObject) -> None:
    """A value that fits already still fits when its nulls are left out."""
    value = data.draw(instances(schema, schema))
    assert misfit(schema, value) is None
    assert misfit(schema, without_nulls(schema, value)) is None


# a schema of a property, and its strict form
KEPT: list[tuple[Schema, Schema]] = [
    (STRING, STRING),
    ({"type": "string", "title": "T", "default": "x"}, STRING),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
    (
        {"type": "string", "format": "binary", "description": "Bytes."},
        {"type": "string", "description": 'Bytes. {"format": "binary"}'},
    ),
    ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^a"}),
    (
        {"type": "string", "pattern": "^(?!a)"},
        {"type": "string", "description": '{"pattern": "^(?!a)"}'},
    ),
    (
        {"type": "string", "maxLength": 3},
        {"type": "string", "description": '{"maxLength": 3}'},
    ),
    ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 1}),
    ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
    ({"enum": ["a", 1]}, {"enum": ["a", 1]}),
    ({"oneOf": [STRING, {"const": 1}]}, {"anyOf": [STRING, {"const": 1}]}),
    ({"allOf": [STRING], "description": "d"}, {"type": "string", "description": "d"}),
    ({"$ref": "#/$defs/a", "description": "d"}, {"$ref": "#/$defs/a"}),
    ({"type": "array", "items": STRING}, {"type": "array", "items": STRING}),
    (
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    ),
]


@pytest.mark.parametrize(("schema", "strict"), KEPT)
def test_what_is_kept_and_what_is_told(schema: Schema, strict: Schema) -> None:
    """Keywords of the subset stay; bounds outside it go into the description; notes go."""
    whole = strict_schema({**of(a=schema), "$defs": {"a": of(b=STRING)}})
    assert whole is not None
    assert cast("Schema", whole["properties"])["a"] == strict


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (STRING, {"anyOf": [STRING, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"anyOf": [STRING]}, {"anyOf": [STRING, {"type": "null"}]}),
        ({"anyOf": [STRING, {"type": "null"}]}, {"anyOf": [STRING, {"type": "null"}]}),
        ({"enum": ["a"]}, {"anyOf": [{"enum": ["a"]}, {"type": "null"}]}),
    ],
)
def test_optional_properties_may_be_null(schema: Schema, strict: Schema) -> None:
    """A property that may be left out is required, and may be null unless it could be already."""
    whole = strict_schema({"type": "object", "properties": {"a": schema}})
    assert whole is not None
    assert whole["required"] == ["a"]
    assert cast("Schema", whole["properties"])["a"] == strict


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object"},
        {"type": "object", "additionalProperties": STRING},
        {**of(b=STRING), "additionalProperties": STRING},
        {**of(b=STRING), "additionalProperties": True},
        {**of(b=STRING), "additionalProperties": {}},
        {"type": "object", "properties": {}, "required": ["b"], "additionalProperties": False},
        {"type": "array"},
        {"type": "array", "prefixItems": [STRING]},
        {"type": "array", "items": True},
        {"type": "array", "items": STRING, "contains": STRING},
        {"allOf": [STRING, {"minLength": 1}]},
        {"not": STRING},
        {"if": STRING},
        {"$ref": "#/$defs/a", "minProperties": 1},
        {"$ref": "#/properties/a/items", "items": STRING},
        {"type": "object", "patternProperties": {"a": STRING}},
    ],
)
def test_what_has_no_strict_form(schema: object) -> None:
    """Schemas that leave something open, or compose others, are for the unstrict ways."""
    assert strict_schema({**of(a=schema), "$defs": {"a": of(b=STRING)}}) is None


def test_roots_must_be_objects() -> None:
    """A root that is a choice or a list has no strict form."""
    assert strict_schema({"anyOf": [of(a=STRING)]}) is None
    assert strict_schema({"type": "array", "items": STRING}) is None


def nested(levels: int) -> Schema:
    """Objects inside each other."""
    schema = of(a=STRING)
    for _ in range(levels - 1):
        schema = of(a=schema)
    return schema


@pytest.mark.parametrize(
    ("fits", "breaks"),
    [
        (nested(10), nested(11)),
        (
            of(**{f"p{n}": STRING for n in range(5000)}),
            of(**{f"p{n}": STRING for n in range(5001)}),
        ),
        (of(a={"enum": [*range(1000)]}), of(a={"enum": [*range(1001)]})),
        (of(a={"enum": ["x" * 60] * 250}), of(a={"enum": ["x" * 60] * 251})),
        (of(a={"const": "x" * 119_999}), of(a={"const": "x" * 120_000})),
    ],
    ids=["levels", "properties", "enum values", "a long enum", "characters"],
)
def test_limits(fits: Schema, breaks: Schema) -> None:
    """Published limits hold: 10 levels, 5,000 properties, 1,000 values, 120,000 characters."""
    assert strict_schema(fits) is not None
    assert within_limits(fits)
    assert strict_schema(breaks) is None


def test_levels_are_counted_through_references() -> None:
    """A definition counts where it is used; one that holds itself counts once."""
    tree = {"$ref": "#/$defs/a"}
    assert object_levels({**of(a=tree, b=tree), "$defs": {"a": of(b=STRING)}}) == 2
    assert (
        object_levels({**of(a=tree), "$defs": {"a": of(b={"type": "array", "items": tree})}}) == 2
    )


def test_a_schema_is_rewritten_once() -> None:
    """The second time costs a look into a table, which keeps what it was made of."""
    schema = of(a=STRING)
    assert strict_schema(schema) is strict_schema(schema)
    for number in range(300):
        assert strict_schema(of(**{f"p{number}": STRING}))
    assert strict_schema(schema) == strict_schema(of(a=STRING))


def chain(depth: int, width: int) -> tuple[Schema, Json]:
    """A union that holds itself, and an answer that nests the second of its shapes."""
    node = {
        "anyOf": [
            {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/node"}, "no": {"type": "string"}},
                "required": ["next"],
                "minProperties": 3,
            },
            {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/node"}, "z": {"type": "string"}},
                "required": ["next"],
            },
            {"type": "array", "items": {"type": "integer"}},
        ]
    }
    value: Json = list(range(width))
    for _ in range(depth):
        value = {"next": value, "z": None}
    schema = {"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}}
    return {**schema, "$defs": {"node": node}}, {"root": value}


@pytest.mark.parametrize(("depth", "width"), [(14, 10), (20, 3_000), (60, 300), (20, 120_000)])
def test_nulls_in_unions_of_unions_are_found(depth: int, width: int) -> None:
    """However deep a union holds itself, a pair of schema and value is looked at once.

    Also what is too much to look at keeps its valid reading: with every optional null left out.
    """
    schema, value = chain(depth, width)
    assert misfit(schema, value) is not None
    assert misfit(schema, without_nulls(schema, value)) is None


def test_what_has_no_nulls_is_not_copied() -> None:
    """A value without a null to leave out is given back itself."""
    schema, _ = chain(1, 1)
    value: Json = {"root": {"next": [1, 2], "z": "a"}}
    assert without_nulls(schema, value) is value
