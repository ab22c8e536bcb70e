"""The application's own HTTP client: `httpx2` and `httpx`, sync and async."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from typing import TYPE_CHECKING

import httpx
import httpx2
import pytest

from llmroute.errors import RequestError
from llmroute.providers.transport import Transport
from llmroute.testing import no_network
from tests.faults.server import FaultServer
from tests.providers.calls import KEY, How, aoutcome, call_to, outcome, provider_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.calls import Outcome

MODULES = [httpx2, httpx]
ANSWER = "The answer is forty-two."


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A fault server of one's own."""
    with FaultServer() as running:
        yield running


FAULTS = {
    "normal": "",
    "rate_limit": "rate_limit",
    "redirect": "redirected",
    "html_200": "bad_response",
    "close_at_once": "cut_short",
    "reset_at_once": "cut_short",
    "reset_midstream": "cut_short",
    "eof_midstream": "cut_short",
    "truncated_clean": "cut_short",
    "stall_headers": "interrupted",
    "stall_midstream": "interrupted",
    "gzip_bomb": "too_long",
}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_mean_the_same(server: FaultServer, module: object, fault: str) -> None:
    """Through a client of either package, in either color, a fault has the kind it has in ours."""
    package = httpx2 if module is httpx2 else httpx
    how = How(time_s=0.4 if FAULTS[fault] == "interrupted" else 10.0)
    url = server.url_for(fault)
    with package.Client() as client:
        result = outcome(provider_for(http_client=client).events(call_to(url, how)))
    assert result.kind == FAULTS[fault]
    assert KEY not in repr(result.error)

    async def main() -> str:
        async with package.AsyncClient() as client:
            provider = provider_for(http_client=client)
            return (await aoutcome(provider.aevents(call_to(url, how)))).kind

    assert asyncio.run(main()) == FAULTS[fault]


@pytest.mark.parametrize("module", MODULES)
def test_connections_that_fail(module: object) -> None:
    """Refused connections and unknown names keep their kinds."""
    package = httpx2 if module is httpx2 else httpx
    with package.Client() as client:
        provider = provider_for(http_client=client)
        refused = outcome(provider.events(call_to("http://127.0.0.1:9/v1")))
        assert refused.kind == "connect"
        assert refused.fault.reason == "Connection refused: nothing listens at http://127.0.0.1:9"
        with no_network(outage=True):
            assert outcome(provider.events(call_to("http://api.example.com/v1"))).kind == "dns"


@pytest.mark.parametrize("module", MODULES)
def test_a_task_is_bounded_and_cancelled_exactly(server: FaultServer, module: object) -> None:
    """In a task, deadline and cancel hold whatever the client's own time-outs do."""
    package = httpx2 if module is httpx2 else httpx

    async def run(*, cancel: bool) -> str:
        async with package.AsyncClient(timeout=None) as client:
            provider = provider_for(http_client=client)
            how = How(time_s=30 if cancel else 0.3)
            call = call_to(server.url_for("stall_pings"), how)
            timer = threading.Timer(0.2, call.cancel.set, ("the caller left",))
            if cancel:
                timer.start()
            return (await aoutcome(provider.aevents(call))).kind

    began = time.monotonic()
    assert asyncio.run(run(cancel=False)) == "interrupted"
    assert asyncio.run(run(cancel=True)) == "interrupted"
    assert time.monotonic() - began < 3.0


def test_a_cancel_reaches_the_socket_of_a_thread(server: FaultServer) -> None:
    """Once the answer has begun, a cancel from another thread ends a blocked read at once."""
    with httpx2.Client() as client:
        call = call_to(server.url_for("stall_midstream"), How(time_s=30))
        timer = threading.Timer(0.2, call.cancel.set, ("the caller left",))
        timer.start()
        began = time.monotonic()
        result = outcome(provider_for(http_client=client).events(call))
        timer.join()
        assert (result.kind, result.text) == ("interrupted", "The answer ")
        assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("module", MODULES)
