"""Tools made of functions: schema and checks from type hints, words from the docstring."""

from __future__ import annotations

import functools
import inspect
import json
from typing import TYPE_CHECKING, cast

import typing_extensions

from llmroute.errors import RequestError
from llmroute.types.tools import Tool

from . import docstrings
from .adapters import UNFIT, Adapter, untitled
from .hints import arguments, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Function = Callable[..., object]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def tool_of(function: Function, where: str) -> Tool:
    """Make a tool of a function; raises RequestError, with `where`, when none can be made."""
    inner = _inner(function)
    docstring = _docstring(inner)
    found = _parameters(function, where)
    hints = _hints(inner, found, where)
    optional = {name for name, one in found.items() if one.default is not inspect.Parameter.empty}
    adapter = Adapter(arguments(hints, optional), where)
    schema = _described(untitled(adapter.schema), found, docstrings.parameters(docstring))

    def check(given: Mapping[str, object]) -> str | None:
        """Say why arguments do not fit, without quoting them."""
        try:
            adapter.value(given, strict=True)
        except ValueError as error:
            return str(error)
        return None

    return Tool(name_of(function), docstrings.first_paragraph(docstring), schema, check)


def name_of(function: object) -> str:
    """The name of a function; of a callable object, that of its class."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = cast("functools.partial[object]", inner).func
    name = getattr(inner, "__name__", None)
    return name if isinstance(name, str) else type(inner).__name__


def _inner(function: Function) -> Function:
    """The function that holds hints and docstring: behind partials, methods and objects."""
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    if inspect.isroutine(function):
        return function
    return cast("Function", type(function).__call__)


def _docstring(inner: Function) -> str | None:
    return inspect.getdoc(inner)


def _parameters(function: Function, where: str) -> dict[str, inspect.Parameter]:
    """The parameters that a model may fill, by name; raises RequestError for those without one."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise RequestError("its parameters are not known", where=where, hint=_WRITE) from None
    bound = function.keywords if isinstance(function, functools.partial) else {}
    for one in signature.parameters.values():
        if one.kind not in _NAMED:
            named = str(one).partition(":")[0]  # with its stars
            what = f"its parameter {named} cannot be passed by name"
            raise RequestError(what, where=where, hint=_WRITE)
    return {name: one for name, one in signature.parameters.items() if name not in bound}


def _hints(
    inner: Function, found: Mapping[str, inspect.Parameter], where: str
) -> dict[str, object]:
    """The type hints of the parameters; raises RequestError where one is missing."""
    problem, hints = "", cast("dict[str, object]", {})
    try:
        hints = typing_extensions.get_type_hints(inner, include_extras=True)
    except UNFIT as error:
        problem = f"a type hint cannot be read: {error}"
    if problem:
        hint = "Hints must name types of the function's module, not of a function around it"
        raise RequestError(problem, where=where, hint=hint)
    for name in found:
        if name not in hints:
            example = f"{name}: str"
            what = f"its parameter {name!r} has no type hint"
            raise RequestError(what, where=where, hint=f"Write one, such as {example}")
    return {name: taken(hints[name]) for name in found}


def _described(
    schema: dict[str, object],
    found: Mapping[str, inspect.Parameter],
    words: Mapping[str, str],
) -> dict[str, object]:
    """Add to each property its words in the docstring, unless it has some, and its default."""
    properties = cast("dict[str, dict[str, object]]", schema.setdefault("properties", {}))
    for name, one in properties.items():
        if words.get(name):
            one.setdefault("description", words[name])
        default = found[name].default
        if default is not inspect.Parameter.empty and _is_json(default):
            one.setdefault("default", default)
    return schema


def _is_json(value: object) -> bool:
    try:
        return value is not None and bool(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return False


_WRITE = (
    "Wrap it in a function with named parameters, or write a Tool(name, description, parameters)"
)
