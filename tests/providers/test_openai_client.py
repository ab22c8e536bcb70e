"""The application's own openai client: every class of it, sync and async, on real sockets."""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import httpx
import httpx2
import openai
import pytest
from openai.providers import bedrock

import llmroute
from llmroute import AsyncClient, Client, Limits, Message, policies
from llmroute.errors import (
    AllFailedError,
    DeadlineExceededError,
    PolicyError,
    RequestError,
    TransportError,
)
from llmroute.providers import open_client
from llmroute.testing import ScriptedProvider
from llmroute.types.events import Text, ToolCallPart
from tests.faults.server import FaultServer
from tests.providers.calls import How, aoutcome, call_to, outcome
from tests.providers.test_leaks import CANARIES, REQUEST, everything_about

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import respx

    from llmroute.catalog import Declaration, ModelOptions
    from llmroute.types.reply import Reply
    from tests.providers.calls import Outcome

KEY = "sk-canary-0123456789abcdefghij"
ANSWER = "The answer is forty-two."
GPT = "openai/gpt-6.1-terra"
vertex = importlib.import_module("openai.providers").vertex  # its types need google-auth


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A fault server of one's own."""
    with FaultServer() as running:
        yield running


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without keys and addresses in the environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_API_KEY", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


class Kind(NamedTuple):
    """A class of client, and what a request of it looks like on the wire."""

    sync: openai.OpenAI
    asynchronous: openai.AsyncOpenAI
    path: str
    headers: Mapping[str, str]


KINDS = ("openai", "azure", "azure deployment", "azure token", "bedrock", "bedrock aws", "vertex")


async def _token() -> str:
    return "entra-token"


def kind_of(name: str, server: FaultServer) -> Kind:
    """Make the clients of one kind, which lead to `server`."""
    origin = server.origin
    bearer = {"authorization": f"Bearer {KEY}"}
    version = "2026-01-01"
    if name == "openai":
        return Kind(
            openai.OpenAI(api_key=KEY, base_url=f"{origin}/v1"),
            openai.AsyncOpenAI(api_key=KEY, base_url=f"{origin}/v1"),
            "/v1/chat/completions",
            bearer,
        )
    if name == "azure":
        return Kind(
            openai.AzureOpenAI(api_key=KEY, azure_endpoint=origin, api_version=version),
            openai.AsyncAzureOpenAI(api_key=KEY, azure_endpoint=origin, api_version=version),
            f"/openai/deployments/normal/chat/completions?api-version={version}",
            {"api-key": KEY},
        )
    if name == "azure deployment":
        return Kind(
            openai.AzureOpenAI(
                api_key=KEY, azure_endpoint=origin, api_version=version, azure_deployment="mine"
            ),
            openai.AsyncAzureOpenAI(
                api_key=KEY, azure_endpoint=origin, api_version=version, azure_deployment="mine"
            ),
            f"/openai/deployments/mine/chat/completions?api-version={version}",
            {"api-key": KEY},
        )
    if name == "azure token":
        return Kind(
            openai.AzureOpenAI(
                azure_ad_token_provider=lambda: "entra-token",
                azure_endpoint=origin,
                api_version=version,
            ),
            openai.AsyncAzureOpenAI(
                azure_ad_token_provider=_token, azure_endpoint=origin, api_version=version
            ),
            f"/openai/deployments/normal/chat/completions?api-version={version}",
            {"authorization": "Bearer entra-token"},
        )
    return _cloud(name, origin)


def _cloud(name: str, origin: str) -> Kind:
    """Make the clients of a cloud that hosts models of others too."""
    path = "/v1/chat/completions"
    base_url = f"{origin}/v1"
    if name == "bedrock":
        return Kind(
            openai.BedrockOpenAI(api_key=KEY, base_url=base_url, aws_region="us-east-1"),
            openai.AsyncBedrockOpenAI(api_key=KEY, base_url=base_url, aws_region="us-east-1"),
            path,
            {"authorization": f"Bearer {KEY}"},
        )
    if name == "bedrock aws":
        pytest.importorskip("botocore", reason="signing needs botocore")
        aws = bedrock(
            region="us-east-1",
            base_url=base_url,
            access_key_id="AKIAIOSFODNN7EXAMPLE",
            secret_access_key=KEY,
        )
        return Kind(
            openai.OpenAI(provider=aws),
            openai.AsyncOpenAI(provider=aws),
            path,
            {"authorization": "AWS4-HMAC-SHA256 "},
        )
    google = vertex(base_url=base_url, token_provider=lambda: KEY)
    return Kind(
        openai.OpenAI(provider=google),
        openai.AsyncOpenAI(provider=google),
        path,
        {"authorization": f"Bearer {KEY}"},
    )


