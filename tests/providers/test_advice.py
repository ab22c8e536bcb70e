"""Failures say where they happened and how to mend them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
import pytest

import llmroute
from llmroute.errors import FAULT_KINDS
from llmroute.testing import no_network
from tests.faults.server import FaultServer
from tests.providers.calls import How, aoutcome, call_to, outcome, provider_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.calls import Call


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """One fault server for all."""
    with FaultServer() as running:
        yield running


def reason_of(call: Call) -> str:
    """Why `call` failed, the same in both colors."""
    provider = provider_for()
    reason = outcome(provider.events(call)).fault.reason
    assert asyncio.run(aoutcome(provider.aevents(call))).fault.reason == reason
    provider.close()
    return reason


def without_v1(call: Call, base_url: str) -> Call:
    """The same call to a base URL as people mistype it."""
    assert call.model.endpoint is not None
    endpoint = replace(call.model.endpoint, base_url=base_url)
    return call._replace(model=replace(call.model, endpoint=endpoint))


def test_an_answer_that_is_no_api_names_the_address(server: FaultServer) -> None:
    """HTML is said to come from the base URL, and what is usual at its end if that is missing."""
    url = server.url_for("html_200")
    question = "is this an OpenAI-compatible API?"
    assert reason_of(call_to(url)) == f"the answer is HTML, from {url}: {question}"
    bare = without_v1(call_to(url), f"{url}/x")
    assert reason_of(bare) == (
        f"the answer is HTML, from {url}/x: {question} base_url usually ends in /v1"
    )


def test_not_found_names_address_and_model(server: FaultServer) -> None:
    """A bare 404 may be the model or the address; one with a code of the API is the model."""
    url = server.url_for("not_found")
    assert reason_of(call_to(url, How(model="gpt-x"))) == (
        f"the upstream answered 404: Not Found, at {url}: "
        "does it have 'gpt-x', and is this an OpenAI-compatible API?"
    )
    assert reason_of(call_to(server.url_for("status;code=404"))) == (
        "the upstream answered 404: It failed."
    )


def test_a_refused_key_names_its_variable(server: FaultServer) -> None:
    """401 names the variable that holds the key, or that no key is declared."""
    url = server.url_for("auth_401")
    with_key = reason_of(call_to(url))
    assert with_key.endswith("; check TEST_KEY, or the api_key that was passed")
    assert reason_of(call_to(url, How(key=None))).endswith("; no key is declared for it (key_env)")


def test_a_refused_key_is_told_without_contradiction(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be done fits both a wrong key and none."""
    monkeypatch.setenv("TEST_KEY", "x")
    url, use = server.url_for("auth_401"), "openai-compatible"
    models = [
        llmroute.model("keyed", base_url=url, use=use, model="x", key_env="TEST_KEY"),
        llmroute.model("keyless", base_url=url, use=use, model="x"),
    ]
    mend = "[check the key, or declare one where there is none]"
    with llmroute.Client(models=models) as client:
        for name, ending in (
            ("keyed", "check TEST_KEY, or the api_key that was passed"),
            ("keyless", "no key is declared for it (key_env)"),
        ):
            with pytest.raises(llmroute.AllFailedError) as caught:
                client.chat("hi", model=name)
            assert f"{ending} {mend}" in str(caught.value)


def test_a_closed_http_client_is_not_blamed_on_the_address(server: FaultServer) -> None:
    """What can be done about a client that the application closed is to keep it open."""
    theirs = httpx2.Client()
    theirs.close()
    model = llmroute.model("m", base_url=server.base_url, use="openai-compatible", model="x")
    with (
        llmroute.Client(models=[model], http_client=theirs) as client,
        pytest.raises(llmroute.AllFailedError) as caught,
    ):
        client.chat("hi")
    assert "[keep the client that you pass open" in str(caught.value)
    assert "base_url" not in str(caught.value)


def test_a_name_without_address_is_named() -> None:
    """A host that cannot be found is named by its origin."""
    with no_network(outage=True):
        assert reason_of(call_to("http://api.example.com/v1")).endswith(" (http://api.example.com)")
    assert "base_url" not in FAULT_KINDS["dns"].mend


def test_what_is_clear_is_left_alone(server: FaultServer) -> None:
    """A rate limit needs no address."""
    assert "http" not in reason_of(call_to(server.url_for("rate_limit")))
