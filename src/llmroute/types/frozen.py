"""Frozen dataclasses that cost little when a program starts.

The standard library's decorator imports `inspect` and compiles six methods for each class: half of
the time in which a policy is loaded. This one compiles `__init__` alone, when the first value is
made, and imports nothing until somebody asks for `dataclasses.fields`. In all else they are the
same: `dataclasses.replace`, `is_dataclass`, `asdict`, pattern matching, pickling, slots. Type
checkers see the standard one.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NoReturn, cast

from .tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from dataclasses import dataclass, field, replace
    from types import FunctionType

__all__ = ["dataclass", "field", "replace"]


class Absent:
    """Its repr is what signatures show in place of a default that a function makes."""

    def __repr__(self) -> str:
        return "<factory>"


ABSENT = Absent()
"""Stands where there is no default, and for an argument whose default is made by a function."""

LEFT_OUT = ("__dict__", "__weakref__")
"""What a class without slots has, and one with slots has not."""


class Marked(NamedTuple):
    """What `field(...)` says."""

    default: object = ABSENT
    default_factory: object = ABSENT
    init: bool = True
    compare: bool = True

    @property
    def is_optional(self) -> bool:
        """Whether it may be left out."""
        return self.default is not ABSENT or self.default_factory is not ABSENT


def _dataclass(
    *, frozen: bool, slots: bool, kw_only: bool = False
) -> Callable[[type[object]], type[object]]:
    """Make a class a dataclass, frozen and with slots; no other kind is made here."""
    if not (frozen and slots):
        raise TypeError("the standard library makes these")

    def make(kind: type[object]) -> type[object]:
        return _made(kind, kw_only=kw_only)

    return make


def _made(kind: type[object], *, kw_only: bool) -> type[object]:
    """The class anew: with slots, without the defaults as attributes, and with its methods."""
    held = {name: one for name, one in vars(kind).items() if name not in LEFT_OUT}
    marks = {name: _marked(held.pop(name, ABSENT)) for name in kind.__annotations__}
    own = {name: one for name, one in held.items() if one is not None}
    body = {**_told(marks), **own, **METHODS, "__init__": LateInit(marks, kw_only=kw_only)}
    body["__match_args__"] = () if kw_only else _given(marks)
    body["__dataclass_fields__"] = LateFields(marks, kw_only=kw_only)
    body["__slots__"] = tuple(marks)
    make = cast("Callable[..., type[object]]", type(kind))
    made = make(kind.__name__, kind.__bases__, body)
    made.__qualname__ = kind.__qualname__
    return made


def _given(marks: Mapping[str, Marked]) -> tuple[str, ...]:
    """The fields that a value is made with."""
    return tuple(name for name, mark in marks.items() if mark.init)


def _marked(value: object) -> Marked:
    return value if isinstance(value, Marked) else Marked(value)


def _init(kind: type[object], marks: Mapping[str, Marked], *, kw_only: bool) -> FunctionType:
    """Compile `__init__`; its defaults are those of the class.

    While its fields are set, a value is of a class that lets them be set: each then costs a tenth
    of what `object.__setattr__` does. Classes that inherit may have another layout, and do without.
    """
    known: dict[str, object] = {"ABSENT": ABSENT, "KIND": kind, "OPEN": _opened(kind, marks)}
    known |= {"put": object.__setattr__, "become": vars(object)["__class__"].__set__}
    head, fast, slow = ["self", *(["*"] if kw_only else [])], list[str](), list[str]()
    for name, mark in marks.items():
        if mark.init:
            head.append(f"{name}=default_{name}" if mark.is_optional else name)
            fast.append(f"  self.{name} = {_value(name, mark)}")
            slow.append(f"  put(self, {name!r}, {_value(name, mark)})")
            known |= {f"default_{name}": mark.default, f"make_{name}": mark.default_factory}
    body = [" if self.__class__ is KIND:", "  become(self, OPEN)", *fast, "  self.__class__ = KIND"]
    body += [" else:", *slow, "  pass"]
    if hasattr(kind, "__post_init__"):
        body.append(" self.__post_init__()")
    source = f"def __init__({', '.join(head)}):\n" + "\n".join(body)
    exec(source, known)  # noqa: S102 - of names of our own classes, as the standard library does
    made = cast("FunctionType", known["__init__"])
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__annotations__ = {name: kind.__annotations__[name] for name in _given(marks)}
    made.__annotations__["return"] = None
    return made


def _opened(kind: type[object], marks: Mapping[str, Marked]) -> type[object]:
    """A class of the same layout as `kind`, whose fields can be set."""
    held = {name: one for name, one in vars(kind).items() if name == "__orig_bases__"}
    return type(kind.__name__, kind.__bases__, {**held, "__slots__": tuple(marks)})


def _value(name: str, mark: Marked) -> str:
    """What a field is set to, as source."""
    if mark.default_factory is ABSENT:
        return name
    return f"make_{name}() if {name} is ABSENT else {name}"


def _told(marks: Mapping[str, Marked]) -> dict[str, object]:
    """What a class may say otherwise: when values are equal, and how they are shown."""
    names = [name for name, mark in marks.items() if mark.compare]
    values: Callable[[object], object] = attrgetter(*names)

    def equal(self: object, other: object) -> object:
        if other.__class__ is self.__class__:
            return values(self) == values(other)
        return NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    return {"__eq__": equal, "__hash__": hashed, "__repr__": _shown}


def _shown(self: object) -> str:
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in _names(self))
    return f"{type(self).__qualname__}({values})"


def _names(self: object) -> tuple[str, ...]:
    return cast("tuple[str, ...]", vars(type(self))["__slots__"])


def _state(self: object) -> list[object]:
    return [getattr(self, name) for name in _names(self)]


def _restore(self: object, state: Iterable[object]) -> None:
    for name, value in zip(_names(self), state, strict=True):
        object.__setattr__(self, name, value)


def _refuse_setting(self: object, name: str, value: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    del self, value
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: object, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    del self
    raise FrozenInstanceError(f"cannot delete field {name!r}")


class LateInit:
    """The `__init__` of a class; compiled when it is first called, or looked at."""

    def __init__(self, marks: Mapping[str, Marked], *, kw_only: bool) -> None:
        """Keep what the fields are."""
        self._marks = marks
        self._kw_only = kw_only
        self._kind: type[object] = object

    def __set_name__(self, kind: type[object], _: str) -> None:
        """Learn whose `__init__` it is: the one that asks may be a subclass."""
        self._kind = kind

    def __get__(self, instance: object, kind: type[object]) -> object:
        """Put the compiled one in its own place."""
        made = _init(self._kind, self._marks, kw_only=self._kw_only)
        type.__setattr__(self._kind, "__init__", made)
        return made if instance is None else made.__get__(instance, kind)


class LateFields:
    """What `dataclasses` wants to know of a class; made when it is asked for."""

    def __init__(self, marks: Mapping[str, Marked], *, kw_only: bool) -> None:
        """Keep what the fields are."""
        self._marks = marks
        self._kw_only = kw_only

    def __get__(self, instance: object, kind: type[object]) -> object:
        """Let the standard library look at a class of the same fields."""
        import dataclasses

        held: dict[str, object] = {
            "__annotations__": kind.__annotations__,
            "__module__": kind.__module__,
        }
        for name, mark in self._marks.items():
            given = {key: one for key, one in mark._asdict().items() if one is not ABSENT}
            held[name] = cast("Callable[..., object]", dataclasses.field)(**given)
        bare: type[object] = type("Same", (), held)
        same: type[object] = dataclasses.dataclass(frozen=True, kw_only=self._kw_only)(bare)
        found = vars(same)["__dataclass_fields__"]
        type.__setattr__(kind, "__dataclass_fields__", found)
        type.__setattr__(kind, "__dataclass_params__", vars(same)["__dataclass_params__"])
        return found


def _replace(self: object, /, **changes: object) -> object:
    """Make a copy with other values of some fields."""
    kind = type(self)
    code = cast("FunctionType", getattr(kind, "__init__")).__code__  # noqa: B009 - of a class
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    return kind(**{name: getattr(self, name) for name in names} | changes)


METHODS: dict[str, object] = {
    "__replace__": _replace,
    "__setattr__": _refuse_setting,
    "__delattr__": _refuse_deleting,
    "__getstate__": _state,
    "__setstate__": _restore,
}
"""What every class gets."""

if not TYPE_CHECKING:
    dataclass, field, replace = _dataclass, Marked, _replace