def declared(client: object, use: str = GPT, model: str = "normal") -> Declaration:
    """Declare a model that `client` sends for."""
    return llmroute.model("gpt", use=use, client=client, model=model)


COMPATIBLE = "openai-compatible"
LATE = (DeadlineExceededError, AllFailedError)


@pytest.mark.parametrize("name", KINDS)
def test_every_class_of_client(server: FaultServer, name: str) -> None:
    """Answers and streams come through each class in both colors, with its own address and key."""
    kind = kind_of(name, server)

    async def main() -> None:
        model = declared(kind.asynchronous, COMPATIBLE)
        async with AsyncClient(models=[model]) as client, kind.asynchronous:
            assert (await client.chat("What is six times seven?")).text == ANSWER
            async with client.stream("What is six times seven?") as stream:
                assert "".join([piece async for piece in stream.text]) == ANSWER

    with Client(models=[declared(kind.sync, COMPATIBLE)]) as client, kind.sync:
        reply = client.chat("What is six times seven?", temperature=0.5)
        assert (reply.text, reply.usage.input_tokens) == (ANSWER, 11)
        with client.stream("What is six times seven?") as stream:
            assert "".join(stream.text) == ANSWER
    asyncio.run(main())
    assert [one.path for one in server.requests] == [kind.path] * 4
    for one in server.requests:
        for header, value in kind.headers.items():
            assert one.headers[header].startswith(value)
        body = one.json()
        assert (body["model"], "messages" in body) == ("normal", True)
        assert one.headers["accept-encoding"] == "identity"
    assert [bool(one.json().get("stream")) for one in server.requests] == [False, True] * 2
    assert server.requests[0].json()["temperature"] == 0.5


def test_the_responses_api_through_a_client(server: FaultServer) -> None:
    """A catalog model keeps its facts and its API; the client's address and name take the rest."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.origin}/v1")
    for use, path in ((GPT, "/v1/responses"), ("openai/gpt-4o-mini", "/v1/chat/completions")):
        with Client(models=[declared(client, use)]) as ours:
            plan = ours.plan("hi")
            assert plan.model is not None
            assert plan.model.id == use
            assert plan.model.price is not None
            assert plan.model.endpoint is not None
            assert plan.model.endpoint.origin == server.origin
            reply = ours.chat("What is six times seven?")
            assert (reply.text, server.requests[-1].path) == (ANSWER, path)
            assert reply.cost_usd
    client.close()


def test_the_responses_api_at_azure(server: FaultServer) -> None:
    """What Azure does not address by deployment is sent to its API as a whole."""
    azure = openai.AzureOpenAI(api_key=KEY, azure_endpoint=server.origin, api_version="preview")
    with azure, Client(models=[declared(azure, GPT, "my-deployment")]) as ours:
        assert ours.chat("What is six times seven?").text == ANSWER
    assert server.requests[0].path == "/openai/responses?api-version=preview"
    assert server.requests[0].json()["model"] == "my-deployment"


@pytest.mark.parametrize("name", ["openai", "azure"])
def test_embeddings_through_a_client(name: str) -> None:
    """Vectors come through a client, by the address that its kind has for them."""
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(f"{request.url.path} {request.headers.get('api-key', '')}")
        data = [{"index": 0, "embedding": [0.6, 0.8]}]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return httpx2.Response(200, json={"data": data, "usage": usage, "object": "list"})

    inner = httpx2.Client(transport=httpx2.MockTransport(answer))
    client: openai.OpenAI
    if name == "azure":
        client = openai.AzureOpenAI(
            api_key=KEY,
            azure_endpoint="https://mine.openai.azure.com",
            api_version="preview",
            http_client=inner,
        )
    else:
        client = openai.OpenAI(api_key=KEY, http_client=inner)
    model = llmroute.model("e", use="openai/text-embedding-3-small", client=client, model="mine")
    with client, Client(models=[model]) as ours:
        assert ours.embed("hello").vectors == ((0.6, 0.8),)
    paths = {"openai": "/v1/embeddings ", "azure": f"/openai/deployments/mine/embeddings {KEY}"}
    assert seen == [paths[name]]


FAULTS = {
    "rate_limit": "rate_limit",
    "auth_401": "bad_key",
    "redirect": "redirected",
    "html_200": "bad_response",
    "close_at_once": "cut_short",
    "reset_midstream": "cut_short",
    "eof_midstream": "cut_short",
    "truncated_clean": "cut_short",
    "stall_headers": "interrupted",
    "stall_midstream": "interrupted",
    "gzip_bomb": "too_long",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_mean_the_same(server: FaultServer, fault: str) -> None:
    """A fault has the kind that it has on our own connections, and holds nothing of openai's."""
    how = How(time_s=0.4 if FAULTS[fault] == "interrupted" else 10.0, key=None)
    url = server.url_for(fault)
    call = call_to(url, how, REQUEST)
    with openai.OpenAI(api_key=KEY, base_url=url) as client:
        result = outcome(open_client("openai-chat", client).events(call))
    assert len(server.requests) == 1  # trying again is the flow's

    async def main() -> Outcome:
        call = call_to(url, how, REQUEST)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=url) as client:
            return await aoutcome(open_client("openai-chat", client).aevents(call))

    for one in (result, asyncio.run(main())):
        assert one.kind == FAULTS[fault]
        assert one.error is not None
        assert not [canary for canary in CANARIES if canary in everything_about(one.error)]
        assert one.error.__context__ is None
        cause = one.error.__cause__
        assert cause is None or isinstance(cause, TransportError)


