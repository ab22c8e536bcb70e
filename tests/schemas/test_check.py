"""Our validator against the package jsonschema, and where its work ends."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, event, given, settings

from llmroute.errors import RequestError
from llmroute.schemas.check import misfit
from llmroute.schemas.known import read_schema
from llmroute.schemas.pointers import MOST_LEVELS
from llmroute.schemas.scalars import same
from tests.schemas.samples import VALUES, is_valid, schemas

if TYPE_CHECKING:
    from tests.schemas.samples import Json, Schema


@settings(max_examples=600, deadline=None)
@given(schema=schemas(), value=VALUES)
def test_verdicts_are_those_of_jsonschema(schema: Schema, value: Json) -> None:
    """Whatever the schema, a value fits if and only if jsonschema says that it does."""
    try:
        taken = read_schema(schema, "schema")
    except RequestError as error:
        event("refused")
        endless = ("itself without end", "has no end")
        assert any(one in str(error) for one in endless)  # noqa: PT017 - one way to be right
        assume(False)  # noqa: FBT003
        return
    expected = is_valid(schema, value)
    event(f"fits: {expected}")
    assert (misfit(taken, value) is None) == expected


@pytest.mark.parametrize(
    ("schema", "value", "sentence"),
    [
        ({"type": "string"}, 5, "it must be a string, not a number"),
        ({"type": ["string", "null"]}, True, "it must be a string or null, not a boolean"),
        ({"properties": {"a": {"type": "integer"}}}, {"a": 0.5}, "/a must be an integer, not a"),
        ({"properties": {"a/b": {"minimum": 3}}}, {"a/b": 1}, "/a~1b must be at least 3"),
        ({"items": {"maxLength": 2}}, ["ab", "abc"], "/1 must have at most 2 characters"),
        ({"required": ["a"]}, {}, "/a is missing"),
        ({"additionalProperties": False}, {"secret": 1}, "it has a property that is not declared"),
        (
            {"additionalProperties": {"type": "null"}},
            {"secret": 1},
            "/* (*: a name that the schema does not have) must be null",
        ),
        ({"enum": ["a", "b"]}, "c", "it is none of the values that are allowed"),
        ({"anyOf": [{"type": "null"}, {"const": 1}]}, 2, "it fits none of the 2 shapes"),
        ({"oneOf": [True, True]}, 2, "it fits more than one of the 2 shapes"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "/b is missing, which 'a' needs"),
        ({"uniqueItems": True}, [1, 1.0], "it holds an item twice"),
        ({"contains": {"const": 1}}, [2], "it must hold more items of a kind"),
        ({"not": {}}, 1, "it is what it must not be"),
    ],
)
def test_sentences_name_place_and_misfit(schema: Schema, value: Json, sentence: str) -> None:
    """A misfit names its place as a pointer, and what was wanted; no value, no name of it."""
    found = misfit(read_schema(schema, "schema"), value)
    assert found is not None
    assert found.startswith(sentence)
    assert "secret" not in found


def test_decimal_fractions_are_multiples_as_they_are_written() -> None:
    """0.3 is a multiple of 0.1, whatever binary fractions make of it."""
    schema: Schema = {"multipleOf": 0.1}
    assert misfit(schema, 0.3) is None
    assert misfit(schema, 0.35) is not None
    assert misfit(schema, 10**400) is None


def test_numbers_beyond_floats_are_no_crash() -> None:
    """Infinity is a multiple of nothing, and a bound of 400 digits is a bound."""
    assert misfit({"multipleOf": 0.1}, math.inf) == "it must be a multiple of 0.1"
    taken = read_schema({"minLength": 10**400, "maxItems": 3}, "schema")
    assert misfit(taken, "x") == "it must have at least very many characters"
    assert misfit(taken, [1] * 4) == "it must have at most 3 items"


@pytest.mark.parametrize("links", [2_000, 10_000])
def test_references_in_a_row_without_end_are_refused(links: int) -> None:
    """A chain of definitions that is too long to follow is a typed error."""
    chained = {f"d{one}": {"$ref": f"#/$defs/d{one + 1}"} for one in range(links)}
    whole = {"$ref": "#/$defs/d0", "$defs": {**chained, f"d{links}": {"type": "string"}}}
    with pytest.raises(RequestError, match="from reference to reference for too long"):
        read_schema(whole, "schema")


def test_numbers_and_booleans_are_told_apart() -> None:
    """1 is 1.0, true is not 1, and so on inside of lists and objects."""
    assert same({"a": [1]}, {"a": [1.0]})
    assert not same({"a": [1]}, {"a": [True]})
    assert not same([], {})


def test_recursive_schemas_are_followed_as_deep_as_the_value_goes() -> None:
    """A list of lists of lists is checked to its end, and an end too deep is a misfit."""
    tree: Schema = {"type": "array", "items": {"$ref": "#"}}
    good: list[object] = []
    for _ in range(MOST_LEVELS - 1):
        good = [good]
    assert misfit(tree, good) is None
    assert misfit(tree, [[[7]]]) == "/0/0/0 must be an array, not a number"
    assert misfit(tree, [[good]]) == f"it is nested more than {MOST_LEVELS} levels deep"


def test_references_are_followed_once_for_each_place() -> None:
    """Two ways to the same definition at each of 60 levels are not 2 to the power of 60 steps."""
    both = {"properties": {"next": {"$ref": "#/$defs/node"}, "kind": {"const": 1}}}
    other = {"properties": {"next": {"$ref": "#/$defs/node"}, "kind": {"const": 2}}}
    schema: Schema = {"$ref": "#/$defs/node", "$defs": {"node": {"anyOf": [both, other]}}}
    value: dict[str, object] = {"kind": 3}
    for _ in range(60):
        value = {"next": value, "kind": 2}
    assert misfit(read_schema(schema, "schema"), value) is not None
    wide: Schema = {"$defs": {"d0": {"type": "string"}}, "$ref": "#/$defs/d40"}
    for number in range(1, 41):
        one = {"$ref": f"#/$defs/d{number - 1}"}
        json_defs = wide["$defs"]
        assert isinstance(json_defs, dict)
        json_defs[f"d{number}"] = {"allOf": [one, one]}
    assert misfit(read_schema(wide, "schema"), "x") is None


FLAWS: list[tuple[Schema, str]] = [
    ({"$dynamicRef": "#a"}, "/$dynamicRef is not understood. Use $ref"),
    ({"unevaluatedProperties": False}, "Use additionalProperties"),
    ({"properties": {"a": {"$dynamicAnchor": "a"}}}, "/properties/a/$dynamicAnchor"),
    ({"items": [{}]}, "Use prefixItems"),
    ({"properties": {"a": {"$ref": "https://example.com/s"}}}, "nothing is fetched"),
    ({"$ref": "#/$defs/none"}, "/$ref leads nowhere"),
    ({"$ref": "#"}, "leads back to itself without end"),
    ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#"}}}, "without end"),
    ({"properties": {"a": {"$id": "x"}}}, "/properties/a/$id is not understood"),
    ({"type": "str"}, "/type must be one of string"),
    ({"type": []}, "/type must be one of string"),
    ({"minLength": -1}, "/minLength must be a whole number"),
    ({"exclusiveMinimum": True}, "/exclusiveMinimum must be a number"),
    ({"multipleOf": 0}, "/multipleOf must be a number above 0"),
    ({"pattern": "("}, "/pattern must be a regular expression"),
    ({"patternProperties": {"(": True}}, "/patternProperties must be named by"),
    ({"properties": []}, "/properties must hold schemas by name"),
    ({"properties": {"a": 5}}, "/properties/a must be a schema, got int"),
    ({"anyOf": []}, "/anyOf must be a list of schemas"),
    ({"required": "a"}, "/required must be a list of names"),
    ({"dependentRequired": {"a": "b"}}, "/dependentRequired must be lists of names"),
    ({"default": {1, 2}}, "cannot be written as JSON (TypeError)"),
    ({"propertis": {}}, "/propertis is no keyword. Did you mean 'properties'?"),
    ({"properties": {"a": {"min_length": 1}}}, "Did you mean 'minLength'?"),
    ({"properties": {"a": {"item": {}}}}, "/properties/a/item is no keyword"),
    ({"require": ["a"]}, "Did you mean 'required'?"),
    ({"const": float("nan")}, "cannot be written as JSON (ValueError)"),
]


@pytest.mark.parametrize(
    ("schema", "word"),
    FLAWS,
)
def test_schemas_that_are_not_taken(schema: Schema, word: str) -> None:
    """What would be decided wrongly, or not at all, is refused by name when it is defined."""
    with pytest.raises(RequestError) as caught:
        read_schema(schema, "output")

    assert caught.value.where == "output"
    assert word in str(caught.value)


def test_notes_in_schemas_are_taken() -> None:
    """Words that are no keywords, and like none, are notes; fields may be called anything."""
    notes = ("title", "x-order", "note", "example", "examples", "deprecated", "readOnly", "unit")
    field: Schema = {"type": "string", **dict.fromkeys(notes, "x"), "count": 1, "nullable": True}
    schema: Schema = {"properties": {"propertis": field, "item": field}, "required": ["item"]}
    assert read_schema(schema, "output") == schema


def test_schemas_nested_too_deeply_are_refused() -> None:
    """A schema of a thousand levels, and one that holds itself as a Python object, are refused."""
    deep: Schema = {"type": "string"}
    for _ in range(150):
        deep = {"items": deep}
    loop: Schema = {}
    loop["items"] = loop
    for schema in (deep, loop):
        with pytest.raises(RequestError, match=r"nested more than|written as JSON"):
            read_schema(schema, "output")


def test_schemas_are_copied() -> None:
    """Changing a schema after it was given changes nothing."""
    given_schema: Schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    before = json.dumps(given_schema)
    taken = read_schema(given_schema, "output")
    given_schema.clear()
    assert json.dumps(taken) == before
