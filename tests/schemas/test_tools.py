"""Tools made of functions, written out, or given as OpenAI's dicts."""

from __future__ import annotations

import functools
import gc
import json
import sys
import weakref
from datetime import date  # noqa: TC003 - hints are read
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import pytest
from pydantic import BaseModel, Field, validate_call

from llmroute.errors import RequestError
from llmroute.schemas.tools import check_choice, read_tools
from llmroute.types.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Place(BaseModel):
    """Where on earth."""

    city: str
    country: str = "NO"


class Unit(Enum):
    """A unit."""

    CELSIUS = "C"


def weather(  # noqa: D417 - one stays without words
    city: str,
    days: Annotated[int, Field(description="how many days", ge=1)] = 3,
    unit: Literal["C", "F"] = "C",
    since: date | None = None,
) -> str:
    """Weather now and in the next days,
    by city.

    It is made up.

    Args:
        city (str): the city's name,
            in English
        days: what the hint says goes first
        unit: Celsius or Fahrenheit

    Returns:
        A sentence: it rains.
    """  # noqa: D205 - a first paragraph of two lines
    return f"{city} {days} {unit} {since}"


async def rain(place: Place, hours: list[float]) -> bool:
    """Whether it rains."""
    return bool(place and hours)


class Station:
    """A weather station."""

    def measure(self, unit: Unit) -> None:
        """Measure the temperature."""

    @classmethod
    def count(cls, since: date) -> None:
        """Count the stations."""

    @staticmethod
    def ping() -> None:
        """See whether it is there."""

    def __call__(self, depth: float) -> None:
        """Measure under water."""


def made(function: object) -> Tool:
    """The tool of one function."""
    return read_tools([function])[0]


def test_a_function_becomes_a_tool() -> None:
    """Name, first paragraph, hints, descriptions, defaults: all that the model needs."""
    tool = made(weather)
    assert tool.name == "weather"
    assert tool.description == "Weather now and in the next days, by city."
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "the city's name, in English"},
            "days": {"type": "integer", "minimum": 1, "description": "how many days", "default": 3},
            "unit": {
                "type": "string",
                "enum": ["C", "F"],
                "description": "Celsius or Fahrenheit",
                "default": "C",
            },
            "since": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("function", "name", "description", "names"),
    [
        (rain, "rain", "Whether it rains.", ["place", "hours"]),
        (Station().measure, "measure", "Measure the temperature.", ["unit"]),
        (Station.count, "count", "Count the stations.", ["since"]),
        (Station.ping, "ping", "See whether it is there.", []),
        (Station(), "Station", "Measure under water.", ["depth"]),
        (functools.partial(weather, "Oslo"), "weather", "Weather now", ["days", "unit", "since"]),
        (functools.partial(weather, days=2), "weather", "Weather now", ["city", "unit", "since"]),
        (validate_call(weather), "weather", "Weather now", ["city", "days", "unit", "since"]),
        (functools.cache(weather), "weather", "Weather now", ["city", "days", "unit", "since"]),
    ],
)
def test_callables_of_every_kind(
    function: object, name: str, description: str, names: list[str]
) -> None:
    """Coroutines, methods, objects, partials and wrapped functions are tools like any other."""
    tool = made(function)
    assert (tool.name, tool.description[: len(description)]) == (name, description)
    assert [*cast("Mapping[str, object]", tool.parameters["properties"])] == names
    json.dumps(tool.parameters)


# arguments, and what is said of them; None: they fit
ARGUMENTS: list[tuple[dict[str, object], str | None]] = [
    ({"city": "Oslo"}, None),
    ({"city": "Oslo", "days": 2, "unit": "F", "since": "2026-01-01"}, None),
    ({}, "/city is missing"),
    ({"city": 5}, "/city must be a string"),
    ({"city": "SECRET", "days": "2"}, "/days must be an integer"),
    ({"city": "SECRET", "days": 0}, "/days is out of range"),
    ({"city": "SECRET", "unit": "SECRET"}, "/unit is none of the values that are allowed"),
    ({"city": "SECRET", "since": "SECRET"}, "/since does not fit its type"),
    (
        {"city": "SECRET", "SECRET": 1},
        "/* (*: a name that the schema does not have) is not declared",
    ),
]


@pytest.mark.parametrize(("arguments", "sentence"), ARGUMENTS)
def test_arguments_are_checked_as_the_function_takes_them(
    arguments: dict[str, object], sentence: str | None
) -> None:
    """Arguments that pass can be passed on as they are; those that do not are told by place."""
    check = made(weather).check
    assert check is not None
    assert check(arguments) == sentence
    if sentence is None:
        assert cast("Callable[..., str]", weather)(**arguments).startswith("Oslo")


