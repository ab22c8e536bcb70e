"""Each of the four HTTP clients that an application may pass, under its own kind of mock."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import httpx
import httpx2
import pytest
import respx

from llmroute.types.events import ToolCallPart
from tests.faults.answers import Asked, ending, pieces, whole
from tests.faults.server import FaultServer
from tests.providers.calls import KEY, QUESTION, How, aoutcome, call_to, outcome, provider_for
from tests.providers.secure import OPENSSL, ConnectProxy, Tunnel, make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from llmroute.types.calls import Call
    from tests.providers.calls import Outcome

    Sent = httpx2.Request | httpx.Request

URL = "https://api.example.com/v1"
ANSWER = "The answer is forty-two."


class Answer(NamedTuple):
    """What a mock answers: a status with headers and a body, or the name of what it raises."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""


class Played(NamedTuple):
    """What came of a call, and the request that the mock saw."""

    outcome: Outcome
    sent: Sent


MAKERS: dict[str, Callable[..., object]] = {
    "httpx2 sync": httpx2.Client,
    "httpx2 async": httpx2.AsyncClient,
    "httpx sync": httpx.Client,
    "httpx async": httpx.AsyncClient,
}
CLIENTS = list(MAKERS)


def through(client: str, options: Mapping[str, object], call: Call) -> Outcome:
    """Run `call` through a client made with `options`, in its own color."""

    async def main() -> Outcome:
        lent = MAKERS[client](**options)
        assert isinstance(lent, httpx2.AsyncClient | httpx.AsyncClient)
        async with lent:
            return await aoutcome(provider_for(call.model.api, lent).aevents(call))

    if client.endswith("async"):
        return asyncio.run(main())
    lent = MAKERS[client](**options)
    assert isinstance(lent, httpx2.Client | httpx.Client)
    with lent:
        return outcome(provider_for(call.model.api, lent).events(call))


def play(client: str, answer: Answer, call: Call) -> Played:
    """Run `call` through a client whose transport answers as told."""
    package = httpx2 if client.startswith("httpx2") else httpx
    seen: list[Sent] = []

    def respond(request: Sent) -> httpx2.Response:
        seen.append(request)
        if answer.error:
            raise getattr(package, answer.error)(KEY, request=request)
        return cast("Callable[..., httpx2.Response]", package.Response)(
            answer.status, headers=list(answer.headers), content=answer.body
        )

    transport = cast("Callable[[object], object]", package.MockTransport)(respond)
    return Played(through(client, {"transport": transport}, call), seen[-1])


SSE = (("content-type", "text/event-stream"),)
JSON = (("content-type", "application/json"),)


def streamed(api: str) -> Answer:
    """A sound stream."""
    asked = Asked(api.removeprefix("openai-"), stream=True, model="m", options={})
    return Answer(headers=SSE, body=b"".join([*pieces(asked), *ending(asked)]))


