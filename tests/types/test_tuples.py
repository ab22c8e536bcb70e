"""Our named tuples are told from the standard library's by nobody, but cost less at start."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import subprocess
import sys
import typing
from typing import Any, cast, get_type_hints

import pytest

from llmroute.types.tuples import NamedTuple

if typing.TYPE_CHECKING:
    from collections.abc import Callable


class Ours(NamedTuple):
    """A point."""

    x: int
    y: str = "b"
    z: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        """Twice x."""
        return 2 * self.x

    def __str__(self) -> str:
        return f"{super().__repr__()}!"


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: str = "b"
    z: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        """Twice x."""
        return 2 * self.x


LOOKS: dict[str, Callable[[Any], object]] = {
    "fields": lambda kind: (kind._fields, kind._field_defaults, kind.__match_args__, kind.__doc__),
    "hints": get_type_hints,
    "signature": lambda kind: re.sub(
        r"ForwardRef|['() ]", "", str(inspect.signature(kind, eval_str=False))
    ),
    "values": lambda kind: (kind(1), kind(1, "c", (2,)), kind(z=(3,), x=1), hash(kind(1))),
    "parts": lambda kind: (kind(1).x, kind(1)[1], kind(4).twice, *kind(5)),
    "shown": lambda kind: repr(kind(1)).replace(kind.__name__, ""),
    "as a dict": lambda kind: list(kind(1)._asdict().items()),
    "replaced": lambda kind: kind(1)._replace(y="d", x=9),
    "made": lambda kind: kind._make([1, "e", ()]),
    "copied": lambda kind: (
        copy.copy(kind(1)),
        copy.deepcopy(kind(1)),
        type(copy.copy(kind(1))) is kind,
    ),
    "base": lambda kind: (
        kind.__bases__,
        type(cast("object", kind)),
        kind(1).__getnewargs__(),
    ),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_nobody_tells_them_apart(look: Callable[[Any], object]) -> None:
    """Whatever can be asked of a named tuple, ours answer it as the standard one does."""
    assert look(Ours) == look(Theirs)


WRONG: dict[str, Callable[[Any], object]] = {
    "missing": lambda kind: kind(),
    "too many": lambda kind: kind(1, 2, 3, 4),
    "unknown": lambda kind: kind(1, w=2),
    "set": lambda kind: setattr(kind(1), "x", 2),
    "new attribute": lambda kind: setattr(kind(1), "w", 2),
    "replaced unknown": lambda kind: kind(1)._replace(w=2),
    "made of too few": lambda kind: kind._make([1]),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_alike(wrong: Callable[[Any], object]) -> None:
    """What the standard one refuses, ours refuse with the same kind of error."""
    with pytest.raises((TypeError, AttributeError, ValueError)) as theirs:
        wrong(Theirs)
    with pytest.raises(theirs.type) as ours:
        wrong(Ours)
    assert ours.type is theirs.type


def test_they_match_pickle_and_inherit() -> None:
    """Patterns, pickles, `super()` and classes that inherit work as ever."""

    class Child(Ours):
        pass

    match Ours(1, "q"):
        case Ours(x, y):
            assert (x, y) == (1, "q")
    assert pickle.loads(pickle.dumps(Ours(7))) == Ours(7)
    assert str(Ours(1)).endswith("!")
    assert isinstance(Child(2), Child)
    assert Child(2)._replace(x=3) == Ours(3)
    assert Ours(2).x == 2


HINTS = {"a": int, "b": int}


def test_a_field_without_default_behind_one_is_refused() -> None:
    """The order of defaults is checked when the class is made."""
    with pytest.raises(TypeError, match="without default"):
        cast("Any", type(NamedTuple))(
            "Bad", (NamedTuple,), {"__annotations__": {"a": int, "b": int}, "a": 1}
        )


LOADS = """
import sys
from llmroute.types import models, plans, observed
print(*[kind.__name__ for module in (models, plans, observed) for kind in vars(module).values()
    if hasattr(kind, "_fields") and type(vars(kind)["__new__"]).__name__ != "LateNew"])
"""


def test_nothing_is_compiled_before_it_is_needed() -> None:
    """Importing classes of values compiles no `__new__` of those that nobody has made yet."""
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    assert "Model" not in done.stdout
    assert "Score" not in done.stdout.split()