def test_a_written_tool_is_checked_by_its_schema() -> None:
    """A Tool with a schema gets a check made of it; one with a check keeps its own."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    first, second = read_tools([Tool("one", "x", schema), Tool("two", check=lambda _: "no")])
    assert first.check is not None
    assert second.check is not None
    assert first.check({"a": "b"}) is None
    assert first.check({"a": 1}) == "/a must be a string, not a number"
    assert second.check({}) == "no"
    assert read_tools([Tool("bare")])[0].parameters == {"type": "object", "properties": {}}


def test_dicts_as_openai_writes_them() -> None:
    """Definitions for chat completions (nested) and for Responses (flat) are tools as well."""
    inner = {"name": "weather", "description": "d", "parameters": {"type": "object"}}
    flat = {"type": "function", **inner, "strict": True}
    for one in ({"type": "function", "function": inner}, flat):
        tool = made(one)
        assert (tool.name, tool.description) == ("weather", "d")
        assert tool.check is not None
        assert tool.check({"any": 1}) is None
    assert made({"type": "function", "function": {"name": "now"}}).parameters["properties"] == {}


def unhinted(city: str, days) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """One parameter has no hint."""


def starred(*cities: str) -> None:
    """Cannot be called by name."""


def double_starred(**cities: str) -> None:
    """Takes anything."""


def positional(city: str, /) -> None:
    """Cannot be called by name."""


def unresolved(city: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Names a type that is not there."""


def untyped(station: Station) -> None:
    """Takes what JSON cannot carry."""


def auto(city: str) -> None:
    """Is named like a choice."""


NO_TOOLS: list[tuple[object, str, str]] = [
    (unhinted, "tools[0] (unhinted)", "its parameter 'days' has no type hint"),
    (starred, "tools[0] (starred)", "*cities cannot be passed by name"),
    (double_starred, "tools[0] (double_starred)", "**cities cannot be passed by name"),
    (positional, "tools[0] (positional)", "city cannot be passed by name"),
    (unresolved, "tools[0] (unresolved)", "name 'Nowhere' is not defined"),
    (untyped, "tools[0] (untyped)", "no JSON Schema of it"),
    (Station.measure, "tools[0] (measure)", "its parameter 'self' has no type hint"),
    (lambda: None, "tools[0]", "a lambda has no name"),
    (auto, "tools[0]", "a tool cannot be named 'auto'"),
    (Place, "tools[0]", "a class is no tool"),
    (7, "tools[0]", "int is no tool"),
    ("weather", "tools[0]", "str is no tool"),
    (None, "tools[0]", "NoneType is no tool"),
    (Tool("a b"), "tools[0]", "A tool's name is 1 to 64 letters"),
    (Tool(""), "tools[0]", "the name '' is not one"),
    (Tool("x" * 65), "tools[0]", "the name 'xxx"),
    (Tool(cast("Any", 5)), "tools[0]", "must be strings"),
    (Tool("a", cast("Any", None)), "tools[0]", "must be strings"),
    (Tool("a", "", cast("Any", [])), "tools[0] (a)", "must be a JSON Schema, got list"),
    (Tool("a", "", {"type": "string"}), "tools[0] (a)", "not that of an object"),
    (Tool("a", "", {"type": "object", "x": {1}}), "tools[0] (a)", "cannot be written as JSON"),
    (
        Tool("a", "", {"type": "object", "properties": {"b": {"$ref": "x"}}}),
        "tools[0] (a)",
        "/properties/b/$ref leads out of the schema",
    ),
    ({"name": "weather"}, "tools[0]", "the dict is no tool"),
    ({"type": "function", "function": {}}, "tools[0]", "must be strings"),
]


@pytest.mark.parametrize(
    ("given", "where", "word"),
    NO_TOOLS,
)
def test_what_is_no_tool(given: object, where: str, word: str) -> None:
    """A tool that no model could call is refused before anything is sent, by place and reason."""
    with pytest.raises(RequestError) as caught:
        read_tools([given])

    assert caught.value.where == where
    assert word in str(caught.value)


def test_two_tools_of_one_name() -> None:
    """Names tell tools apart, so there are no two of one name."""
    with pytest.raises(RequestError, match="two tools named 'weather'") as caught:
        read_tools([weather, Tool("weather")])

    assert caught.value.where == "tools[1]"


@pytest.mark.parametrize(
    ("choice", "names", "word"),
    [
        ("wether", ["weather"], "Did you mean 'weather'?"),
        ("auto", [], "there are no tools"),
        ("weather", [], "there are no tools"),
    ],
)
def test_choices_that_cannot_be_kept(choice: str, names: list[str], word: str) -> None:
    """A choice needs tools, and names one of them."""
    with pytest.raises(RequestError) as caught:
        check_choice(choice, [Tool(name) for name in names])

    assert caught.value.where == "tool_choice"
    assert word in str(caught.value)


@pytest.mark.parametrize("choice", ["auto", "required", "none", "weather"])
def test_choices_that_can(choice: str) -> None:
    """The three words, and every tool's name, are choices."""
    check_choice(choice, [Tool("weather")])


def test_a_function_is_read_once_and_not_kept() -> None:
    """The second use is a look into a table, which holds no function that nobody else holds."""

    def local(city: str) -> None:
        """Do nothing."""

    station = Station()
    assert made(local) is made(local)
    assert made(station.measure) is made(Station().measure)
    gone = weakref.ref(local)
    del local
    gc.collect()
    assert gone() is None or sys.implementation.name != "cpython"