def test_a_refused_key_is_the_clients(server: FaultServer) -> None:
    """What mends a 401 is the client's key, not a key that could be declared here."""
    url = server.url_for("auth_401")
    with openai.OpenAI(api_key=KEY, base_url=url) as client:
        call = call_to(url, How(key=None))
        fault = outcome(open_client("openai-chat", client).events(call)).fault
    assert "check the key of the client that sent it" in fault.reason


@pytest.mark.parametrize("package", [httpx2, httpx])
def test_connections_that_fail(package: object) -> None:
    """A refused connection is a fault to connect, whichever package the client stands on."""
    url = "http://127.0.0.1:9/v1"
    call = call_to(url, How(key=None))
    legacy = cast("httpx2.Client", httpx.Client() if package is httpx else httpx2.Client())
    with openai.OpenAI(api_key=KEY, base_url=url, http_client=legacy) as client:
        result = outcome(open_client("openai-chat", client).events(call))
    assert result.kind == "connect"
    assert result.fault.reason.startswith("Connection refused")


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_on_legacy_httpx(server: FaultServer, *, stream: bool) -> None:
    """An openai client that stands on httpx answers too, in both colors."""
    call = call_to(server.base_url, How(key=None, stream=stream))
    inner = cast("httpx2.Client", httpx.Client())
    with openai.OpenAI(api_key=KEY, base_url=server.base_url, http_client=inner) as client:
        assert outcome(open_client("openai-chat", client).events(call)).text == ANSWER

    async def main() -> str:
        inner = cast("httpx2.AsyncClient", httpx.AsyncClient())
        made = openai.AsyncOpenAI(api_key=KEY, base_url=server.base_url, http_client=inner)
        async with made as client:
            events = open_client("openai-chat", client).aevents(call)
            return (await aoutcome(events)).text

    assert asyncio.run(main()) == ANSWER


def fallback(client: object, spare: ScriptedProvider) -> list[Declaration]:
    """A model of `client`, and one to fall back on."""
    return [declared(client, COMPATIBLE), llmroute.model("spare", use="scripted", provider=spare)]


@pytest.mark.parametrize("fault", ["rate_limit", "overloaded", "auth_401", "reset_midstream"])
def test_another_model_answers(server: FaultServer, fault: str) -> None:
    """What fails behind an openai client, in spite of its own retries, falls back once."""
    url = server.url_for(fault)
    order = policies.order("gpt", "spare")
    with openai.OpenAI(api_key=KEY, base_url=url, max_retries=5) as client:
        models = fallback(client, ScriptedProvider("spare answer"))
        with Client(order, models=models) as ours:
            reply = ours.chat("hi")
    assert (reply.text, reply.fell_back) == ("spare answer", True)
    assert len(server.requests) == 1

    async def main() -> Reply:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=5) as client:
            models = fallback(client, ScriptedProvider("spare answer"))
            async with AsyncClient(order, models=models) as ours:
                return await ours.chat("hi")

    assert asyncio.run(main()).text == "spare answer"
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", ["stall_headers", "stall_midstream", "stall_pings"])
def test_a_deadline_holds(server: FaultServer, fault: str) -> None:
    """A server that hangs does not outlast the call's deadline, whatever the client's time-out."""
    url = server.url_for(fault)
    began = time.monotonic()

    async def main() -> None:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=url, timeout=900)
        async with client, AsyncClient(models=[declared(client, COMPATIBLE)]) as ours:
            await ours.chat("hi", deadline_s=0.4)

    client = openai.OpenAI(api_key=KEY, base_url=url, timeout=900)
    with client, Client(models=[declared(client, COMPATIBLE)]) as ours, pytest.raises(LATE):
        ours.chat("hi", deadline_s=0.4)
    with pytest.raises(LATE):
        asyncio.run(main())
    assert time.monotonic() - began < 10.0


