"""Schemas that no finite value fits are refused when they are passed, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from llmroute.errors import RequestError
from llmroute.schemas.check import misfit
from llmroute.schemas.finite import endless
from llmroute.schemas.known import read_schema
from llmroute.schemas.outputs import output_spec
from llmroute.schemas.tools import read_tools
from llmroute.types.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = Mapping[str, Any]


class Chain(BaseModel):
    """Its next has a next, without end."""

    next: Chain


class Tree(BaseModel):
    """It may have no branches."""

    branches: list[Tree]
    parent: Tree | None


def hang(chain: Chain) -> None:
    """Hang a chain."""


def of(inner: object, definitions: Schema | None = None) -> Schema:
    """An object that must have the property c, of the schema `inner`."""
    schema = {"type": "object", "properties": {"c": inner}, "required": ["c"]}
    return schema if definitions is None else {**schema, "$defs": definitions}


def either(one: Schema, other: Schema) -> Schema:
    """One of two."""
    return {"anyOf": [one, other]}


def some(inner: Schema, least: int) -> Schema:
    """A list."""
    return {"type": "array", "items": inner, "minItems": least}


SELF = {"$ref": "#"}
ENDLESS: dict[str, Schema] = {
    "itself": of(SELF),
    "by a definition": of({"$ref": "#/$defs/a"}, {"a": of({"$ref": "#/$defs/a"})}),
    "by two": of(
        {"$ref": "#/$defs/a"}, {"a": of({"$ref": "#/$defs/b"}), "b": of({"$ref": "#/$defs/a"})}
    ),
    "by all of it": of({"allOf": [SELF, {"type": "object"}]}),
    "by each way": of({"anyOf": [SELF, of(SELF)]}),
    "by one of": of({"oneOf": [SELF]}),
    "by a list": of({"type": "array", "items": SELF, "minItems": 1}),
    "by a list that begins so": of({"type": "array", "prefixItems": [SELF], "minItems": 1}),
    "by a list that contains it": of({"type": "array", "contains": SELF}),
    "by each type": of({**of(SELF), "type": ["array", "object"], "items": SELF, "minItems": 2}),
    "by another property": {"type": "object", "required": ["x"], "additionalProperties": SELF},
}
FINITE: dict[str, Schema] = {
    "left out": {"type": "object", "properties": {"c": SELF}},
    "null": of({"anyOf": [SELF, {"type": "null"}]}),
    "one of": of({"oneOf": [SELF, {"type": "string"}]}),
    "an empty list": of({"type": "array", "items": SELF}),
    "the second in a list": of({"type": "array", "prefixItems": [{}, SELF], "minItems": 1}),
    "contained or not": of({"type": "array", "contains": SELF, "minContains": 0}),
    "another type": of({**of(SELF), "type": ["string", "object"]}),
    "any type": of({"required": ["c"], "properties": {"c": SELF}}),
    "an enum": of({"enum": [1]}),
    "a map": {"type": "object", "additionalProperties": SELF},
    "a pattern": {
        "type": "object",
        "required": ["x"],
        "patternProperties": {"x": {}},
        "additionalProperties": SELF,
    },
    "an unused definition": {"type": "object", "$defs": {"a": of({"$ref": "#/$defs/a"})}},
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_schemas_are_refused(name: str) -> None:
    """A schema that must hold itself is refused, as output and as a tool's parameters."""
    schema = ENDLESS[name]
    with pytest.raises(RequestError, match="has no end") as caught:
        output_spec(schema)
    assert caught.value.where == "output"
    assert caught.value.hint is not None
    with pytest.raises(RequestError, match="has no end") as caught:
        read_tools([Tool("f", "", schema)])
    assert caught.value.where == "tools[0] (f)"


@pytest.mark.parametrize("name", FINITE)
def test_schemas_with_a_way_out_are_taken(name: str) -> None:
    """A schema that may hold itself, and need not, is taken."""
    assert read_schema(FINITE[name], "output") == FINITE[name]


def test_types_that_have_no_end() -> None:
    """Types and functions are held to the same rule, and the place is named."""
    with pytest.raises(RequestError, match="/next has no end"):
        output_spec(Chain)
    with pytest.raises(RequestError, match="has no end"):
        read_tools([hang])
    assert output_spec(Tree).schema["type"] == "object"


LEAVES: list[Schema] = [
    *({"$ref": f"#/$defs/{name}"} for name in "ab"),
    {"type": "null"},
    {"type": "string"},
]


def wider(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    """Shapes around others."""
    lists = st.builds(some, inner, st.integers(0, 2))
    return st.builds(of, inner, st.none()) | st.builds(either, inner, inner) | lists


SHAPES: st.SearchStrategy[Schema] = st.recursive(st.sampled_from(LEAVES), wider, max_leaves=4)


def value_of(schema: Schema, root: Schema, depth: int) -> object:
    """The value of fewest levels; raises LookupError where `depth` levels are not enough."""
    if depth == 0:
        raise LookupError
    if "$ref" in schema:
        return value_of(root["$defs"][schema["$ref"][-1]], root, depth - 1)
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            try:
                return value_of(one, root, depth - 1)
            except LookupError:
                continue
        raise LookupError
    if schema["type"] == "object":
        inner = schema["properties"]
        return {name: value_of(inner[name], root, depth - 1) for name in schema["required"]}
    if schema["type"] == "array":
        count = schema["minItems"]
        return [value_of(schema["items"], root, depth - 1)] * count if count else []
    return None if schema["type"] == "null" else ""


@settings(max_examples=300)
@given(SHAPES, SHAPES, SHAPES)
def test_the_rule_is_that_a_value_can_be_built(one: Schema, a: Schema, b: Schema) -> None:
    """A schema is endless if and only if no value of it can be built in some twenty steps."""
    root = of(one, {"a": a, "b": b})
    try:
        value = value_of(root, root, 20)
    except LookupError:
        assert endless(root) is not None
    else:
        assert endless(root) is None
        assert misfit(root, value) is None
