"""Shapes of answers: what they become on the wire, and what becomes of answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypedDict,
    cast,
)

import pytest
import typing_extensions
from pydantic import BaseModel, Field, RootModel, field_validator

from llmroute.errors import RequestError
from llmroute.schemas.instructions import instructions
from llmroute.schemas.outputs import output_spec
from llmroute.schemas.strict import strict_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class City(BaseModel):
    """A city."""

    name: str
    population: int = Field(default=7, ge=0, description="inhabitants")
    nick: str | None = None
    founded: date = date(1, 1, 1)
    price: Decimal = Decimal(0)


class Town(TypedDict, total=False):
    """A TypedDict of Python's own."""

    name: Required[str]
    mayor: Mayor
    twin: list[Mayor]


class Mayor(TypedDict):
    """Another, inside of it."""

    name: str
    age: NotRequired[int]


class Modern(typing_extensions.TypedDict):
    """A TypedDict of typing_extensions."""

    name: str


@dataclass
class Village:
    """A dataclass."""

    name: str
    towns: list[Modern] = field(default_factory=list[Modern])


class Color(Enum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


class Tree(BaseModel):
    """A type that holds itself."""

    value: int
    trees: list[Tree] = []


class Names(RootModel[list[str]]):
    """A list with a name."""


class Careful(BaseModel):
    """A type with checks of its own."""

    name: str

    @field_validator("name")
    @classmethod
    def known(cls, name: str) -> str:
        """Quote the value, as checks do; or have a bug."""
        if name == "bug":
            return cast("dict[str, str]", {})[name]
        if name != "Oslo":
            raise ValueError(f"{name} is not Oslo")
        return name


# a type, an answer, and its value
READ: list[tuple[object, object, object]] = [
    (City, {"name": "Oslo"}, City(name="Oslo")),
    (City, {"name": "Oslo", "founded": "1048-01-01"}, City(name="Oslo", founded=date(1048, 1, 1))),
    (City, {"name": "Oslo", "population": "5"}, City(name="Oslo", population=5)),
    (City, {"name": "Oslo", "population": None, "price": None}, City(name="Oslo")),
    (City, {"name": "Oslo", "nick": None}, City(name="Oslo")),
    (Town, {"name": "A"}, {"name": "A"}),
    (Town, {"name": "A", "mayor": {"name": "B"}}, {"name": "A", "mayor": {"name": "B"}}),
    (Town, {"name": "A", "mayor": None, "twin": None}, {"name": "A"}),
    (
        Town,
        {"name": "A", "twin": [{"name": "B", "age": None}]},
        {"name": "A", "twin": [{"name": "B"}]},
    ),
    (Modern, {"name": "A"}, {"name": "A"}),
    (Village, {"name": "A", "towns": [{"name": "B"}]}, Village("A", [{"name": "B"}])),
    (Village, {"name": "A", "towns": None}, Village("A")),
    (Tree, {"value": 1, "trees": [{"value": 2}]}, Tree(value=1, trees=[Tree(value=2)])),
    (Color, {"value": "red"}, Color.RED),
    (Literal["a", "b"], {"value": "b"}, "b"),
    (int, {"value": 3}, 3),
    (int | None, {"value": None}, None),
    (date, {"value": "2026-02-01"}, date(2026, 2, 1)),
    (list[City], {"value": [{"name": "Oslo"}]}, [City(name="Oslo")]),
    (list[Town], {"value": [{"name": "A", "mayor": None}]}, [{"name": "A"}]),
    (tuple[int, str], {"value": [1, "a"]}, (1, "a")),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (City | Village, {"value": {"name": "A", "towns": []}}, Village("A")),
    (Annotated[int, Field(ge=1)], {"value": 1}, 1),
    (Annotated[int, Field(ge=1), ["no", "hash"]], {"value": 1}, 1),
    (Names, {"value": ["a"]}, Names(["a"])),
    ({"type": "object", "required": ["a"]}, {"a": [1]}, {"a": [1]}),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": None}, {}),
]


@pytest.mark.parametrize(("shape", "answer", "value"), READ)
def test_answers_become_values(shape: Any, answer: object, value: object) -> None:
    """Every type that JSON can carry is an object on the wire, and comes back as its own value."""
    spec = output_spec(shape)
    assert spec.schema["type"] == "object"
    assert "$ref" not in spec.schema
    assert json.loads(json.dumps(spec.schema)) == spec.schema
    assert spec.read(json.dumps(answer)) == value
    assert spec.read(f"```json\n{json.dumps(answer)}\n```\n") == value


# a type, an answer, and what is said of it
MISFITS: list[tuple[object, str, str]] = [
    (City, "{}", "/name is missing"),
    (City, '{"name": 5, "population": "SECRET"}', "/name must be a string (and 1 more)"),
    (City, '{"name": "SECRET", "population": -5}', "/population is out of range"),
    (City, '{"name": "a", "founded": "SECRET"}', "/founded does not fit its type"),
    (City, '["SECRET"]', "it must be an object"),
    (City, "SECRET", "it is no JSON at line 1, column 1"),
    (City, '{"name": "SECRET', "it is no JSON at line 1, column 10"),
    (Town, '{"name": "a", "twin": [{"name": 1}]}', "/twin/0/name must be a string"),
    (Town, '{"name": "a", "mayor": {"SECRET": 1}}', "/mayor/name is missing"),
    (
        dict[str, int],
        '{"SECRET": "SECRET"}',
        "/* (*: a name that the schema does not have) must be an integer",
    ),
    (
        dict[str, City],
        '{"SECRET": {"name": 1}}',
        "/*/name (*: a name that the schema does not have) must be a string",
    ),
    (list[int], '{"value": [1, "SECRET"]}', "/value/1 must be an integer"),
    (list[int], "[1, 2]", "it must be an object"),
    (Color, '{"value": "SECRET"}', "/value is none of the values that are allowed"),
    (int | bool, '{"value": "SECRET"}', "/value must be an integer (and 1 more)"),
    (Careful, '{"name": "SECRET"}', "/name is refused by a check of its type"),
    (Careful, '{"name": "bug"}', "a check of its type raised KeyError"),
    ({"type": "object", "required": ["a"]}, "{}", "/a is missing"),
    ({"type": "object", "additionalProperties": False}, '{"SECRET": 1}', "it has a property"),
    ({"type": "object", "properties": {"a": {"enum": ["b"]}}}, '{"a": "SECRET"}', "/a is none"),
]


@pytest.mark.parametrize(("shape", "answer", "sentence"), MISFITS)
def test_misfits_are_told_without_the_answer(shape: Any, answer: str, sentence: str) -> None:
    """An answer that does not fit is a ValueError with a place and a reason, and no word of it."""
    with pytest.raises(ValueError, match=r".") as caught:
        output_spec(shape).read(answer)

    assert str(caught.value).startswith(sentence)
    assert "SECRET" not in repr(caught.value)
    assert caught.value.__context__ is None


class Opaque:
    """A class that JSON cannot carry."""


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        (City(name="SECRET"), "got City. Pass the type itself: output=City, not an instance"),
        (7, "got int"),
        ("City", "got str. Pass a type, such as"),
        (lambda: None, "got function. A function is no type"),
        (Opaque, "no JSON Schema of it"),
        (list[Opaque], "no JSON Schema of it"),
        (Opaque, "or implement ...). Types"),
        (list["Nowhere"], "no JSON Schema of it"),  # type: ignore[name-defined]  # noqa: F821
        ({"type": "string"}, 'Its root needs "type": "object"'),
        ({}, 'Its root needs "type": "object"'),
        ({"type": "json_schema", "json_schema": {}}, "Pass the inner schema alone"),
        ({"type": "json_object"}, "Pass the schema of the answer"),
        ({"name": "x", "schema": {"type": "object"}}, "Pass the inner schema alone"),
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "/properties/a/type must be"),
    ],
)
def test_what_is_no_shape(shape: Any, word: str) -> None:
    """Instances, functions and types that JSON cannot carry are refused before anything is sent."""
    with pytest.raises(RequestError) as caught:
        output_spec(shape)

    assert caught.value.where == "output"
    assert word in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_callables_as_types_are_refused() -> None:
    """A type that pydantic can check, but that JSON cannot carry, is refused too."""
    from collections.abc import Callable as Function

    kind: Callable[..., object] = cast("Any", Function[[int], int])
    with pytest.raises(RequestError, match="no JSON Schema of it"):
        output_spec(cast("Any", kind))


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (City, "City"),
        (list[City], "answer"),
        (Literal["a"], "answer"),
        ({"type": "object", "title": "Größe der Stadt"}, "Gr_e_der_Stadt"),
        ({"type": "object"}, "answer"),
        ({"type": "object", "title": "x" * 99}, "x" * 64),
    ],
)
def test_names_are_fit_for_the_wire(shape: Any, name: str) -> None:
    """A shape is named after its class or title, in letters that every provider takes."""
    assert output_spec(shape).name == name