def gone(server: FaultServer) -> bool:
    """Whether every client of the server has gone within five seconds."""
    until = time.monotonic() + 5.0
    while server.open_connections and time.monotonic() < until:
        time.sleep(0.01)
    return not server.open_connections


@pytest.mark.parametrize("color", ["sync", "async"])
def test_a_cancel_closes_the_socket(server: FaultServer, color: Literal["sync", "async"]) -> None:
    """A stream that is left in its middle leaves no connection behind; neither does a cancel."""
    url = server.url_for("stall_midstream")
    call = call_to(url, How(time_s=30, key=None))
    timer = threading.Timer(0.3, call.cancel.set, ("the caller left",))
    timer.start()

    async def main() -> str:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=url) as client:
            provider = open_client("openai-chat", client)
            kind = (await aoutcome(provider.aevents(call))).kind
            async with AsyncClient(models=[declared(client, COMPATIBLE)]) as ours:
                async with ours.stream("hi") as stream:
                    async for event in stream:
                        if isinstance(event, Text):
                            break
                for _ in range(500):
                    if not server.open_connections:
                        break
                    await asyncio.sleep(0.01)
                assert not server.open_connections
            return kind

    if color == "async":
        assert asyncio.run(main()) == "interrupted"
    else:
        with openai.OpenAI(api_key=KEY, base_url=url) as client:
            result = outcome(open_client("openai-chat", client).events(call))
            assert (result.kind, result.text) == ("interrupted", "The answer ")
            with Client(models=[declared(client, COMPATIBLE)]) as ours:
                with ours.stream("hi") as stream:
                    next(event for event in stream if isinstance(event, Text))
                assert gone(server)
    timer.join()


def tool_stream() -> bytes:
    """A stream of chat completions that asks for a tool, its arguments in pieces."""
    parts: list[dict[str, object]] = [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}},
        {"function": {"arguments": '{"city": '}},
        {"function": {"arguments": '"Oslo"}'}},
    ]
    deltas: list[tuple[dict[str, object], str | None]] = [
        ({"tool_calls": [{"index": 0, **part}]}, None) for part in parts
    ]
    chunks = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in [*deltas, ({}, "tool_calls")]
    ]
    lines = [f"data: {json.dumps(one)}\n\n" for one in chunks]
    return ("".join(lines) + "data: [DONE]\n\n").encode()


def test_tool_calls_under_mock_transports() -> None:
    """A stream of tool calls comes through openai clients with transports of the application's."""
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["authorization"])
        return httpx2.Response(
            200, content=tool_stream(), headers={"content-type": "text/event-stream"}
        )

    transport = httpx2.MockTransport(answer)
    url = "https://api.example.com/v1"
    call = call_to(url, How(key=None))
    inner = httpx2.Client(transport=transport)
    with openai.OpenAI(api_key=KEY, base_url=url, http_client=inner) as client:
        events = outcome(open_client("openai-chat", client).events(call)).events
    parts = [one for one in events if isinstance(one, ToolCallPart)]
    assert "".join(part.arguments for part in parts) == '{"city": "Oslo"}'
    assert (parts[0].id, parts[0].name) == ("call_1", "weather")

    async def main() -> int:
        inner = httpx2.AsyncClient(transport=transport)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=url, http_client=inner) as client:
            result = await aoutcome(open_client("openai-chat", client).aevents(call))
            return len(result.events)

    assert asyncio.run(main()) == len(events)
    assert seen == [f"Bearer {KEY}"] * 2


def weather(city: str) -> str:
    """Tell the weather now."""
    return f"rain in {city}"


