"""Which JSON Schemas are taken: those that `check` decides as their authors mean them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import RequestError
from llmroute.errors.problems import close

from .kinds import is_list, is_table
from .pointers import MOST_LEVELS, pointer, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pointers import At

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")

REFUSED = {
    "$dynamicRef": "Use $ref",
    "$dynamicAnchor": "Use $defs and $ref",
    "$recursiveRef": "Use $ref",
    "$recursiveAnchor": "Use $defs and $ref",
    "$anchor": "Use $defs and $ref",
    "unevaluatedProperties": "Use additionalProperties",
    "unevaluatedItems": "Use items",
    "additionalItems": "Use items, and prefixItems for the first ones",
    "dependencies": "Use dependentRequired or dependentSchemas",
}
"""Keywords that would change the verdict, and are not understood here; what to use instead."""

MOST_ALIKE, ALIKE = 3, 0.85
"""Words of so few letters are never misspelt keywords, others when they are so much like one."""


class Flaw(NamedTuple):
    """What is wrong with a schema, where, and how to mend it."""

    at: At
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{pointer(self.at)} {self.what}"


def plain(schema: Mapping[str, object], where: str) -> dict[str, object]:
    """Copy a schema as JSON has it; raises RequestError when it cannot be written as JSON."""
    return cast("dict[str, object]", json.loads(_text(schema, where)))


def read_schema(schema: Mapping[str, object], where: str) -> Mapping[str, object]:
    """Copy a schema that is taken; the second time it is looked up.

    Raises RequestError, with `where` and the place in the schema, for one that is not.
    """
    copy, found = _read(_text(schema, where))
    if found is not None:
        raise RequestError(f"in its schema, {found}", where=where, hint=found.hint)
    return copy


def _text(schema: Mapping[str, object], where: str) -> str:
    try:
        return json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        problem = type(error).__name__
    raise RequestError(f"its schema cannot be written as JSON ({problem})", where=where)


@lru_cache(maxsize=128)
def _read(text: str) -> tuple[dict[str, object], Flaw | None]:
    from .finite import endless

    schema = cast("dict[str, object]", json.loads(text))
    try:
        return schema, _Reading(schema).schema(schema, ()) or endless(schema)
    except RecursionError:
        hint = "Let its references lead to fewer others in a row"
    return schema, Flaw((), "leads from reference to reference for too long", hint)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_names(value: object) -> bool:
    return is_list(value) and all(isinstance(one, str) for one in value)


def _is_type(value: object) -> bool:
    names = value if is_list(value) else [value]
    return bool(names) and all(one in TYPES for one in names)


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _is_dependents(value: object) -> bool:
    return is_table(value) and all(map(_is_names, value.values()))


Fits = Callable[[object], bool]
_COUNT: tuple[Fits, str] = (_is_count, "a whole number of 0 or more")
_NUMBER: tuple[Fits, str] = (_is_number, "a number")
_PLAIN: dict[str, tuple[Fits, str]] = {
    "type": (_is_type, f"one of {', '.join(TYPES)}, or a list of them"),
    "enum": (is_list, "a list"),
    "required": (_is_names, "a list of names"),
    "dependentRequired": (_is_dependents, "lists of names"),
    "pattern": (_is_pattern, "a regular expression that Python knows"),
    "uniqueItems": (lambda one: isinstance(one, bool), "true or false"),
    "multipleOf": (lambda one: _is_number(one) and cast("float", one) > 0, "a number above 0"),
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "exclusiveMinimum": _NUMBER,
    "exclusiveMaximum": _NUMBER,
    "minLength": _COUNT,
    "maxLength": _COUNT,
    "minItems": _COUNT,
    "maxItems": _COUNT,
    "minProperties": _COUNT,
    "maxProperties": _COUNT,
    "minContains": _COUNT,
    "maxContains": _COUNT,
}
ONE = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
"""Keywords that hold one schema, a list of them, and some by name."""
_MISSPELT = {
    name.lower(): name
    for name in (*_PLAIN, *ONE, *SEVERAL, *NAMED, "const")
    if len(name) > MOST_ALIKE
}
"""What a misspelt keyword may have meant; "not" and "if" are like too many words."""
NOTES = ("$schema", "$id", "$comment", "title", "description", "default", "format", "examples")
IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""Keywords whose schemas look at the very value that theirs looks at."""


