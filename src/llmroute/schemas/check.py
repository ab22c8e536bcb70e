"""What fits a JSON Schema: draft 2020-12, as far as `known` lets it in.

Sentences name places and kinds, never values: what a model said is nobody's business but its
caller's. `format` is a note, as the draft has it, and `pattern` is searched by Python's `re`.
Work is bounded: a `$ref` is followed once for each place of the value, and values are at most
`MOST_LEVELS` deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .members import MEMBERS
from .pointers import MOST_LEVELS, pointer, resolved
from .scalars import SCALARS, type_misfit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pointers import At
    from .scalars import Keyword, Schema

_TOO_DEEP = f"it is nested more than {MOST_LEVELS} levels deep"
_ENDLESS = "cannot be checked: the schema refers to itself without end"


def misfit(schema: Mapping[str, object], value: object) -> str | None:
    """Say where and how parsed JSON does not fit a schema, without quoting it; None if it does.

    The schema is one in which `known.flaw` found nothing.
    """
    try:
        return Visit(schema).check(schema, value, ())
    except RecursionError:
        return _TOO_DEEP


class Visit:
    """One walk through a value and its schema."""

    def __init__(self, root: Mapping[str, object]) -> None:
        """Resolve references in `root`."""
        self._root = root
        self._targets: dict[str, object] = {}
        self._verdicts: dict[tuple[int, At, int], str | None] = {}

    def check(self, schema: Schema | bool, value: object, at: At) -> str | None:
        """The first misfit of the value at `at`; None when it fits."""
        if isinstance(schema, bool):
            return None if schema else f"{pointer(at)} is not allowed"
        if len(at) > MOST_LEVELS:
            return _TOO_DEEP
        if "type" in schema:
            wrong = type_misfit(schema["type"], value, at)
            if wrong is not None:
                return wrong
        keywords = filter(None, map(KEYWORDS.get, schema))
        return next(filter(None, (keyword(self, schema, value, at) for keyword in keywords)), None)

    def fits(self, schema: Schema | bool, value: object, at: At) -> bool:
        """Whether the value fits."""
        return self.check(schema, value, at) is None

    def _target(self, reference: str) -> Any:
        """What a `$ref` leads to."""
        if reference not in self._targets:
            self._targets[reference] = resolved(self._root, reference)
        return self._targets[reference]

    def follow(self, schema: Schema, value: object, at: At) -> str | None:
        """Check against what `$ref` leads to, once for each place."""
        target = self._target(schema["$ref"])
        place = (id(target), at, id(value))
        if place not in self._verdicts:
            self._verdicts[place] = f"{pointer(at)} {_ENDLESS}"
            self._verdicts[place] = self.check(target, value, at)
        return self._verdicts[place]


def _all(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    return next(filter(None, (visit.check(one, value, at) for one in schema["allOf"])), None)


def _any(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    if any(visit.fits(one, value, at) for one in schema["anyOf"]):
        return None
    return f"{pointer(at)} fits none of the {len(schema['anyOf'])} shapes that it may have"


def _one(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    count = sum(visit.fits(one, value, at) for one in schema["oneOf"])
    if count == 1:
        return None
    few = "none" if count == 0 else "more than one"
    return f"{pointer(at)} fits {few} of the {len(schema['oneOf'])} shapes that it may have"


def _not(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    return f"{pointer(at)} is what it must not be" if visit.fits(schema["not"], value, at) else None


def _if(visit: Visit, schema: Schema, value: object, at: At) -> str | None:
    branch = "then" if visit.fits(schema["if"], value, at) else "else"
    return visit.check(schema.get(branch, True), value, at)


KEYWORDS: dict[str, Keyword] = {
    **SCALARS,
    **MEMBERS,
    "$ref": Visit.follow,
    "allOf": _all,
    "anyOf": _any,
    "oneOf": _one,
    "not": _not,
    "if": _if,
}
"""What decides; "type" comes first, and is read by `Visit.check` itself."""