def test_a_round_of_tools_through_a_client() -> None:
    """Tools, their calls and their results go through an openai client as they do without one."""
    bodies: list[dict[str, object]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        if len(bodies) == 1:
            kind = {"content-type": "text/event-stream"}
            return httpx2.Response(200, content=tool_stream(), headers=kind)
        choice = {"message": {"content": "It rains."}, "finish_reason": "stop"}
        return httpx2.Response(200, json={"choices": [choice]})

    inner = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = openai.OpenAI(api_key=KEY, http_client=inner)
    model = llmroute.model("gpt", use=COMPATIBLE, client=client, model="m", abilities=["tools"])
    with client, Client(models=[model]) as ours:
        reply = ours.chat("Umbrella in Oslo?", tools=[weather])
        (call,) = reply.tool_calls
        assert (call.name, call.arguments) == ("weather", {"city": "Oslo"})
        history = [Message.user("Umbrella in Oslo?"), reply.message]
        history.append(Message.tool(call, weather("Oslo")))
        assert ours.chat(history, tools=[weather]).text == "It rains."
    messages = cast("list[dict[str, object]]", bodies[1]["messages"])
    assert [one["role"] for one in messages] == ["user", "assistant", "tool"]


def test_under_respx(httpx2_mock: respx.MockRouter) -> None:
    """A program's own mocks see what its openai client sends for us."""
    route = httpx2_mock.post("https://api.openai.com/v1/chat/completions").respond(
        429, json={"error": {"code": "insufficient_quota"}}, headers={"Retry-After": "3"}
    )
    client = openai.OpenAI(api_key=KEY)
    ours = Client(models=[declared(client, "openai/gpt-4o-mini", "mini")])
    with client, ours, pytest.raises(AllFailedError) as caught:
        ours.chat("hi", extra_headers={"X-Team": "blue"}, extra_body={"user": "u"})
    fault = caught.value.attempts[0].fault
    assert fault is not None
    assert (fault.kind, fault.remedy.wait_s) == ("quota_exhausted", 3.0)
    sent = route.calls.last.request
    assert (sent.headers["x-team"], json.loads(sent.content)["user"]) == ("blue", "u")
    assert route.call_count == 1


def test_the_client_is_never_closed(server: FaultServer) -> None:
    """Closing ours leaves the application's open; one that it closed itself is a typed fault."""
    client = openai.OpenAI(api_key=KEY, base_url=server.base_url)
    with Client(models=[declared(client, COMPATIBLE)]) as ours:
        assert ours.chat("hi").text == ANSWER
    assert not client.is_closed()
    client.close()
    call = call_to(server.base_url, How(key=None))
    result = outcome(open_client("openai-chat", client).events(call))
    assert (result.kind, result.fault.remedy.next) == ("client_closed", "other_model")

    async def main() -> str:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=server.base_url)
        await client.close()
        return (await aoutcome(open_client("openai-chat", client).aevents(call))).kind

    assert asyncio.run(main()) == "client_closed"


def test_a_client_that_cannot_sign(server: FaultServer) -> None:
    """Credentials that fail before anything is sent are a typed fault; another model answers."""

    def broken() -> str:
        raise RuntimeError(KEY)

    google = vertex(base_url=server.base_url, token_provider=broken)
    with openai.OpenAI(provider=google) as client:
        call = call_to(server.base_url, How(key=None))
        result = outcome(open_client("openai-chat", client).events(call))
    assert result.kind == "bad_key_format"
    assert result.fault.reason == "the openai client refused to send (OpenAIError)"
    with openai.AzureOpenAI(
        azure_ad_token_provider=broken, azure_endpoint=server.origin, api_version="1"
    ) as azure:
        models = fallback(azure, ScriptedProvider("spare answer"))
        with Client(policies.order("gpt", "spare"), models=models) as ours:
            reply = ours.chat("hi")
    assert reply.text == "spare answer"
    assert KEY not in repr(reply)
    assert server.requests == []


def test_no_key_of_ours_is_sent(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a variable nor an api_key goes with a client's request; the client's own key does."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment-0123456789")
    client = openai.OpenAI(api_key=KEY, base_url=server.base_url)
    with client, Client(models=[declared(client)]) as ours:
        ours.chat("hi")
        with pytest.raises(RequestError, match=r"sends its own key. Leave api_key out"):
            ours.chat("hi", model="gpt", api_key="sk-of-the-call-0123456789abcdef")
    assert [one.headers["authorization"] for one in server.requests] == [f"Bearer {KEY}"]


