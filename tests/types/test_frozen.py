"""Our dataclasses are told from the standard library's by nobody, but cost less at start."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from operator import methodcaller
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings

import llmroute.types
from llmroute.types.frozen import dataclass, replace
from llmroute.types.limits import Limits
from llmroute.types.messages import Image, Message
from llmroute.types.models import Model
from llmroute.types.requests import Request
from llmroute.types.usage import TokenCount
from tests.policies.any_values import made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def ours() -> Iterator[type[Any]]:
    """Every dataclass of `llmroute.types`."""
    for module in pkgutil.iter_modules(llmroute.types.__path__):
        held = vars(importlib.import_module(f"llmroute.types.{module.name}"))
        for kind in held.values():
            is_class = isinstance(kind, type) and kind.__module__ == held["__name__"]
            if is_class and dataclasses.is_dataclass(cast("type[object]", kind)):
                yield kind


def standard(kind: type[Any]) -> Any:
    """The same class as the standard library makes it."""
    fields = dataclasses.fields(kind)
    held: dict[str, Any] = {"__annotations__": {one.name: one.type for one in fields}}
    for one in fields:
        given: dict[str, Any] = {"init": one.init, "compare": one.compare, "default": one.default}
        held[one.name] = dataclasses.field(default_factory=one.default_factory, **given)
    held |= {name: vars(kind)[name] for name in ("__post_init__",) if name in vars(kind)}
    bare = type(kind.__name__, (), held)
    is_named = any(one.kw_only for one in fields)
    return dataclasses.dataclass(frozen=True, slots=True, kw_only=is_named)(bare)


KINDS = list(ours())
LOADS = """
import sys
from pathlib import Path
import llmroute
Path("llmroute.toml").write_text("version = 1\\n[models.a]\\nuse = 'openai/gpt-6.1-terra'\\n")
for name in ("pathlib", "urllib.parse", "ipaddress"):
    del sys.modules[name]
llmroute.Client("llmroute.toml")
late = "dataclasses inspect json pathlib urllib.parse ipaddress pydantic asyncio logging random"
ours = "llmroute.tokens llmroute.flow llmroute.licenses llmroute.driver.session"
print(*{*late.split(), *ours.split()} & set(sys.modules))
"""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_class_is_as_the_standard_one(kind: type[Any]) -> None:
    """Signature, fields, slots, match arguments and hints are the same."""
    same, ours_ = standard(kind), cast("Any", kind)
    assert dataclasses.is_dataclass(kind)
    assert str(inspect.signature(kind)).replace(kind.__module__, "") == str(
        inspect.signature(same)
    ).replace(kind.__module__, "")
    assert ours_.__match_args__ == same.__match_args__
    assert ours_.__slots__ == same.__slots__
    assert kind.__init__.__annotations__ == same.__init__.__annotations__
    assert not hasattr(kind, "__dict__") or "__dict__" not in vars(kind)
    assert kind.__doc__


@pytest.mark.parametrize("kind", [TokenCount, Message, Image, Limits, Model, Request])
def test_a_value_is_as_the_standard_one(kind: type[Any]) -> None:
    """Equality, hash, copies, pickles, asdict and replace give what they give there."""
    same = standard(kind)

    @given(made(kind), made(kind))
    @settings(max_examples=25, deadline=None)
    def check(one: Any, other: Any) -> None:
        names = [field.name for field in dataclasses.fields(kind) if field.init]
        first, second = (
            same(**{name: getattr(value, name) for name in names}) for value in (one, other)
        )
        assert (one == other) == (first == second)
        assert (one == first) is False
        assert copy.deepcopy(one) == copy.copy(one) == one
        assert pickle.loads(pickle.dumps(one)) == one
        assert dataclasses.asdict(one) == dataclasses.asdict(first)
        if kind is not Request:  # its hints are a dictionary
            assert _hash(one) == _hash(first)
        name = names[0]
        changed = {name: getattr(other, name)}
        assert dataclasses.replace(one, **changed) == replace(one, **changed)
        assert getattr(replace(one, **changed), name) == getattr(other, name)

    check()


def _hash(value: object) -> object:
    try:
        return hash(value)
    except TypeError:  # a field that has none
        return None


def test_a_value_is_frozen() -> None:
    """Nothing can be set, added or deleted, and a wrong argument is a TypeError."""
    count = TokenCount(1, "exact", 1, 1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'value'"):
        methodcaller("__setattr__", "value", 2)(count)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'value'"):
        methodcaller("__delattr__", "value")(count)
    with pytest.raises(TypeError, match="missing 3 required"):
        cast("Any", TokenCount)(1)
    with pytest.raises(TypeError, match="takes 1 positional"):
        cast("Any", Image)("a.png")
    assert repr(count).startswith("TokenCount(value=1, method='exact', low=1, high=1")


def test_a_client_is_made_without_what_calls_need(tmp_path: Path) -> None:
    """Reading a policy loads nothing that is slow to load, and nothing that calls alone need."""
    command = [sys.executable, "-c", LOADS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == ""


def test_a_class_that_inherits_may_have_an_init_of_its_own() -> None:
    """What is compiled late is found by whoever inherits, and by `super()`."""

    @dataclass(frozen=True, slots=True)
    class Named:
        name: str

    class Loud(Named):
        def __init__(self, name: str) -> None:
            super().__init__(name.upper())

    assert Loud("a").name == "A"
    assert Named("a").name == "a"
