"""Parts of a JSON Schema: found by a local reference, and put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import unquote

Schema = Mapping[str, object]


def pointed_at(root: Schema, reference: str) -> object:
    """The part of `root` that a local reference ("#/$defs/City") names; nothing is ever fetched.

    Raises:
        LookupError: it names no part of it.
    """
    if reference != "#" and not reference.startswith("#/"):
        raise LookupError(reference)
    found: object = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = _member(found, unquote(step).replace("~1", "/").replace("~0", "~"))
    return found


def _member(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        return cast("Schema", value)[key]
    if isinstance(value, Sequence) and not isinstance(value, str) and key.isdecimal():
        return cast("Sequence[object]", value)[int(key)]
    raise LookupError(key)


def merged(one: Schema, other: Schema) -> dict[str, object]:
    """A schema of what fits both, as far as objects go; of other words `other`'s count."""
    both = {**one, **other}
    first, second = _part(one, "properties"), _part(other, "properties")
    if first or second:
        both["properties"] = {
            name: _property(first.get(name), second.get(name)) for name in {**first, **second}
        }
    if "required" in one or "required" in other:
        names = [*_names(one), *_names(other)]
        both["required"] = list(dict.fromkeys(names))
    return both


def _property(one: object, other: object) -> object:
    if other is None:
        return one
    both = _part({"": one}, ""), _part({"": other}, "")
    return merged(*both) if all(both) else other


def _part(schema: Schema, word: str) -> Schema:
    part = schema.get(word)
    return cast("Schema", part) if isinstance(part, Mapping) else {}


def _names(schema: Schema) -> Sequence[str]:
    return cast("Sequence[str]", schema.get("required") or ())