def test_a_pool_that_is_full_blames_nobody(server: FaultServer, module: object) -> None:
    """A client without a free connection is a fault of nobody's after half of `connect_s`."""
    busy = call_to(server.url_for("stall_midstream"), How(time_s=30))
    waits = How(connect_s=0.2)
    lent = (
        httpx2.Client(limits=httpx2.Limits(max_connections=1))
        if module is httpx2
        else httpx.Client(limits=httpx.Limits(max_connections=1))
    )
    with lent as client:
        provider = provider_for(http_client=client)
        under_way = provider.events(busy)
        next(under_way)
        found = [outcome(provider.events(call_to(server.base_url, waits)))]
        busy.cancel.set("enough")
        assert outcome(under_way).kind == "interrupted"

    async def main() -> Outcome:
        lent = (
            httpx2.AsyncClient(limits=httpx2.Limits(max_connections=1))
            if module is httpx2
            else httpx.AsyncClient(limits=httpx.Limits(max_connections=1))
        )
        async with lent as client:
            provider = provider_for(http_client=client)
            call = call_to(server.url_for("stall_midstream"), How(time_s=30))
            under_way = provider.aevents(call)
            await anext(under_way)
            result = await aoutcome(provider.aevents(call_to(server.base_url, waits)))
            call.cancel.set("enough")
            await aoutcome(under_way)
            return result

    found.append(asyncio.run(main()))
    for result in found:
        assert result.kind == "pool_timeout"
        assert (result.fault.remedy.next, result.fault.remedy.blame) == ("same", "nobody")


def test_the_client_is_never_closed(server: FaultServer) -> None:
    """Closing the provider leaves the application's client open; subclasses are known too."""

    class Mine(httpx2.Client):
        pass

    with Mine() as client:
        provider = provider_for(http_client=client)
        assert outcome(provider.events(call_to(server.base_url))).text == ANSWER
        provider.close()
        assert not client.is_closed


@pytest.mark.parametrize("module", MODULES)
def test_a_closed_client_is_a_typed_fault(server: FaultServer, module: object) -> None:
    """A client that the application closed is named, and is not tried again."""
    package = httpx2 if module is httpx2 else httpx
    client = package.Client()
    client.close()
    result = outcome(provider_for(http_client=client).events(call_to(server.base_url)))

    async def main() -> Outcome:
        client = package.AsyncClient()
        await client.aclose()
        provider = provider_for(http_client=client)
        return await aoutcome(provider.aevents(call_to(server.base_url)))

    for one in (result, asyncio.run(main())):
        assert one.kind == "client_closed"
        assert one.fault.reason == "the http_client was closed by the application"
        assert one.fault.remedy.next == "other_model"


@pytest.mark.parametrize("module", MODULES)
def test_a_key_goes_before_the_clients_own_auth(server: FaultServer, module: object) -> None:
    """The model's key replaces the client's `auth`; without a key that is left as it is."""
    package = httpx2 if module is httpx2 else httpx

    async def main(key: str | None) -> None:
        async with package.AsyncClient(auth=("me", "mine")) as client:
            provider = provider_for(http_client=client)
            await aoutcome(provider.aevents(call_to(server.base_url, How(key=key))))

    with package.Client(auth=("me", "mine")) as client:
        provider = provider_for(http_client=client)
        for key in (KEY, None):
            outcome(provider.events(call_to(server.base_url, How(key=key))))
            asyncio.run(main(key))
    sent = [one.headers["authorization"] for one in server.requests]
    assert sent[:2] == [f"Bearer {KEY}"] * 2
    assert sent[2:] == [f"Basic {base64.b64encode(b'me:mine').decode()}"] * 2


def test_a_transport_of_the_application_is_used() -> None:
    """A client with a transport of its own answers without any socket."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        message = {"content": request.headers["x-team"]}
        return httpx2.Response(
            200, json={"choices": [{"message": message, "finish_reason": "stop"}]}
        )

    from dataclasses import replace

    from tests.providers.calls import QUESTION

    request = replace(QUESTION, extra_headers={"X-Team": "blue"})
    with no_network(), httpx2.Client(transport=httpx2.MockTransport(answer)) as client:
        provider = provider_for(http_client=client)
        call = call_to("https://api.example.com/v1", How(stream=False), request)
        assert outcome(provider.events(call)).text == "blue"


def test_strange_clients_are_refused(server: FaultServer) -> None:
    """What is no client, or one of the other color, is refused with a sentence."""
    with pytest.raises(RequestError, match="http_client: str is not a client"):
        Transport("client")
    with httpx2.Client() as client:
        provider = provider_for(http_client=client)
        with pytest.raises(RequestError, match="AsyncClient needs an async one"):
            asyncio.run(aoutcome(provider.aevents(call_to(server.base_url))))
    provider = provider_for(http_client=httpx.AsyncClient())
    with pytest.raises(RequestError, match="Client needs a sync one"):
        outcome(provider.events(call_to(server.base_url)))