def test_a_type_is_read_once() -> None:
    """The second use of a type costs a look into a table."""
    assert output_spec(City) is output_spec(City)
    assert output_spec(list[int]) is output_spec(list[int])


def test_descriptions_are_kept_and_made_up_titles_left_out() -> None:
    """Docstrings and descriptions reach the model; titles made of names would tell it nothing."""
    schema = output_spec(City).schema
    assert schema["description"] == "A city."
    properties = cast("Mapping[str, Mapping[str, object]]", schema["properties"])
    assert properties["population"]["description"] == "inhabitants"
    assert all("title" not in one for one in properties.values())


def test_instructions_show_the_schema() -> None:
    """A model without schema support is told the schema, and JSON by name, as JSON modes want."""
    text = instructions(output_spec(City))
    assert json.dumps(output_spec(City).schema, separators=(",", ":")) in text
    assert "JSON" in text


def test_answers_to_the_strict_schema_are_read() -> None:
    """The strict schema of a type has no optional property; an answer to it becomes the value."""
    strict = strict_schema(output_spec(Tree).schema)
    assert strict is not None
    assert strict["required"] == ["value", "trees"]
    answer = {"value": 1, "trees": [{"value": 2, "trees": None}]}
    assert output_spec(Tree).read(json.dumps(answer)) == Tree(value=1, trees=[Tree(value=2)])
