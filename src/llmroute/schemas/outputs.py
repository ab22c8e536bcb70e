"""The shapes of answers: types and JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NewType, cast, get_origin

from llmroute.errors import RequestError
from llmroute.types.tools import OutputSpec

from .names import sanitized

WHERE = "output"


def output_spec(output: object) -> OutputSpec:
    """Make the spec of a shape; raises RequestError when no answer can have it."""
    if isinstance(output, Mapping):
        return _of_schema(cast("Mapping[str, object]", output))
    if not _is_type(output):
        kind = type(output).__name__
        what = f"must be a type or a JSON Schema, got {kind}"
        raise RequestError(what, where=WHERE, hint=_instead(output, kind))
    shape = cast("type", output)
    try:
        return _of_type(shape)
    except TypeError:  # it has no hash, as metadata of Annotated may have none
        return _of_type.__wrapped__(shape)


def _is_type(output: object) -> bool:
    is_alias = type(output).__name__ == "TypeAliasType"
    return isinstance(output, type | NewType) or get_origin(output) is not None or is_alias


def _instead(output: object, kind: str) -> str:
    """Say what to pass in place of what is no type."""
    if isinstance(output, str | bytes):
        return "Pass a type, such as a pydantic model or list[str], or a JSON Schema as a dict"
    if callable(output):
        return "A function is no type: pass its result's type, or the function in tools=[...]"
    return f"Pass the type itself: output={kind}, not an instance of it"


@lru_cache(maxsize=256)
def _of_type(output: type) -> OutputSpec:
    """Make the spec of a type, once: it takes pydantic a millisecond."""
    from .adapters import shape

    made = shape(output, WHERE)
    name = getattr(output, "__name__", "") if get_origin(output) is None else ""
    return OutputSpec(sanitized(name), made.schema, made.read)


def _check_alone(given: Mapping[str, object]) -> None:
    """Refuse the form that OpenAI's APIs wrap a schema in; raises RequestError."""
    if given.get("type") == "json_object":
        hint = 'Pass the schema of the answer: {"type": "object", "properties": {...}}'
    elif "json_schema" in given:
        hint = 'Pass the inner schema alone: what stands in ["json_schema"]["schema"]'
    elif given.get("type") == "json_schema" or isinstance(given.get("schema"), Mapping):
        hint = 'Pass the inner schema alone: what stands in ["schema"]'
    else:
        return
    raise RequestError("the JSON Schema is not that of an object", where=WHERE, hint=hint)


def _of_schema(given: Mapping[str, object]) -> OutputSpec:
    """Make the spec of a JSON Schema; raises RequestError for one that is not taken."""
    from .check import misfit
    from .known import read_schema
    from .nulls import without_nulls
    from .reading import parse, unfenced

    _check_alone(given)
    schema = read_schema(given, WHERE)
    if schema.get("type") != "object":
        hint = 'Its root needs "type": "object"'
        raise RequestError("the JSON Schema is not that of an object", where=WHERE, hint=hint)

    def read(text: str) -> object:
        """Parse and check an answer; raises ValueError, without content."""
        value = parse(unfenced(text))
        problem = misfit(schema, value)
        if problem is not None:
            value = without_nulls(schema, value)
            problem = misfit(schema, value)
        if problem is not None:
            raise ValueError(problem)
        return value

    title = schema.get("title")
    return OutputSpec(sanitized(title if isinstance(title, str) else ""), schema, read)
