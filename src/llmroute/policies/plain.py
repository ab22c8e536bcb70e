"""Our own values as plain ones, ready for JSON, and back: by their fields and type hints.

A new field of a class of `llmroute.types` comes along by itself. Fields that hold their default are
left out, functions always are. Nothing but those classes is ever made.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Literal, NamedTuple, TypeVar, cast

import llmroute.types
from llmroute.errors import PolicyError, Problem

from .forms import (
    ANYTHING,
    FUNCTION,
    Many,
    Named,
    OneOf,
    Row,
    Word,
    at,
    check_names,
    fields,
)
from .scalars import SIMPLE, MisfitError

if typing.TYPE_CHECKING:
    from .scalars import Form

T = TypeVar("T")
WHATEVER: tuple[object, ...] = (object, typing.Any)
UNIONS = (types.UnionType, typing.Union)
MANY: dict[object, Callable[[list[object]], object]] = {
    tuple: tuple,
    Sequence: tuple,
    frozenset: frozenset,
}
NAMED: tuple[object, ...] = (Mapping, dict)
NO_DEFAULT = dataclasses.MISSING


def plain(value: object, file: str = "the record") -> dict[str, object]:
    """Write a dataclass or NamedTuple of `llmroute.types` as plain values.

    Raises:
        PolicyError: it holds what JSON does not have; says where, and never quotes it.
    """
    return cast("dict[str, object]", told(lambda: form_of(_hint(type(value))).write(value), file))


def restored(kind: type[T], values: object, file: str = "the record") -> T:
    """Make a value of the class `kind` of what `plain` wrote.

    Raises:
        PolicyError: something in it is wrong; says where, and never quotes it.
    """
    return cast("T", told(lambda: form_of(_hint(kind)).read(values), file))


def _hint(kind: type[object]) -> object:
    return kind


def told(work: Callable[[], object], file: str) -> object:
    """Do what raises MisfitError, and raise PolicyError in its place."""
    try:
        return work()
    except MisfitError as error:
        found = error
    except RecursionError:
        found = MisfitError("it nests too deep")
    raise PolicyError([Problem(file, None, ".".join(found.path), found.what, found.hint)])


class Field(NamedTuple):
    """A field, how it is written, and what its default is written as; NO_DEFAULT: it has none."""

    name: str
    form: Form
    default: object


class Made:
    """A dataclass or a NamedTuple: an object of its fields, which may be of the class itself."""

    def __init__(self, kind: type) -> None:
        """Look at no field yet."""
        self.kind = kind

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """How each field is written."""
        hints = typing.get_type_hints(self.kind, localns=known_names())
        found: list[Field] = []
        for name, default in _defaults(self.kind):
            form = form_of(hints[name])
            known = default is not NO_DEFAULT and form is not FUNCTION
            found.append(Field(name, form, form.write(default) if known else default))
        return tuple(found)

    def write(self, value: object) -> object:
        """Write the fields that do not hold their default."""
        if not isinstance(value, self.kind):
            raise MisfitError(f"it must be a {self.kind.__name__}")
        written = {
            name: at(name, form.write, getattr(value, name))
            for name, form, _ in self.fields
            if form is not FUNCTION
        }
        defaults = {one.name: one.default for one in self.fields}
        return {name: one for name, one in written.items() if not _same(one, defaults[name])}

    def read(self, value: object) -> object:
        """Make it of its fields, and of the defaults of those that are left out."""
        given = fields(value)
        check_names(given, [one.name for one in self.fields])
        found: dict[str, object] = {}
        for name, form, default in self.fields:
            if name in given:
                found[name] = at(name, form.read, given[name])
            elif form is FUNCTION:
                if default is NO_DEFAULT:
                    found[name] = form.read(None)
            elif default is NO_DEFAULT:
                raise MisfitError("it is missing", path=(name,))
        try:
            return cast("Callable[..., object]", self.kind)(**found)
        except (ValueError, ArithmeticError):  # what a class checks itself
            pass
        raise MisfitError("its values do not go together")


def _same(one: object, other: object) -> bool:
    """Whether two plain values are written alike; 1 and true are not."""
    return one == other and repr(one) == repr(other)


@cache
def form_of(hint: object) -> Form:
    """How values of a type are written; raises TypeError for one that nobody thought of."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    if hint in WHATEVER:
        return ANYTHING
    if _is_made(hint):
        return Made(cast("type", hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in UNIONS:
        return _one_of(arguments)
    if origin is Callable:
        return FUNCTION
    return _compound(hint, origin, arguments)


def _compound(hint: object, origin: object, arguments: tuple[object, ...]) -> Form:
    """A type that is made of others."""
    if origin is Literal:
        return Word(arguments)
    if origin in SIMPLE:
        return SIMPLE[origin]
    if origin is tuple and arguments[-1] is not Ellipsis:
        return Row(tuple(map(form_of, arguments)))
    if origin in MANY:
        return Many(form_of(arguments[0]), MANY[origin])
    if origin in NAMED:
        return Named(form_of(arguments[1]))
    raise TypeError(f"values of the type {hint} have no plain form")


def _is_made(hint: object) -> bool:
    return isinstance(hint, type) and ("_fields" in dir(hint) or dataclasses.is_dataclass(hint))


def _one_of(hints: Sequence[object]) -> Form:
    """A union; one that a function may be of is written as a function: never."""
    if any(typing.get_origin(one) is Callable for one in hints):
        return FUNCTION
    made = [cast("type", one) for one in hints if _is_made(one)]
    others = [form_of(one) for one in hints if not _is_made(one)]
    return OneOf(tuple(others), {one.__name__: form_of(one) for one in made})


def _defaults(kind: type) -> list[tuple[str, object]]:
    """Each field that a class is made with, and its default."""
    if dataclasses.is_dataclass(kind):
        return [(one.name, _default(one)) for one in dataclasses.fields(kind) if one.init]
    held = vars(cast("object", kind))
    defaults = cast("Mapping[str, object]", held["_field_defaults"])
    names = cast("tuple[str, ...]", held["_fields"])
    return [(name, defaults.get(name, NO_DEFAULT)) for name in names]


def _default(one: dataclasses.Field[object]) -> object:
    return one.default if one.default_factory is NO_DEFAULT else one.default_factory()


@cache
def known_names() -> dict[str, object]:
    """What the hints of `llmroute.types` may name: all that its modules hold."""
    kinds: tuple[type, ...] = (date, datetime, Decimal, Mapping, Sequence)
    known: dict[str, object] = {one.__name__: one for one in kinds}
    known |= {"Callable": Callable, "os": os}
    for module in pkgutil.iter_modules(llmroute.types.__path__):
        held = vars(importlib.import_module(f"llmroute.types.{module.name}"))
        known |= {name: one for name, one in held.items() if not name.startswith("_")}
    return known
