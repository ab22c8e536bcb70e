"""How values that hold others are written as plain ones, and read again; as in scalars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

from llmroute.errors.problems import nearest

from .scalars import MisfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .scalars import Form

CLASS = "type"
"""The key that says of which class a value is, where it may be of several."""


class Anything:
    """Whatever JSON can hold: hints, fields of a body, schemas."""

    def write(self, value: object) -> object:
        """Make lists and dictionaries of it."""
        if isinstance(value, Mapping):
            items = cast("Mapping[object, object]", value).items()
            return {_key(name): at(str(name), self.write, one) for name, one in items}
        if isinstance(value, list | tuple):
            listed = enumerate(cast("Sequence[object]", value))
            return [at(str(index), self.write, one) for index, one in listed]
        return _of_json(value)

    read = write


def _of_json(value: object) -> object:
    """Return what holds nothing else, if JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        raise MisfitError("it must be a finite number")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise MisfitError(f"JSON has nothing like a {type(value).__name__}")


class Function:
    """A function, which is never written: who plans does not call it."""

    def write(self, value: object) -> object:
        """Write nothing."""
        del value
        return None

    def read(self, value: object) -> object:
        """Stand in for it."""
        del value
        return unread


def unread(*_: object) -> NoReturn:
    """Stand in for a function that was not written; raises ValueError."""
    raise ValueError("this value comes from a record, which holds no functions")


class Word(NamedTuple):
    """One of some words."""

    words: tuple[object, ...]

    def write(self, value: object) -> object:
        """Return it, if it is one."""
        if isinstance(value, str) and value in self.words:
            return value
        raise MisfitError(f"it must be one of {', '.join(map(str, self.words))}")

    def read(self, value: object) -> object:
        """Return it likewise."""
        return self.write(value)


class Many(NamedTuple):
    """A tuple of any length, or a set; a set is written in order."""

    form: Form
    make: Callable[[list[object]], object]

    def write(self, value: object) -> object:
        """Make a list of it."""
        if isinstance(value, frozenset | set):
            return sorted(map(self.form.write, cast("frozenset[str]", value)), key=str)
        return [at(str(index), self.form.write, one) for index, one in enumerate(_items(value))]

    def read(self, value: object) -> object:
        """Make a tuple or a set of a list."""
        return self.make(
            [at(str(index), self.form.read, one) for index, one in enumerate(_items(value))]
        )


class Row(NamedTuple):
    """A tuple of so many values, each of its own type."""

    forms: tuple[Form, ...]

    def write(self, value: object) -> object:
        """Make a list of it."""
        pairs = enumerate(zip(self.forms, self._of(value), strict=True))
        return [at(str(index), form.write, one) for index, (form, one) in pairs]

    def read(self, value: object) -> object:
        """Make a tuple of a list."""
        pairs = enumerate(zip(self.forms, self._of(value), strict=True))
        return tuple(at(str(index), form.read, one) for index, (form, one) in pairs)

    def _of(self, value: object) -> Sequence[object]:
        found = _items(value)
        if len(found) != len(self.forms):
            raise MisfitError(f"it must hold {len(self.forms)} values")
        return found


class Named(NamedTuple):
    """A mapping of names to values of one type."""

    form: Form

    def write(self, value: object) -> object:
        """Make a dictionary of it."""
        return {name: at(name, self.form.write, one) for name, one in fields(value).items()}

    def read(self, value: object) -> object:
        """Make a dictionary of it."""
        return {name: at(name, self.form.read, one) for name, one in fields(value).items()}


class OneOf(NamedTuple):
    """A value of one of several types; of several classes, each says which it is of."""

    forms: tuple[Form, ...]
    classes: Mapping[str, Form]

    def write(self, value: object) -> object:
        """Write it as the first type that it is of."""
        form = self.classes.get(type(value).__name__)
        if form is None:
            return self._first([one.write for one in self.forms], value)
        written = fields(form.write(value))
        return {CLASS: type(value).__name__, **written} if len(self.classes) > 1 else written

    def read(self, value: object) -> object:
        """Read it as the first type that it fits."""
        if not self.classes or not isinstance(value, Mapping):
            return self._first([one.read for one in self.forms], value)
        given = dict(fields(cast("object", value)))
        if len(self.classes) == 1:
            return next(iter(self.classes.values())).read(given)
        name = given.pop(CLASS, None)
        if not isinstance(name, str) or name not in self.classes:
            what = f"it must be one of {', '.join(self.classes)}"
            raise MisfitError(what, path=(CLASS,))
        return self.classes[name].read(given)

    def _first(self, ways: Sequence[Callable[[object], object]], value: object) -> object:
        failed = MisfitError("it must be an object")
        for way in ways:
            try:
                return way(value)
            except MisfitError as error:
                failed = error
        raise failed


def at(key: str, way: Callable[[object], object], value: object) -> object:
    """Write or read what stands at `key`; a misfit says so."""
    try:
        return way(value)
    except MisfitError as error:
        found = error
    raise MisfitError(found.what, found.hint, (key, *found.path))


def fields(value: object) -> Mapping[str, object]:
    """Take an object of JSON; raises MisfitError."""
    if isinstance(value, Mapping):
        found = cast("Mapping[object, object]", value)
        return {_key(name): one for name, one in found.items()}
    raise MisfitError("it must be an object")


def check_names(value: Mapping[str, object], known: Sequence[str]) -> None:
    """Refuse names that there are not."""
    unknown = next((name for name in value if name not in known), None)
    if unknown is not None:
        raise MisfitError("there is no such key", nearest(unknown, known), (unknown,))


def _key(name: object) -> str:
    if isinstance(name, str):
        return name
    raise MisfitError("every key must be a string")


def _items(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return cast("Sequence[object]", value)
    raise MisfitError("it must be an array")


ANYTHING = Anything()
FUNCTION = Function()
