"""Files of the catalog, read by their sections: the same as if they were read whole."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.catalog.data import names, read_table, read_text
from llmroute.catalog.entries import provider
from llmroute.catalog.families import FOLDER, weights_of
from llmroute.catalog.sections import Lazily, Sections
from llmroute.catalog.tables import read_provider, read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDERS = [f"providers/{name}.toml" for name in names("providers")]
WEIGHTS = [f"{FOLDER}/{name}.toml" for name in names(FOLDER)]
NAMED = ("sources", "models")
SOME = """# about
[models.a]
x = 0.1
[models."b/c"]
broken = = 1
[[models.a.scores]]
y = 1
"""


@pytest.mark.parametrize("file", PROVIDERS + WEIGHTS)
def test_sections_hold_all_of_a_file(file: str) -> None:
    """Put together, the sections of each file of the package are the whole file."""
    sections = Sections(read_text(file) or "")
    parsed: dict[str, object] = {
        kind: {name: sections.table(kind, name) for name in sections.names(kind)}
        for kind in NAMED
        if sections.names(kind)
    }
    if sections.table("provider"):
        parsed["provider"] = sections.table("provider")
    assert parsed == {key: one for key, one in (read_table(file) or {}).items() if one != {}}


@pytest.mark.parametrize("name", names("providers"))
def test_a_provider_is_the_same_read_whole(name: str) -> None:
    """Every model that is read alone is the one that the whole file tells of."""
    lazy = provider(name)
    assert lazy is not None
    whole = read_provider(name, read_table(f"providers/{name}.toml") or {})
    assert list(lazy.models) == list(whole.models)
    assert dict(lazy.models) == dict(whole.models)
    assert lazy._replace(models={}) == whole._replace(models={})


@pytest.mark.parametrize("file", WEIGHTS)
def test_weights_are_the_same_read_whole(file: str) -> None:
    """So are weights."""
    assert dict(weights_of(file)) == dict(read_weights(file, read_table(file) or {}))


def test_a_section_is_parsed_when_it_is_asked_for() -> None:
    """What nobody asks for may be anything; numbers are decimals; arrays of tables belong to it."""
    sections = Sections(SOME)
    assert sections.names("models") == ("a", "b/c")
    assert sections.table("models", "a") == {"x": Decimal("0.1"), "scores": [{"y": 1}]}
    assert sections.table("models", "zzz") == sections.table("provider") == {}


def test_values_are_made_once() -> None:
    """A lazy mapping knows its names without making anything, and makes each value once."""
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    lazy: Mapping[str, str] = Lazily(("a", "b"), make)
    assert ("a" in lazy, "c" in lazy) == (True, False)
    assert (list(lazy), len(lazy), made) == (["a", "b"], 2, [])
    assert (lazy["a"], lazy.get("a"), lazy.get("c"), made) == ("A", "A", None, ["a"])
    with pytest.raises(KeyError):
        cast("dict[str, str]", lazy)["c"]
