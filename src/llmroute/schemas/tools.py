"""Tools, made of functions or written out."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.types.tools import TOOL_CHOICES, Tool

from .names import RULE, is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_made: WeakKeyDictionary[FunctionType, Tool] = WeakKeyDictionary()
_bound: WeakKeyDictionary[FunctionType, Tool] = WeakKeyDictionary()
"""Tools of functions, and of the methods that are functions with their first parameter filled."""


def read_tools(given: Iterable[object]) -> tuple[Tool, ...]:
    """Make tools of functions and `Tool`s; raises RequestError for what can be none."""
    tools: dict[str, Tool] = {}
    for place, one in enumerate(given):
        where = f"tools[{place}]"
        tool = _tool(one, where)
        if tool.name in tools:
            what = f"there are two tools named {tool.name!r}"
            raise RequestError(what, where=where, hint="Rename one")
        tools[tool.name] = tool
    return tuple(tools.values())


def check_choice(choice: str, tools: Sequence[Tool]) -> None:
    """Refuse a choice that names no tool, or has none to choose from; raises RequestError."""
    names = [tool.name for tool in tools]
    if not names:
        raise RequestError("there are no tools", where="tool_choice", hint="Pass tools=[...]")
    if choice not in TOOL_CHOICES and choice not in names:
        hint = nearest(choice, [*TOOL_CHOICES, *names])
        if choice == "any":
            hint = 'Use "required": any tool, but one must be called'
        raise RequestError("it names no tool of this call", where="tool_choice", hint=hint)


def _tool(given: object, where: str) -> Tool:
    if isinstance(given, Tool):
        return _checked(given, where)
    if isinstance(given, Mapping):
        return _checked(_of_dict(cast("Mapping[str, object]", given), where), where)
    if inspect.isclass(given) or not callable(given):
        kind = "a class" if inspect.isclass(given) else type(given).__name__
        hint = "Pass functions, Tools, or OpenAI-style dicts"
        raise RequestError(f"{kind} is no tool", where=where, hint=hint)
    return _of_function(given, where)


def _of_function(function: Callable[..., object], where: str) -> Tool:
    """Make a tool of a function; the second time it is looked up."""
    key, made = cast("object", function), _made
    if isinstance(key, MethodType):  # one is made anew at each look
        key, made = cast("object", key.__func__), _bound
    if isinstance(key, FunctionType) and key in made:
        return made[key]
    from .functions import name_of, tool_of

    _check_name(name_of(function), where)
    tool = tool_of(function, f"{where} ({name_of(function)})")
    if isinstance(key, FunctionType):
        made[key] = tool
    return tool


def _of_dict(given: Mapping[str, object], where: str) -> Tool:
    """Read a tool as OpenAI's wires write it, nested under "function" or flat."""
    inner = given.get("function", given)
    if given.get("type") != "function" or not isinstance(inner, Mapping):
        hint = 'It is {"type": "function", "function": {"name": ..., "parameters": {...}}}'
        raise RequestError("the dict is no tool", where=where, hint=hint)
    fields = cast("Mapping[str, object]", inner)
    name, description = fields.get("name"), fields.get("description") or ""
    if not isinstance(name, str) or not isinstance(description, str):
        raise RequestError("its name and description must be strings", where=where)
    parameters = fields.get("parameters")
    if parameters is None:
        return Tool(name, description)
    return Tool(name, description, cast("Mapping[str, object]", parameters))


def _checked(tool: Tool, where: str) -> Tool:
    """Copy a tool with its check; raises RequestError for a name or a schema that is not taken."""
    from .check import misfit
    from .known import read_schema

    name, parameters = cast("object", tool.name), cast("object", tool.parameters)
    if not isinstance(name, str) or not isinstance(cast("object", tool.description), str):
        raise RequestError("its name and description must be strings", where=where)
    _check_name(name, where)
    where = f"{where} ({name})"
    if not isinstance(parameters, Mapping):
        kind = type(parameters).__name__
        raise RequestError(f"its parameters must be a JSON Schema, got {kind}", where=where)
    schema = read_schema(cast("Mapping[str, object]", parameters), where)
    if schema.get("type") != "object":
        hint = 'Its root needs "type": "object"'
        raise RequestError("its schema is not that of an object", where=where, hint=hint)
    if "properties" not in schema:
        schema = {**schema, "properties": cast("object", {})}

    def check(arguments: Mapping[str, object]) -> str | None:
        """Say why arguments do not fit the schema, without quoting them."""
        return misfit(schema, arguments)

    return replace(tool, parameters=schema, check=tool.check or check)


def _check_name(name: str, where: str) -> None:
    if not is_name(name):
        what = (
            "a lambda has no name" if name == "<lambda>" else f"the name {name[:70]!r} is not one"
        )
        raise RequestError(what, where=where, hint=f"A tool's name is {RULE}")
    if name in TOOL_CHOICES:
        hint = "tool_choice means something else by it: choose another name"
        raise RequestError(f"a tool cannot be named {name!r}", where=where, hint=hint)
