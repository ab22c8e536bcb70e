"""The page on providers says what their files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmroute.catalog import provider, provider_names
from llmroute.catalog.own import read_own
from llmroute.catalog.words import PLACES
from llmroute.providers import HTTP_APIS
from llmroute.types.models import QUIRKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", provider_names())
def test_each_provider_has_its_row(name: str) -> None:
    """The table has a row for each file: its name, where it was read, its address and its key."""
    entry = provider(name)
    assert entry is not None
    (row,) = re.findall(rf"^\| `{re.escape(name)}` \|.*$", TEXT, re.MULTILINE)
    for said in (entry.name, entry.docs, entry.base_url, entry.key_env):
        assert said is None or said in row


def test_each_word_is_explained() -> None:
    """Each quirk, each wire API and each key of a provider's file is on the page."""
    words = {*QUIRKS, *HTTP_APIS, *PLACES}
    source = Path(read_own.__code__.co_filename).with_name("tables.py").read_text(encoding="utf-8")
    head = source[source.index("def read_head(") : source.index("def _header(")]
    words.update(re.findall(r'(?:head, |head\.\w+\()"(\w+)"', head))
    for word in words - {"", "name", "local", "host_terms", "docs", "checked_on"}:
        assert f"`{word}`" in TEXT or f"{{{word}" in TEXT, word


def test_the_files_on_the_page_are_sound() -> None:
    """A provider's file that the page shows loads without a problem."""
    shown = re.findall(r"```toml\n(\[provider\].*?)```", TEXT, re.DOTALL)
    assert shown
    for text in shown:
        assert read_own("acme", text, "acme.toml", apis=HTTP_APIS).models
