"""Type hints that pydantic takes: before Python 3.12 it refuses `typing.TypedDict`."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Annotated, Union, cast, get_args, get_origin

import typing_extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def taken(hint: object) -> object:
    """Make every `typing.TypedDict` in a hint one of typing_extensions."""
    return _taken(hint) if sys.version_info < (3, 12) else hint


def arguments(hints: Mapping[str, object], optional: set[str]) -> type:
    """Make a TypedDict of a function's parameters, and of no others."""
    fields = {key: _optional(hint) if key in optional else hint for key, hint in hints.items()}
    return _typed_dict("Arguments", fields, {"__pydantic_config__": {"extra": "forbid"}})


def wrapper(name: str, hint: object) -> type:
    """Make a TypedDict that holds one value under `name`."""
    return _typed_dict("Wrapper", {name: hint}, {})


def _typed_dict(name: str, fields: Mapping[str, object], facts: Mapping[str, object]) -> type:
    make = cast("Callable[[str, object], type]", typing_extensions.TypedDict)
    made = make(name, dict(fields))
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def _taken(hint: object) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _subscribed(Annotated, (_taken(arguments[0]), *arguments[1:]))
    if origin in {Union, types.UnionType}:
        return _subscribed(Union, tuple(map(_taken, arguments)))
    if isinstance(origin, type) and arguments:
        return _subscribed(origin, tuple(map(_taken, arguments)))
    if typing_extensions.is_typeddict(hint) and type(hint).__module__ == "typing":
        return _modern(cast("type", hint))
    return hint


def _subscribed(generic: object, arguments: object) -> object:
    """Write `generic[arguments]`, of what checkers of types see no type in."""
    return cast("Mapping[object, object]", generic)[arguments]


def _modern(old: type) -> type:
    """Make the same TypedDict anew."""
    required = cast("frozenset[str]", vars(old)["__required_keys__"])
    hints = typing_extensions.get_type_hints(old, include_extras=True)
    fields = {key: _field(hint, required=key in required) for key, hint in hints.items()}
    kept = {name: one for name, one in vars(old).items() if name in KEPT}
    return _typed_dict(old.__name__, fields, kept)


def _field(hint: object, *, required: bool) -> object:
    if get_origin(hint) in {typing_extensions.Required, typing_extensions.NotRequired}:
        required = get_origin(hint) is typing_extensions.Required
        hint = get_args(hint)[0]
    return _optional(_taken(hint)) if not required else _taken(hint)


def _optional(hint: object) -> object:
    return _subscribed(typing_extensions.NotRequired, hint)


KEPT = ("__doc__", "__module__", "__pydantic_config__")
"""What pydantic reads of a TypedDict besides its keys."""
