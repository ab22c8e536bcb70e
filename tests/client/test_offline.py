"""The network goes and comes back: what calls do meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, NoCandidateError, policies
from llmroute.testing import Delay, Fail, ScriptedProvider, VirtualClock, no_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.client.setup import ClientOptions
    from llmroute.testing import Script
    from llmroute.types.reply import Reply

DNS = Fail("dns")
UNREACHABLE = Fail("connect", code="ENETUNREACH")
SECONDS = 20.0
"""So long is waited for a thread before a test gives up; as a rule it takes milliseconds."""


class Played:
    """Remote models a, b, ... at hosts of their own, and one of this machine behind them."""

    def __init__(self, *remote: tuple[Script, ...], local: bool = True) -> None:
        """`remote` holds the attempts of each."""
        self.clock = VirtualClock()
        self.models = [
            llmroute.model(
                name, use="openai-compatible", model=name, base_url=f"https://{name}.example/v1"
            )
            for name in "abcdef"[: len(remote)]
        ]
        self.providers = {
            one.name: ScriptedProvider(*script)
            for one, script in zip(self.models, remote, strict=True)
        }
        if local:
            self.models.append(llmroute.model("here", use="llama-cpp", file="here.gguf"))
            self.providers["here"] = ScriptedProvider("from here")

    def options(self) -> ClientOptions:
        """What the client of either color is given."""
        return {"models": self.models, "providers": self.providers, "clock": self.clock}

    def client(self) -> Client:
        """A client that tries them in order."""
        return Client(policies.order(*[one.name for one in self.models]), **self.options())

    def asked(self) -> str:
        """Who was asked how often: "a2 b1"."""
        counts = {name: len(one.calls) for name, one in self.providers.items()}
        return " ".join(f"{name}{count}" for name, count in counts.items() if count)


def who(reply: Reply) -> list[str]:
    """The models that were tried, in order."""
    return [one.model.name for one in reply.attempts]


@pytest.mark.parametrize("fault", [DNS, UNREACHABLE])
def test_the_network_goes_during_a_call(fault: Fail) -> None:
    """After two hosts without a way to them, the local model answers, in that call and the next."""
    played = Played((fault, "back"), (fault,), ("never",))
    with played.client() as client:
        assert who(client.chat("hi")) == ["a", "b", "here"]
        reply = client.chat("hi")
        assert who(reply) == ["here"]
        assert played.asked() == "a1 b1 here2"
        assert {one.model.name: (one.rule, one.reason) for one in reply.plan.refused} == {
            name: ("offline", f"the network is gone, and it is at https://{name}.example")
            for name in "abc"
        }
        played.clock.advance(0.5)
        assert client.chat("hi").text == "back"
        assert who(client.chat("hi")) == ["a"]


def test_the_network_goes_during_an_async_call() -> None:
    """It is the same for tasks, and in streams."""

    async def play() -> None:
        played = Played((DNS, "back"), (DNS,), ("never",))
        async with AsyncClient(policies.order("a", "b", "c", "here"), **played.options()) as client:
            async with client.stream("hi") as stream:
                assert "".join([one async for one in stream.text]) == "from here"
            assert who(await client.chat("hi")) == ["here"]
            assert played.asked() == "a1 b1 here2"
            played.clock.advance(0.5)
            assert (await client.chat("hi")).text == "back"

    asyncio.run(play())


def test_nobody_else_is_left() -> None:
    """Without a local model, whoever is left is asked all the same: the network may be there."""
    played = Played((DNS,), (DNS,), ("here after all",), local=False)
    with played.client() as client:
        assert client.chat("hi").text == "here after all"
        assert client.chat("hi").text == "here after all"
    assert played.asked() == "a2 b2 c2"


def test_remote_models_alone_are_refused_at_once() -> None:
    """A plan of remote models alone is refused while the network is gone, then tried again."""
    played = Played((DNS, DNS, DNS, "back"), (DNS,), local=False)
    with played.client() as client:
        with pytest.raises(llmroute.AllFailedError):
            client.chat("hi")
        began = played.clock.now()
        with pytest.raises(NoCandidateError, match="the network is gone"):
            client.chat("hi")
        assert played.clock.now() == began
        played.clock.advance(4.0)
        assert client.chat("hi").text == "back"


def test_servers_of_this_machine_are_asked() -> None:
    """A server of this machine neither tells that the network is gone, nor is it refused."""
    played = Played((DNS,), (DNS,))
    server = llmroute.model(
        "server", use="openai-compatible", model="x", base_url="http://127.0.0.1:9/v1"
    )
    played.models.insert(2, server)
    played.providers["server"] = ScriptedProvider(DNS, "from the server")
    with played.client() as client:
        assert who(client.chat("hi")) == ["a", "b", "server", "here"]
        assert who(client.chat("hi")) == ["server"]


@pytest.mark.parametrize(
    "fault", [Fail("connect", code="ECONNREFUSED"), Fail("server_error", status=500), Fail("tls")]
)
def test_other_failures_do_not_count(fault: Fail) -> None:
    """Refused connections, secure ones that fail and sick servers leave it online."""
    played = Played((fault,), (fault,))
    with played.client() as client:
        for _ in range(3):
            assert who(client.chat("hi"))[-1] == "here"
        assert client.plan("hi").candidates[0].model.name == "a"
        assert not client.plan("hi").refused


def test_mode_never() -> None:
    """Where the policy says never, remote models are asked whatever happened."""
    played = Played((DNS,), (DNS,), (DNS,))
    order = policies.order("a", "b", "c", "here")
    options = played.options()
    options["offline"] = "never"
    with Client(order, **options) as client:
        for _ in range(2):
            assert who(client.chat("hi")) == ["a", "b", "c", "here"]


def test_mode_always() -> None:
    """Where the policy says always, the local model answers and no socket is opened, ever."""
    models = [
        llmroute.model("a", use="openai-compatible", model="x", base_url="https://a.example/v1"),
        llmroute.model("b", use="openai-compatible", model="x", base_url="http://127.0.0.1:9/v1"),
        llmroute.model("here", use="llama-cpp", file="here.gguf"),
    ]
    here = ScriptedProvider("from here")
    order = policies.order("a", "b", "here")
    with (
        no_network(),
        Client(order, models=models, providers={"here": here}, offline="always") as client,
    ):
        reply = client.chat("hi")
        assert reply.text == "from here"
        assert [one.rule for one in reply.plan.refused] == ["offline", "offline"]


def test_slow_models_are_only_a_doubt() -> None:
    """Models that keep silent until their time is up are asked again in the next call."""
    played = Played((Delay(100.0),), (Delay(100.0),))
    with played.client() as client:
        for _ in range(2):
            assert who(client.chat("hi", deadline_s=9.0)) == ["a", "b", "here"]


def probers() -> int:
    """How many threads probe."""
    return sum(one.name == "llmroute-probe" for one in threading.enumerate())


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def test_real_connections_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """One real failure is probed in a thread; from then on the local model is the plan."""
    monkeypatch.setenv("TEST_KEY", "k")
    remote = llmroute.model(
        "a",
        use="openai-compatible",
        model="x",
        base_url="https://a.example/v1",
        key_env="TEST_KEY",
    )
    here = llmroute.model("here", use="llama-cpp", file="here.gguf")
    with no_network(allow_loopback=True, outage=True):
        client = Client(
            policies.order("a", "here"),
            models=[remote, here],
            providers={"here": ScriptedProvider("from here")},
        )
        assert client.plan("hi").candidates[0].model.name == "a"
        assert probers() == 0
        reply = client.chat("hi")
        assert who(reply) == ["a", "here"]
        fault = reply.attempts[0].fault
        assert fault is not None
        assert (fault.kind, fault.code) == ("dns", "EAI_AGAIN")
        until(lambda: bool(client.plan("hi").refused))
        assert who(client.chat("hi")) == ["here"]
        assert probers() == 1
        client.close()
        until(lambda: probers() == 0)
