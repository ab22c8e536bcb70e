"""Where keys stand in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from llmroute.errors.positions import Positions, search

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = '''\
version = 1 # version = 2
[models.gpt]
use = "[no]" # [nor.this]
"quoted.key" = """
[not] = 1
"""
[[route]]
when = { hints.private = true, task = "code" }
[[route]]
use = [
  "a", # "b" = 3
]
[route.when]
task = "qa"
[[route.deep]]
x = [ { a = 1 },
      { b.c = 2 } ]
'''
LINES = {
    ("version",): 1,
    ("models", "gpt"): 2,
    ("models", "gpt", "use"): 3,
    ("models", "gpt", "quoted.key"): 4,
    ("models", "gpt", "missing"): 2,
    ("route", "0"): 7,
    ("route", "0", "when", "hints", "private"): 8,
    ("route", "0", "when", "task"): 8,
    ("route", "1"): 9,
    ("route", "1", "use"): 10,
    ("route", "1", "when", "task"): 14,
    ("route", "1", "deep", "0", "x", "0", "a"): 16,
    ("route", "1", "deep", "0", "x", "1", "b", "c"): 17,
    ("nowhere",): None,
}


def test_positions() -> None:
    """Headers, arrays of tables, dotted and quoted keys, inline tables: each key has its line."""
    positions = Positions(TEXT)
    assert {path: positions.line(path) for path in LINES} == LINES


NAMES = st.sampled_from(["a", "b", "use", '"x y"', "'z.w'", "when", "long-name_1"])
VALUES = st.recursive(
    st.sampled_from(
        ["1", "1.5", "true", '"# = ["', "'{'", '"""\nuse = 1\n"""', "'''\n[a]\n'''", "2026-11-23"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + " # x = 1\n]"),
        st.dictionaries(NAMES, inner.filter(lambda text: "#" not in text), max_size=3).map(
            lambda items: (
                "{ " + ", ".join(f"{key} = {value}" for key, value in items.items()) + " }"
            )
        ),
    ),
    max_leaves=4,
)
STATEMENTS = st.lists(
    st.one_of(
        st.builds("{} = {}".format, NAMES, VALUES),
        st.builds("{}.{} = {}".format, NAMES, NAMES, VALUES),
        st.builds("[{}]".format, NAMES),
        st.builds("[{}.{}] # [x]".format, NAMES, NAMES),
        st.builds("[[{}]]".format, NAMES),
        st.just("# use = 1"),
        st.just(""),
    ),
    max_size=8,
)


def paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key below a parsed value."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            yield (*path, key)
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[object]", value)):
            yield from paths(inner, (*path, str(index)))


@given(STATEMENTS)
def test_a_position_points_at_its_key(statements: list[str]) -> None:
    """In any valid file, every key is found, and its line holds the key."""
    text = "\n".join(statements)
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = search(text)
    shown = text.split("\n")
    for path in paths(parsed):
        assert path[-1] in shown[lines[path] - 1]
