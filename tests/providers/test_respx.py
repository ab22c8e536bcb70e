"""Our own pools under respx: what a user's tests can intercept with pytest-httpx2."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx2

from tests.faults.answers import Asked, ending, pieces, whole
from tests.providers.calls import APIS, How, aoutcome, call_to, outcome, provider_for

if TYPE_CHECKING:
    import respx

URL = "https://api.example.com/v1"
PATHS = {"openai-chat": "/chat/completions", "openai-responses": "/responses"}
ANSWER = "The answer is forty-two."


def asked(api: str, *, stream: bool) -> Asked:
    """What the call asks for, in the words of the fault server."""
    return Asked(api.removeprefix("openai-"), stream, "m", {})


def test_whole_answers(httpx2_mock: respx.MockRouter) -> None:
    """A mocked whole answer comes back in both APIs and colors, without any socket."""
    for api in APIS:
        route = httpx2_mock.post(URL + PATHS[api]).respond(
            content=whole(asked(api, stream=False)), content_type="application/json"
        )
        provider = provider_for(api)
        call = call_to(URL, How(api=api, stream=False))
        assert outcome(provider.events(call)).text == ANSWER
        call = call_to(URL, How(api=api, stream=False))
        assert asyncio.run(aoutcome(provider.aevents(call))).text == ANSWER
        assert route.call_count == 2
        assert json.loads(route.calls.last.request.content)["model"] == "normal"


def test_streams(httpx2_mock: respx.MockRouter) -> None:
    """A mocked stream comes back in both APIs and colors."""
    for api in APIS:
        one = asked(api, stream=True)
        httpx2_mock.post(URL + PATHS[api]).respond(
            content=b"".join([*pieces(one), *ending(one)]), content_type="text/event-stream"
        )
        provider = provider_for(api)
        call = call_to(URL, How(api=api))
        assert outcome(provider.events(call)).text == ANSWER
        call = call_to(URL, How(api=api))
        assert asyncio.run(aoutcome(provider.aevents(call))).text == ANSWER


def test_statuses(httpx2_mock: respx.MockRouter) -> None:
    """A mocked error status is the typed error that it is on the wire."""
    httpx2_mock.post(URL + PATHS["openai-chat"]).respond(
        429, json={"error": {"code": "insufficient_quota"}}, headers={"Retry-After": "3"}
    )
    fault = outcome(provider_for().events(call_to(URL))).fault
    assert (fault.kind, fault.status, fault.remedy.wait_s) == ("quota_exhausted", 429, 3.0)


def test_failing_connections(httpx2_mock: respx.MockRouter) -> None:
    """A mocked connection failure is a typed error too."""
    route = httpx2_mock.post(URL + PATHS["openai-chat"])
    route.side_effect = httpx2.ConnectError("refused")
    assert outcome(provider_for().events(call_to(URL))).kind == "connect"
