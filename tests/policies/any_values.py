"""Any value of a type of `llmroute.types`, made by its hints, as hypothesis wants it."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Literal, cast

from hypothesis import strategies as st

from llmroute.policies.forms import unread
from llmroute.policies.plain import UNIONS, known_names

if typing.TYPE_CHECKING:
    from collections.abc import Sequence

Values = st.SearchStrategy[object]
MAPPINGS: tuple[object, ...] = (Mapping, dict)

JSON: Values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SIMPLE: dict[object, Values] = {
    object: JSON,
    typing.Any: JSON,
    str: st.text(max_size=8),
    bool: st.booleans(),
    int: st.integers(-(2**62), 2**62),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    bytes: st.binary(max_size=8),
    date: st.dates(),
    Decimal: st.decimals("-1e12", "1e12", places=None).filter(lambda one: abs(one.adjusted()) < 30),
    datetime: st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))])
    ),
}


def any_of(hint: object) -> Values:
    """Any value of a type; a function is None, or what stands in for one."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in UNIONS:
        return _union(arguments)
    if origin is Callable:
        return st.just(unread)
    if origin is Literal:
        return st.sampled_from(arguments)
    return made(cast("type", hint)) if origin is None else _several(origin, arguments)


def _several(origin: object, hints: Sequence[object]) -> Values:
    """Any tuple, set or mapping."""
    if origin is tuple and hints[-1] is not Ellipsis:
        return st.tuples(*map(any_of, hints))
    if origin is frozenset:
        return st.frozensets(any_of(hints[0]), max_size=3)
    if origin in MAPPINGS:
        return st.dictionaries(st.text(max_size=5), any_of(hints[1]), max_size=2)
    return st.lists(any_of(hints[0]), max_size=3).map(tuple)


def _union(hints: Sequence[object]) -> Values:
    """Any value of one of the types; no functions, and no paths, which come back as strings."""
    left_out = (os.PathLike, Callable)
    return st.one_of(*[any_of(one) for one in hints if typing.get_origin(one) not in left_out])


MADE: dict[str, Values] = {}


def made(kind: type) -> Values:
    """Any value of a dataclass or a NamedTuple, each field given or left out."""
    name = f"{kind.__module__}.{kind.__name__}"
    if name not in MADE:  # a field may be of the class itself
        MADE[name] = st.deferred(lambda: _fields_of(kind))
    return MADE[name]


def _fields_of(kind: type) -> Values:
    hints = typing.get_type_hints(kind, localns=known_names())
    held = vars(kind)
    if dataclasses.is_dataclass(kind):
        names = [one.name for one in dataclasses.fields(kind) if one.init]
        needed = {one.name for one in dataclasses.fields(kind) if not _has_default(one)}
    else:
        names = list(cast("Sequence[str]", held["_fields"]))
        needed = set(names) - set(cast("Mapping[str, object]", held["_field_defaults"]))
    fixed = {name: any_of(hints[name]) for name in names if name in needed}
    free = {name: any_of(hints[name]) for name in names if name not in needed}
    given = st.fixed_dictionaries(fixed, optional=free)
    return given.map(lambda fields: cast("Callable[..., object]", kind)(**fields))


def _has_default(one: dataclasses.Field[object]) -> bool:
    missing = dataclasses.MISSING
    return one.default is not missing or one.default_factory is not missing