def test_the_color_must_fit(server: FaultServer) -> None:
    """A sync client in AsyncClient, and an async one in Client, are refused with a sentence."""
    sync = openai.OpenAI(api_key=KEY, base_url=server.base_url)
    asynchronous = openai.AsyncOpenAI(api_key=KEY, base_url=server.base_url)
    ours = Client(models=[declared(asynchronous)])
    with ours, pytest.raises(RequestError, match="client: it is an async client; Client needs"):
        ours.chat("hi")

    async def main() -> None:
        async with AsyncClient(models=[declared(sync)]) as ours, asynchronous:
            with pytest.raises(RequestError, match="client: it is a sync client; AsyncClient"):
                await ours.chat("hi")

    asyncio.run(main())
    sync.close()
    assert server.requests == []


STRANGE: list[tuple[dict[str, object], str, str]] = [
    ({"client": "sk-..."}, "gpt.client", "must be a client of the openai package, not a string"),
    ({"client": openai.OpenAI}, "gpt.client", "must be an object, not the class OpenAI"),
    ({"client": httpx2.Client()}, "gpt.client", "must be a client of the openai package"),
]


@pytest.mark.parametrize(("options", "where", "what"), STRANGE)
def test_what_is_no_client(options: dict[str, object], where: str, what: str) -> None:
    """Anything but an openai client is refused where it is declared."""
    with pytest.raises(PolicyError, match=what) as caught:
        llmroute.model("gpt", use=GPT, client=options["client"])
    assert caught.value.key == where


UNFIT: list[tuple[dict[str, object], str]] = [
    ({"key": KEY}, "gpt.key"),
    ({"base_url": "https://x.de/v1"}, "gpt.base_url"),
    ({"key_env": "MY_KEY"}, "gpt.key_env"),
    ({"file": "x.gguf"}, "gpt.file"),
    ({"provider": ScriptedProvider("x")}, "gpt.provider"),
    ({"local": True}, "gpt.local"),
    ({"use": "llama-cpp", "file": "x.gguf"}, "gpt.client"),
    ({"use": COMPATIBLE}, "gpt"),
    ({"use": "azure/gpt-6.1-terra", "resource": "mine"}, "gpt.resource"),
    ({"use": "openai/no-such"}, "gpt.use"),
]


@pytest.mark.parametrize(("options", "where"), UNFIT)
def test_options_that_go_with_no_client(options: dict[str, object], where: str) -> None:
    """What the client says itself is not declared beside it, and what it cannot be is refused."""
    with openai.OpenAI(api_key=KEY) as client:
        given = {"use": GPT, "client": client, **options}
        with pytest.raises(PolicyError) as caught:
            Client(models=[llmroute.model("gpt", **cast("ModelOptions", given))])
        assert where in [one.key for one in caught.value.problems]
        assert KEY not in str(caught.value)


def test_an_openai_client_is_no_http_client() -> None:
    """Passed as http_client, an openai client is refused with the way to pass it."""
    with openai.OpenAI(api_key=KEY) as client, pytest.raises(PolicyError) as caught:
        Client(http_client=client)
    assert "An openai client goes with its model: llmroute.model(..., client=" in str(caught.value)


def test_local_servers_by_a_client(server: FaultServer) -> None:
    """A server on this machine may be called local, so that private requests reach it."""
    with openai.OpenAI(api_key="none", base_url=server.base_url) as client:
        model = llmroute.model("gpt", use=COMPATIBLE, client=client, model="m", local=True)
        with Client(models=[model], limits=Limits(deadline_s=20)) as ours:
            assert ours.chat("hi", local=True).text == ANSWER


def test_a_client_may_be_an_applications_subclass(server: FaultServer) -> None:
    """Subclasses are known by what they descend from."""

    class Mine(openai.OpenAI):
        pass

    client = Mine(api_key=KEY, base_url=server.base_url)
    with client, Client(models=[declared(client)]) as ours:
        assert ours.chat("hi").text == ANSWER


def test_a_lent_client_of_a_chat_only_server_is_told(server: FaultServer) -> None:
    """A server that does not know /responses is to be declared as openai-compatible."""
    client = openai.OpenAI(api_key=KEY, base_url=server.url_for("not_found"))
    with (
        client,
        Client(models=[declared(client)]) as ours,
        pytest.raises(AllFailedError) as caught,
    ):
        ours.chat("hi")
    assert "it was asked for /responses at " in str(caught.value)
    assert 'use = "openai-compatible", model = "normal"' in str(caught.value)
