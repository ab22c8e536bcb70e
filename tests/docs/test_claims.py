"""Sentences of README and docs/why.md that no other test guards."""

from __future__ import annotations

import re
from importlib.metadata import requires
from typing import TYPE_CHECKING

import llmroute
from llmroute import Client
from llmroute.types.events import Reasoning, Text
from tests.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    import pytest

    from llmroute import Event

TERRA = "openai/gpt-6.1-terra"


def test_a_base_url_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_BASE_URL changes neither the address nor where the key may go."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    with Client(models=[llmroute.model("gpt", use=TERRA)]) as client:
        chosen = client.plan("hi").model
    assert chosen is not None
    assert chosen.endpoint is not None
    assert chosen.endpoint.base_url == "https://api.openai.com/v1"
    assert chosen.endpoint.origin == "https://api.openai.com"


def test_the_core_needs_three_packages_and_an_engine() -> None:
    """Without extras llmroute depends on httpx2, its engine httpcore2, pydantic and tenacity."""
    core = [one for one in requires("llmroute") or () if "extra ==" not in one]
    names = {re.split(r"[<>=!~ ]", one, maxsplit=1)[0] for one in core}
    assert names == {"httpx2", "httpcore2", "pydantic", "tenacity"}


def test_the_example_of_the_readme_is_short() -> None:
    """The first example of README has eight lines of code."""
    first = next(one for one in blocks(ROOT / "README.md") if one.language == "python")
    assert len([line for line in first.text.splitlines() if line]) <= 8


def test_events_are_told_apart_by_class() -> None:
    """Named tuples of equal values are equal (decision 1): only their class tells them apart."""
    events: list[Event] = [Text("a"), Reasoning("a")]
    assert events[0] == events[1]
    assert [isinstance(event, Text) for event in events] == [True, False]
