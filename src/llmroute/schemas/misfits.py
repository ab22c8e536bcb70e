"""What pydantic found wrong, as one sentence without the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .kinds import is_list, is_table
from .limits import walk
from .pointers import UNNAMED, pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from .pointers import At

_SENTENCES = {
    "is missing": "missing missing_argument",
    "is not declared": "extra_forbidden unexpected_keyword_argument",
    "must be a string": "string_type string_sub_type",
    "must be an integer": "int_type int_parsing int_from_float int_parsing_size",
    "must be a number": "float_type float_parsing finite_number decimal_type decimal_parsing",
    "must be true or false": "bool_type bool_parsing",
    "must be an array": "list_type tuple_type set_type frozen_set_type iterable_type",
    "must be an object": "dict_type model_type model_attributes_type dataclass_type mapping_type",
    "must be null": "none_required",
    "is none of the values that are allowed": "enum literal_error",
    "is too short": "string_too_short too_short bytes_too_short",
    "is too long": "string_too_long too_long bytes_too_long",
    "is out of range": "greater_than greater_than_equal less_than less_than_equal",
    "is not the multiple that it must be": "multiple_of",
    "does not match its pattern": "string_pattern_mismatch",
    "fits none of the shapes that it may have": "union_tag_invalid union_tag_not_found",
    "is no JSON": "json_invalid",
    "is refused by a check of its type": "value_error assertion_error",
}
_SENTENCE_OF = {kind: words for words, kinds in _SENTENCES.items() for kind in kinds.split()}


def told(error: ValidationError, schema: Mapping[str, object], value: object) -> str:
    """Say the first misfit, and how many more there are; names that no schema gave become "*"."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    names = {name for table in walk(schema) for name in _names(table)}
    first = _told(details[0], names, value)
    more = len(details) - 1
    return f"{first} (and {more} more)" if more else first


def _names(table: dict[str, object]) -> list[str]:
    return [*cast("dict[str, object]", table.get("properties", {}))]


def _told(details: ErrorDetails, names: set[str], value: object) -> str:
    words = _SENTENCE_OF.get(details["type"], "does not fit its type")
    missing = words == "is missing"
    return f"{pointer(_place(details['loc'], names, value, missing=missing))} {words}"


def _place(location: tuple[int | str, ...], names: set[str], value: object, *, missing: bool) -> At:
    """Leave out of a location what is no step into the value, such as a member of a union."""
    place: list[int | str] = []
    for step in location:
        if _leads(value, step) or (missing and step in names and is_table(value)):
            place.append(step if isinstance(step, int) or step in names else UNNAMED)
            value = _inside(value, step)
    return tuple(place)


def _leads(value: object, step: int | str) -> bool:
    if is_table(value):
        return step in value
    return is_list(value) and isinstance(step, int) and step < len(value)


def _inside(value: object, step: int | str) -> object:
    if is_table(value):
        return value.get(str(step))
    return value[step] if is_list(value) and isinstance(step, int) else None
