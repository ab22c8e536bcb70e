"""Hedging as a caller sees it: a silent first model costs no more than `hedge_after_s`."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, ClosedError, Limits, Text, policies
from llmroute.errors import AttemptError
from llmroute.testing import Delay, Fail, ScriptedProvider, VirtualClock
from llmroute.types.events import Opened
from llmroute.types.usage import Usage
from tests.client.test_leaks import asoon, soon
from tests.driver.desk import HANG, Telling
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llmroute.catalog import Declaration
    from llmroute.types.calls import Call, Provider
    from llmroute.types.events import ProviderEvent
    from llmroute.types.reply import Reply

COLOR = pytest.mark.parametrize("color", ["sync", "async"])
HEDGED = Limits(hedge_after_s=2.0)
USED = Usage(1_000_000, 0)


class Silent:
    """Says what it is told to, and then nothing until it is cancelled."""

    def __init__(self, *first: ProviderEvent) -> None:
        """Say `first` at once."""
        self._first = first

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Hold this thread."""
        yield from self._first
        call.clock.sleep_until(call.deadline_at, call.cancel)
        raise AttemptError("interrupted", "it was cancelled")

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Hold this task."""
        for event in self._first:
            yield event
        await call.clock.asleep_until(call.deadline_at, call.cancel)
        raise AttemptError("interrupted", "it was cancelled")


def declared(*providers: Provider) -> list[Declaration]:
    """Models m0, m1 and so on, each of 1 USD for a million tokens of a prompt."""
    return [
        llmroute.model(f"m{at}", use="own", provider=one, price={"input": 1, "output": 1})
        for at, one in enumerate(providers)
    ]


def asked(color: str, *providers: Provider, stream: bool, limits: Limits = HEDGED) -> Reply:
    """Ask in virtual time, in the order of the providers."""
    models, clock = declared(*providers), VirtualClock()
    policy = policies.order(*(model.name for model in models))
    if color == "sync":
        with Client(policy, models=models, clock=clock, limits=limits) as client:
            if not stream:
                return client.chat("hi")
            with client.stream("hi") as events:
                list(events)
                return events.reply

    async def run() -> Reply:
        async with AsyncClient(policy, models=models, clock=clock, limits=limits) as client:
            if not stream:
                return await client.chat("hi")
            async with client.stream("hi") as events:
                _ = [event async for event in events]
                return events.reply

    return asyncio.run(run())


@COLOR
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_hedge_answers_and_both_costs_are_told(color: str, *, stream: bool) -> None:
    """The next model begins beside a silent one at its moment; the reply tells both attempts."""
    silent = ScriptedProvider([llmroute.UsageReport(USED), Delay(60), "late"])
    reply = asked(color, silent, ScriptedProvider([Delay(1), "quick"], usage=USED), stream=stream)

    assert (reply.text, reply.model.name) == ("quick", "m1")
    assert [(one.outcome, one.started_s) for one in reply.attempts] == [
        ("cancelled", 0.0),
        ("answered", 2.0),
    ]
    assert reply.duration_s == 3.0
    assert [one.cost_usd for one in reply.attempts] == [1, 1]
    assert reply.cost_usd == 2
    assert reply.attempts[0].ended_s == 3.0


@COLOR
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("opened", [True, False], ids=["opened", "not opened"])
def test_a_loser_that_reported_nothing_is_estimated(
    color: str, *, stream: bool, opened: bool
) -> None:
    """A loser that took the request costs its prompt, estimated; one that never did costs nothing.

    `opened` is said by the provider before it falls silent.
    """
    begun = [Opened()] if opened else []
    reply = asked(color, Silent(*begun), ScriptedProvider("quick", usage=USED), stream=stream)

    loser, winner = reply.attempts
    assert loser.outcome == "cancelled"
    assert winner.cost_usd == 1
    tokens = reply.plan.tokens.value if opened else 0
    assert loser.usage == Usage(tokens, 0, estimated=opened)
    cost_usd = Decimal(tokens) / 1_000_000
    assert (loser.cost_usd, reply.cost_usd) == (cost_usd, 1 + cost_usd)


@COLOR
def test_without_the_limit_nothing_is_hedged(color: str) -> None:
    """Hedging is off unless it is asked for."""
    second = ScriptedProvider("never")
    reply = asked(
        color, ScriptedProvider([Delay(5), "slow"]), second, stream=False, limits=Limits()
    )
    assert (reply.text, second.calls) == ("slow", [])


@COLOR
def test_a_failed_hedge_is_forgiven(color: str) -> None:
    """A hedge that fails leaves the first attempt alone, which answers after all."""
    reply = asked(
        color,
        ScriptedProvider([Delay(5), "slow"]),
        ScriptedProvider(Fail("server_error")),
        stream=True,
    )
    assert reply.text == "slow"
    assert [one.outcome for one in reply.attempts] == ["answered", "failed"]


def at(server: FaultServer, *faults: str) -> list[Declaration]:
    """Models whose servers do so."""
    return [
        llmroute.model(
            f"m{number}", use="openai-compatible", base_url=server.url_for(fault), model="m"
        )
        for number, fault in enumerate(faults)
    ]


@pytest.mark.parametrize("fault", ["stall_headers", "stall_first", "stall_pings"])
@COLOR
def test_a_losers_connection_ends(color: str, fault: str) -> None:
    """A loser's connection ends with the race, while the client lives on; the winner's stays."""
    limits = Limits(hedge_after_s=0.05)
    with FaultServer() as server:
        models, policy = at(server, fault, "normal"), policies.order("m0", "m1")

        def over() -> bool:
            return server.open_connections <= 1

        async def ask() -> None:
            async with AsyncClient(policy, models=models, limits=limits) as client:
                async with client.stream("hi") as stream:
                    assert [one async for one in stream.text]
                assert (await client.chat("hi")).model.name == "m1"
                assert await asoon(over)

        if color == "async":
            asyncio.run(ask())
            return
        with Client(policy, models=models, limits=limits) as client:
            with client.stream("hi") as stream:
                assert list(stream.text)
            assert client.chat("hi").model.name == "m1"
            assert soon(over)


@pytest.mark.parametrize("closing", ["stream", "client"])
def test_closing_while_attempts_race(closing: str) -> None:
    """Whoever closes the stream or the client in another thread ends the race at once."""
    hedge = Telling(ScriptedProvider([HANG, "never"]))
    models = declared(ScriptedProvider([HANG, "never"]), hedge)
    policy = policies.order("m0", "m1")
    client = Client(policy, models=models, limits=Limits(hedge_after_s=0.01))
    stream = client.stream("hi")
    close = stream.close if closing == "stream" else client.close
    closer = threading.Thread(target=close)
    hedge.asked.on_set(closer.start)
    with pytest.raises(ClosedError):
        next(stream)
    closer.join()
    client.close()
    assert hedge.over.is_set


def test_a_hedged_stream_is_left_early() -> None:
    """Leaving a stream that was hedged stops its winner."""
    quick = ScriptedProvider(["a", "b"])
    models = declared(ScriptedProvider([HANG, "never"]), quick)
    limits = Limits(hedge_after_s=0.01)
    with (
        Client(policies.order("m0", "m1"), models=models, limits=limits) as client,
        client.stream("hi") as stream,
    ):
        assert next(stream) == Text("a")
    assert quick.calls[0].cancel.is_set