def subschemas(schema: Mapping[str, object]) -> list[tuple[At, object]]:
    """The schemas right inside a schema, with their places."""
    found: list[tuple[At, object]] = [((name,), schema[name]) for name in ONE if name in schema]
    for name in SEVERAL:
        items = schema.get(name)
        found += [((name, place), one) for place, one in enumerate(items if is_list(items) else ())]
    for name in NAMED:
        fields = schema.get(name)
        found += [((name, key), one) for key, one in _items(fields)]
    return found


def _items(fields: object) -> list[tuple[str, object]]:
    return list(fields.items()) if is_table(fields) else []


class _Reading:
    """One reading of a whole schema."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._targets: set[int] = set()
        self._straight: set[int] = set()

    def schema(self, schema: object, at: At) -> Flaw | None:
        """The first flaw of the schema at `at`."""
        if isinstance(schema, bool):
            return None
        if not is_table(schema):
            return Flaw(at, f"must be a schema, got {type(schema).__name__}")
        if len(at) > MOST_LEVELS:
            return Flaw(at[:2], f"is nested more than {MOST_LEVELS} levels deep")
        wrong = self._plain(schema, at) or self._reference(schema, at)
        if wrong is not None:
            return wrong
        wrongs = (self.schema(one, (*at, *place)) for place, one in subschemas(schema))
        return next(filter(None, wrongs), None)

    def _plain(self, table: Mapping[str, object], at: At) -> Flaw | None:
        for name, value in table.items():
            if name in REFUSED or (name == "$id" and at):
                return Flaw((*at, name), "is not understood", REFUSED.get(name, "Use $defs"))
            fits, wanted = _PLAIN.get(name, (None, ""))
            if fits is not None and not fits(value):
                return Flaw((*at, name), f"must be {wanted}")
            wrong = _container(name, value, at)
            if wrong is not None:
                return wrong
        return None

    def _reference(self, table: Mapping[str, object], at: At) -> Flaw | None:
        """Follow `$ref`; what it leads to is read once."""
        if "$ref" not in table:
            return None
        reference = table["$ref"]
        if not isinstance(reference, str) or not reference.startswith("#"):
            hint = "Copy what it names into $defs: nothing is fetched"
            return Flaw((*at, "$ref"), "leads out of the schema", hint)
        target = resolved(self._root, reference)
        if not (is_table(target) or isinstance(target, bool)):
            return Flaw((*at, "$ref"), "leads nowhere")
        if self._returns(target, ()):
            return Flaw((*at, "$ref"), "leads back to itself without end")
        if id(target) in self._targets:
            return None
        self._targets.add(id(target))
        return self.schema(target, at)

    def _returns(self, schema: object, path: tuple[int, ...]) -> bool:
        """Whether a schema comes back to itself without a step into the value."""
        if not is_table(schema) or id(schema) in self._straight:
            return False
        if id(schema) in path:
            return True
        inner = [one for place, one in subschemas(schema) if place[0] in IN_PLACE]
        inner.append(resolved(self._root, str(schema.get("$ref", ""))))
        if any(self._returns(one, (*path, id(schema))) for one in inner):
            return True
        self._straight.add(id(schema))
        return False


def _misspelt(name: str, at: At) -> Flaw | None:
    """The flaw of a word that is no keyword, but like one; other words are notes."""
    if name in _MISSPELT.values() or name in NOTES or len(name) <= MOST_ALIKE:
        return None
    found = close(name.lower(), _MISSPELT, ALIKE)
    if found is None:
        return None
    return Flaw((*at, name), "is no keyword", f"Did you mean {_MISSPELT[found]!r}?")


def _container(name: str, value: object, at: At) -> Flaw | None:
    """The flaw of a keyword that holds schemas."""
    if name == "items" and is_list(value):
        return Flaw((*at, name), "must be one schema", "Use prefixItems for several")
    if name in SEVERAL and not (is_list(value) and value):
        return Flaw((*at, name), "must be a list of schemas")
    if name in NAMED:
        return _named(value, (*at, name))
    return _misspelt(name, at)


def _named(value: object, at: At) -> Flaw | None:
    if not is_table(value):
        return Flaw(at, "must hold schemas by name")
    if at[-1] == "patternProperties" and not all(map(_is_pattern, value)):
        return Flaw(at, "must be named by regular expressions that Python knows")
    return None
