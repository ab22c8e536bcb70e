"""No path of a call leads to a model whose license denies the use: by name, stream, fallback."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AllFailedError, Client, NoCandidateError
from llmroute.testing import Fail, ScriptedProvider, VirtualClock, no_network

from .golden import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .golden import Use

DENIED = [use for use in GOLDEN if use.status == "denied" and not use.takes]
TODAY = date(2026, 11, 26)
SERVER = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _nothing_is_sent() -> Iterator[None]:
    """No test of this file opens a socket."""
    with no_network():
        yield


def client(use: Use, forbidden: ScriptedProvider, spare: ScriptedProvider) -> Client:
    """A client whose first model stands under the license, and whose second is free."""
    models = [
        llmroute.model(name, use="openai-compatible", base_url=SERVER, model=name, license=license_)
        for name, license_ in (("forbidden", use.license), ("spare", "mit"))
    ]
    stood_in = {"forbidden": forbidden, "spare": spare}
    clock = VirtualClock(TODAY)
    return Client(models=models, facts=use.facts, providers=stood_in, clock=clock)


@pytest.mark.parametrize("use", DENIED, ids=lambda use: f"{use.license} {use.cite}")
def test_a_denied_model_is_never_asked(use: Use) -> None:
    """It is refused with its clause, by name too, and fallback and streams pass it by."""
    forbidden = ScriptedProvider("I should never be asked")
    with client(use, forbidden, ScriptedProvider("spare", Fail("connect"), "spare")) as made:
        assert made.chat("hi").text == "spare"
        refused = made.plan("hi").refused
        assert [(one.model.name, one.rule, one.clause) for one in refused] == [
            ("forbidden", "license", use.cite)
        ]
        with pytest.raises(NoCandidateError):
            made.chat("hi", model="forbidden")
    with client(use, forbidden, ScriptedProvider(Fail("connect"))) as made:
        with pytest.raises(AllFailedError) as caught:
            made.chat("hi")
        with pytest.raises(AllFailedError) as broken, made.stream("hi") as stream:
            list(stream)
        for error in (caught.value, broken.value):
            assert {one.model.name for one in error.attempts} == {"spare"}
