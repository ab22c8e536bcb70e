"""Named tuples that cost little when a program starts.

The standard library's compiles a method for each class, and each annotation: a tenth of the time in
which a policy is loaded. This one compiles `__new__` alone, when the first value is made. In all
else they are the same, and type checkers see the standard one.
"""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FunctionType
    from typing import NamedTuple

    New = Callable[[type, Iterable[object]], tuple[object, ...]]

__all__ = ["NamedTuple"]


class _One(typing.NamedTuple):
    """Of this one only the kind of its field is used: what reads it, as fast as can be."""

    field: object


_field = cast("Callable[[int, str], object]", type(vars(_One)["field"]))
_new = cast("New", getattr(tuple, "__new__"))  # noqa: B009 - its type is not known otherwise


class _Maker(type):
    """Makes a tuple of every class whose base is `NamedTuple`."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> type:
        if not bases:
            return super().__new__(cls, name, bases, body)
        hints = cast("Mapping[str, object]", body.get("__annotations__", {}))
        defaults = {field: body.pop(field) for field in hints if field in body}
        fields = tuple(hints)
        if tuple(defaults) != fields[len(fields) - len(defaults) :]:
            raise TypeError(f"a field of {name} without default follows one with a default")
        held = {
            **{field: _field(at, "") for at, field in enumerate(fields)},
            **METHODS,
            **body,
            "__new__": LateNew(fields, tuple(defaults.values())),
            "__slots__": (),
            "__match_args__": fields,
            "_fields": fields,
            "_field_defaults": defaults,
        }
        return type(name, (tuple,), held)


class LateNew:
    """The `__new__` of a class; compiled when it is first called, or looked at."""

    def __init__(self, fields: tuple[str, ...], defaults: tuple[object, ...]) -> None:
        """Keep what the fields are."""
        self._fields = fields
        self._defaults = defaults
        self._kind: type = tuple

    def __set_name__(self, kind: type, _: str) -> None:
        """Learn whose `__new__` it is: the one that asks may be a subclass."""
        self._kind = kind

    def __get__(self, instance: object, kind: type) -> object:
        """Put the compiled one in its own place."""
        names = ", ".join(self._fields)
        takes, holds = (f", {names}", f", ({names},)") if names else ("", "")
        source = f"lambda _kind{takes}: _new(_kind{holds})"
        made = cast("FunctionType", eval(source, {"_new": _new}))  # noqa: S307 - of names of our own
        made.__annotations__ = self._kind.__annotations__
        made.__name__, made.__qualname__ = "__new__", f"{self._kind.__qualname__}.__new__"
        made.__defaults__ = self._defaults
        type.__setattr__(self._kind, "__new__", staticmethod(made))
        return made


def _make(kind: type, values: Iterable[object]) -> object:
    """Make a value of all of its fields, in their order."""
    made = _new(kind, values)
    wanted = len(cast("tuple[str, ...]", vars(kind)["_fields"]))
    if len(made) != wanted:
        raise TypeError(f"Expected {wanted} arguments, got {len(made)}")
    return made


def _replace(self: tuple[object, ...], /, **changes: object) -> object:
    """Make a copy with other values of some fields."""
    made = _new(type(self), map(changes.pop, _names(self), self))
    if changes:
        raise ValueError(f"Got unexpected field names: {list(changes)!r}")
    return made


def _asdict(self: tuple[object, ...]) -> dict[str, object]:
    """The values by the names of their fields."""
    return dict(zip(_names(self), self, strict=True))


def _shown(self: tuple[object, ...]) -> str:
    values = ", ".join(f"{name}={value!r}" for name, value in zip(_names(self), self, strict=True))
    return f"{type(self).__name__}({values})"


def _values(self: tuple[object, ...]) -> tuple[object, ...]:
    """What a pickle, or a copy, is made of."""
    return tuple(self)


def _names(self: object) -> tuple[str, ...]:
    return cast("tuple[str, ...]", getattr(self, "_fields"))  # noqa: B009 - of any such tuple


METHODS: dict[str, object] = {
    "_make": classmethod(_make),
    "_replace": _replace,
    "__replace__": _replace,
    "_asdict": _asdict,
    "__repr__": _shown,
    "__getnewargs__": _values,
}
"""What every class gets."""

if not TYPE_CHECKING:

    class NamedTuple(metaclass=_Maker):
        """What classes of named fields are made from."""