@pytest.mark.parametrize("api", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize("client", CLIENTS)
def test_whole_answers_and_streams(client: str, api: str) -> None:
    """Both APIs come through each client, whole and streamed, with key, body and type."""
    asked = Asked(api.removeprefix("openai-"), stream=False, model="m", options={})
    for stream in (False, True):
        answer = streamed(api) if stream else Answer(headers=JSON, body=whole(asked))
        played = play(client, answer, call_to(URL, How(api=api, stream=stream)))
        assert (played.outcome.kind, played.outcome.text) == ("", ANSWER)
        assert played.sent.headers["authorization"] == f"Bearer {KEY}"
        assert played.sent.headers["content-type"] == "application/json"
        assert bool(json.loads(played.sent.content).get("stream")) is stream


def tool_stream() -> bytes:
    """Two parallel tool calls in pieces, as chat completions stream them."""
    calls: list[dict[str, object]] = [
        {"index": 0, "id": "a", "function": {"name": "weather", "arguments": '{"city":'}},
        {"index": 1, "id": "b", "function": {"name": "time", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": '"Oslo"}'}},
    ]
    choices: list[dict[str, object]] = [
        {"index": 0, "delta": {"tool_calls": [one]}, "finish_reason": None} for one in calls
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
    events = (f"data: {json.dumps({'choices': [one]})}\n\n" for one in choices)
    return ("".join(events) + "data: [DONE]\n\n").encode()


@pytest.mark.parametrize("client", CLIENTS)
def test_streams_of_tool_calls(client: str) -> None:
    """Pieces of parallel tool calls keep their positions through each client."""
    result = play(client, Answer(headers=SSE, body=tool_stream()), call_to(URL)).outcome
    arguments = ["", ""]
    for event in result.events:
        if isinstance(event, ToolCallPart):
            arguments[event.position] += event.arguments
    assert (result.kind, arguments) == ("", ['{"city":"Oslo"}', "{}"])


STATUSES = {
    400: "bad_request",
    401: "bad_key",
    404: "model_not_found",
    429: "rate_limit",
    500: "server_error",
    503: "overloaded",
    302: "redirected",
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("client", CLIENTS)
def test_error_statuses(client: str, status: int) -> None:
    """An error status means the same through each client, Retry-After included."""
    headers = (*JSON, ("retry-after", "3"), ("location", "https://elsewhere.example/"))
    answer = Answer(status, headers, b'{"error": {"message": "no"}}')
    fault = play(client, answer, call_to(URL)).outcome.fault
    assert (fault.kind, fault.status) == (STATUSES[status], status)
    if status == 429:
        assert fault.remedy.wait_s == 3.0


ERRORS = {
    "ConnectTimeout": "connect_timeout",
    "PoolTimeout": "pool_timeout",
    "ReadTimeout": "interrupted",
    "WriteTimeout": "interrupted",
    "ConnectError": "connect",
    "ProxyError": "connect",
    "ReadError": "cut_short",
    "RemoteProtocolError": "cut_short",
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("client", CLIENTS)
def test_errors_of_the_client(client: str, error: str) -> None:
    """What a client raises becomes a typed fault without the client's own exception or text."""
    result = play(client, Answer(error=error), call_to(URL)).outcome
    assert result.kind == ERRORS[error]
    assert result.error is not None
    assert KEY not in repr(result.error)
    cause = result.error.__cause__
    assert cause is None or type(cause).__module__.startswith("llmroute")


@pytest.mark.parametrize("client", CLIENTS)
def test_time_outs_are_the_attempts(client: str) -> None:
    """Each request carries the time that is left, not the client's own time-outs."""
    call = call_to(URL, How(time_s=7.0, connect_s=3.0))
    sent = play(client, streamed("openai-chat"), call).sent
    timeout = sent.extensions["timeout"]
    assert 2.0 < timeout["connect"] <= 3.0
    assert 1.0 < timeout["pool"] <= 1.5
    assert 6.0 < timeout["read"] <= 7.0
    assert 6.0 < timeout["write"] <= 7.0


@pytest.mark.parametrize("client", CLIENTS)
def test_the_header_of_the_key(client: str) -> None:
    """The key goes into the endpoint's own header, beside its headers and its query."""
    call = call_to(URL)
    endpoint = call.model.endpoint
    assert endpoint is not None
    endpoint = replace(
        endpoint,
        key_header="api-key",
        key_prefix="",
        headers=(("x-version", "2026-01-01"),),
        query=(("api-version", "preview"),),
    )
    call = call._replace(model=replace(call.model, endpoint=endpoint))
    sent = play(client, streamed("openai-chat"), call).sent
    assert sent.headers["api-key"] == KEY
    assert "authorization" not in sent.headers
    assert sent.headers["x-version"] == "2026-01-01"
    assert str(sent.url) == f"{URL}/chat/completions?api-version=preview"


@pytest.mark.parametrize("client", CLIENTS)
def test_extra_headers(client: str) -> None:
    """Extra headers of a call go before headers that the client has by itself."""
    request = replace(QUESTION, extra_headers={"X-Team": "blue", "User-Agent": "mine/1"})
    sent = play(client, streamed("openai-chat"), call_to(URL, How(), request)).sent
    assert (sent.headers["x-team"], sent.headers["user-agent"]) == ("blue", "mine/1")


@pytest.mark.parametrize("client", ["httpx sync", "httpx async"])
def test_httpx_under_respx(client: str) -> None:
    """respx, which mocks httpx, sees what goes through the application's httpx client."""
    body = streamed("openai-chat").body
    with respx.mock(base_url=URL) as router:
        route = router.post("/chat/completions")
        route.respond(content=body, content_type="text/event-stream")
        assert through(client, {}, call_to(URL)).text == ANSWER
        route.respond(503, json={"error": {"message": "no"}})
        assert through(client, {}, call_to(URL)).kind == "overloaded"
        assert route.call_count == 2


@pytest.mark.parametrize("client", ["httpx2 sync", "httpx2 async"])
def test_httpx2_under_respx(client: str, httpx2_mock: respx.MockRouter) -> None:
    """The fixture of pytest-httpx2 sees what goes through the application's httpx2 client."""
    route = httpx2_mock.post(f"{URL}/chat/completions")
    body = streamed("openai-chat").body
    route.respond(content=body, content_type="text/event-stream")
    assert through(client, {}, call_to(URL)).text == ANSWER
    route.respond(503, json={"error": {"message": "no"}})
    assert through(client, {}, call_to(URL)).kind == "overloaded"
    assert route.call_count == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize("client", CLIENTS)
def test_the_clients_own_proxy_and_certificates(client: str, certificate: Path) -> None:
    """A client's own proxy and trusted authorities are used, for whole answers and streams."""
    context = ssl.create_default_context(cafile=f"{certificate}.crt")
    with FaultServer() as server:
        tunnel = Tunnel(certificate, server.port)
        with ConnectProxy(tunnel.port, user="me:mine") as proxy:
            for stream in (False, True):
                options = {
                    "proxy": f"http://me:mine@127.0.0.1:{proxy.port}",
                    "verify": context,
                }
                call = call_to("https://upstream.example/v1", How(stream=stream))
                assert through(client, options, call).text == ANSWER
            refused = {"proxy": f"http://127.0.0.1:{proxy.port}", "verify": context}
            result = through(client, refused, call_to("https://upstream.example/v1"))
            assert result.kind == "connect"
            assert len(proxy.asked) == 3
        tunnel.close()
        assert len(server.requests) == 2
