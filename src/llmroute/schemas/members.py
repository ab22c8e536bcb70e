"""Keywords of JSON Schema that look into arrays and objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .kinds import is_list, is_table
from .pointers import UNNAMED, pointer
from .scalars import key_of

if TYPE_CHECKING:
    from .check import Visit
    from .pointers import At
    from .scalars import Keyword, Schema


def _unique(_: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_list(value) or not schema["uniqueItems"]:
        return None
    items = value
    repeats = len({key_of(item) for item in items}) < len(items)
    return f"{pointer(at)} holds an item twice" if repeats else None


def _prefix(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_list(value):
        return None
    items = zip(schema["prefixItems"], value, strict=False)
    wrongs = (visit.check(one, item, (*at, place)) for place, (one, item) in enumerate(items))
    return next(filter(None, wrongs), None)


def _items(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_list(value):
        return None
    items, start = value, len(schema.get("prefixItems", ()))
    for place in range(start, len(items)):
        wrong = visit.check(schema["items"], items[place], (*at, place))
        if wrong is not None:
            return wrong
    return None


def _contains(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_list(value):
        return None
    items = enumerate(value)
    count = sum(visit.fits(schema["contains"], item, (*at, place)) for place, item in items)
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if count >= least and (most is None or count <= most):
        return None
    return f"{pointer(at)} must hold {'more' if count < least else 'fewer'} items of a kind"


def _properties(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    fields = value
    for name, one in schema["properties"].items():
        wrong = visit.check(one, fields[name], (*at, name)) if name in fields else None
        if wrong is not None:
            return wrong
    return None


def _matching(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    for pattern, one in schema["patternProperties"].items():
        for name, item in value.items():
            matches = re.search(pattern, name)
            wrong = visit.check(one, item, _beside(at, name, schema)) if matches else None
            if wrong is not None:
                return wrong
    return None


def _additional(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    named, patterns = schema.get("properties", ()), schema.get("patternProperties", ())
    for name, item in value.items():
        if name in named or any(re.search(pattern, name) for pattern in patterns):
            continue
        if schema["additionalProperties"] is False:
            return f"{pointer(at)} has a property that is not declared"
        wrong = visit.check(schema["additionalProperties"], item, (*at, UNNAMED))
        if wrong is not None:
            return wrong
    return None


def _beside(at: At, name: str, schema: Schema) -> At:
    return (*at, name if name in schema.get("properties", ()) else UNNAMED)


def _names(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    names = value
    if all(visit.fits(schema["propertyNames"], name, at) for name in names):
        return None
    return f"{pointer(at)} has a property whose name is not allowed"


def _required(_: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    missing = (name for name in schema["required"] if name not in value)
    name = next(missing, None)
    return None if name is None else f"{pointer((*at, name))} is missing"


def _dependent(_: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    for name, others in schema["dependentRequired"].items():
        for other in others if name in value else ():
            if other not in value:
                return f"{pointer((*at, other))} is missing, which {name!r} needs"
    return None


def _dependent_schemas(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if not is_table(value):
        return None
    ones = (one for name, one in schema["dependentSchemas"].items() if name in value)
    return next(filter(None, (visit.check(one, value, at) for one in ones)), None)


MEMBERS: dict[str, Keyword] = {
    "uniqueItems": _unique,
    "prefixItems": _prefix,
    "items": _items,
    "contains": _contains,
    "properties": _properties,
    "patternProperties": _matching,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "required": _required,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent_schemas,
}
