"""Places in JSON: pointers as errors show them, and what a `$ref` leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from .kinds import is_list, is_table

if TYPE_CHECKING:
    from collections.abc import Mapping

At = tuple[str | int, ...]
"""A place in a value: names of properties and numbers of items, from the root."""

MOST_LEVELS = 100
"""How deep a value or a schema may be nested."""

UNNAMED = "*"
"""Stands in a pointer for a name that no schema gave: it is content, which errors never show."""


def pointer(at: At) -> str:
    """Write a place as a JSON pointer (RFC 6901); the root is "it"."""
    if not at:
        return "it"
    names = (str(name).replace("~", "~0").replace("/", "~1") for name in at)
    more = " (*: a name that the schema does not have)" if UNNAMED in at else ""
    return "/" + "/".join(names) + more


def resolved(root: Mapping[str, object], reference: str) -> object:
    """Follow a local `$ref`; None when it leads nowhere, or out of the schema."""
    if reference == "#":
        return root
    if not reference.startswith("#/"):
        return None
    place: object = root
    for step in unquote(reference[2:]).split("/"):
        place = _inside(place, step.replace("~1", "/").replace("~0", "~"))
    return place


def _inside(place: object, name: str) -> object:
    if is_table(place):
        return place.get(name)
    if is_list(place) and name.isdecimal() and int(name) < len(place):
        return place[int(name)]
    return None
