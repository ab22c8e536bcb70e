"""Plain URLs are read without the standard library's parser, and alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.catalog import urls

PIECES = ("https", "http", "://", "/", "//", ".", "-", "a", "A", "1", "_", ":", "@", "?", "#", "[")
MORE = (
    "]",
    "%",
    " ",
    "\\",
    "\n",
    "\x7f",
    "\u00e9",
    "v1",
    "api.x.com",
    "/chat/completions",
    ";",
    "..",
)


@given(st.lists(st.sampled_from(PIECES + MORE), max_size=9).map("".join))
def test_a_plain_url_is_read_as_the_parser_reads_it(text: str) -> None:
    """What the short way takes, the long way takes too, and gives the same address."""
    for one in (text, f"https://{text}", f"https://api.x.com/{text}", f"https://x{text}/v1/"):
        short = urls.plain_address(one)
        if short is not None:
            assert urls.parsed_address(one) == short


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "https://a-b.c1.com", "https://x.ai/"]
)
def test_addresses_of_the_catalog_go_the_short_way(url: str) -> None:
    """A host and a path of the usual letters need no parser."""
    assert urls.plain_address(url) == urls.parsed_address(url)


@pytest.mark.parametrize(
    "url", ["http://x.ai", "https://X.ai", "https://x.ai:8/v1", "https://u@x.ai"]
)
def test_all_else_goes_the_long_way(url: str) -> None:
    """Ports, capitals, credentials and plain http are for the parser to judge."""
    assert urls.plain_address(url) is None
