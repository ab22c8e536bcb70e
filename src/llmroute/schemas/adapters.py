"""Types by pydantic: their JSON Schema, and the value of a text or the reason why not."""

from __future__ import annotations

import json
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple, cast

from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaError

from llmroute.errors import RequestError

from .finite import check_finite
from .hints import taken, wrapper
from .kinds import BUGS, is_table
from .known import plain
from .misfits import told
from .nulls import without_nulls
from .pointers import resolved
from .reading import parse, unfenced

if TYPE_CHECKING:
    from collections.abc import Mapping

WRAPPED = "value"
"""The property that holds what is no object by itself: providers want an object."""

UNFIT = (
    PydanticUserError,
    PydanticUndefinedAnnotation,
    SchemaError,
    NameError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
)
"""What pydantic, and hints that lead nowhere, raise for a type without a schema."""


class _Lean(GenerateJsonSchema):
    """Without titles made of names: they tell nothing, and cost tokens in every request."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - pydantic's own

    def field_title_should_be_set(self, schema: object) -> bool:
        """Never."""
        return schema is None


class Adapter:
    """A type, its schema, and its values."""

    def __init__(self, hint: object, where: str) -> None:
        """Make the schema; raises RequestError for a type that has none."""
        problem = ""
        try:
            self._adapter: TypeAdapter[object] = TypeAdapter(cast("type", taken(hint)))
            self.schema = plain(self._adapter.json_schema(schema_generator=_Lean), where)
        except RequestError:
            raise
        except UNFIT as error:
            problem = f"pydantic can make no JSON Schema of it ({_first_line(error)})"
        if problem:
            hint = "Types of JSON, dataclasses, TypedDicts and pydantic models can be used"
            raise RequestError(problem, where=where, hint=hint)
        check_finite(self.schema, where)

    def value(self, parsed: object, *, strict: bool) -> object:
        """Make the value of parsed JSON; raises ValueError, without content, if it does not fit."""
        problem = ""
        try:
            return self._adapter.validate_json(json.dumps(parsed), strict=strict or None)
        except ValidationError as error:
            problem = told(error, self.schema, parsed)
        except BUGS as error:
            problem = f"a check of its type raised {type(error).__name__}"
        raise ValueError(problem)

    def forgiving(self, parsed: object) -> object:
        """Make the value; nulls may stand for what is left out. Raises ValueError likewise."""
        pruned: object = None
        try:
            return self.value(parsed, strict=False)
        except ValueError as error:
            problem = str(error)
            pruned = without_nulls(self.schema, parsed)
        if pruned != parsed:
            return self.value(pruned, strict=False)
        raise ValueError(problem)


class Shape(NamedTuple):
    """A type as providers take it: an object at the root; the others are wrapped in one."""

    adapter: Adapter
    schema: Mapping[str, object]
    wrapped: bool

    def read(self, text: str) -> object:
        """Read the value out of an answer; raises ValueError, without content."""
        value = self.adapter.forgiving(parse(unfenced(text)))
        return cast("dict[str, object]", value)[WRAPPED] if self.wrapped else value


def shape(hint: object, where: str) -> Shape:
    """Make the shape of a type; raises RequestError for a type that has none."""
    adapter = Adapter(hint, where)
    root = _inlined(adapter.schema)
    if root.get("type") == "object":
        return Shape(adapter, root, wrapped=False)
    around = Adapter(wrapper(WRAPPED, taken(hint)), where)
    schema = {**untitled(around.schema), "additionalProperties": False}
    return Shape(around, schema, wrapped=True)


def untitled(schema: Mapping[str, object]) -> dict[str, object]:
    """Leave out the title of the root."""
    return {name: one for name, one in schema.items() if name != "title"}


def _inlined(schema: dict[str, object]) -> dict[str, object]:
    """Put the definition that the root refers to in its place."""
    reference = schema.get("$ref")
    target = resolved(schema, reference) if isinstance(reference, str) else None
    if not is_table(target):
        return schema
    return {**target, "$defs": schema.get("$defs", {})}


def _first_line(error: Exception) -> str:
    line = str(error).split("\n", 1)[0].strip().rstrip(".")
    return shorten(line, 200, placeholder=" ...") or type(error).__name__
