"""Hedging as a caller sees it: a silent first model costs no more than `hedge_after_s`."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Unpack

import pytest

import llmroute
from llmroute import AsyncClient, Client, ClosedError, Limits, Text, policies
from llmroute.errors import AttemptError
from llmroute.health import Observations
from llmroute.testing import Delay, Fail, ScriptedProvider, VirtualClock
from llmroute.types.events import Opened, Progress
from llmroute.types.usage import Usage
from tests.client.test_leaks import asoon, soon
from tests.driver.desk import HANG, Telling
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llmroute.catalog import Declaration
    from llmroute.client.setup import ClientOptions
    from llmroute.types.calls import Call, Provider
    from llmroute.types.events import ProviderEvent
    from llmroute.types.reply import Reply
    from llmroute.types.requests import ChatOptions

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


def asked(
    color: str,
    *providers: Provider,
    stream: bool,
    limits: Limits = HEDGED,
    observations: Observations | None = None,
    **options: Unpack[ChatOptions],
) -> Reply:
    """Ask in virtual time, in the order of the providers."""
    models = declared(*providers)
    policy = policies.order(*(model.name for model in models))
    given: ClientOptions = {"models": models, "clock": VirtualClock(), "limits": limits}
    if observations is not None:
        given["observations"] = observations
    if color == "sync":
        with Client(policy, **given) as client:
            if not stream:
                return client.chat("hi", **options)
            with client.stream("hi", **options) as events:
                list(events)
                return events.reply

    async def run() -> Reply:
        async with AsyncClient(policy, **given) as client:
            if not stream:
                return await client.chat("hi", **options)
            async with client.stream("hi", **options) as events:
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
    """A loser costs its prompt, estimated: it was sent, whether or not its server said so.

    `opened` is said by the provider before it falls silent.
    """
    begun = [Opened()] if opened else []
    reply = asked(color, Silent(*begun), ScriptedProvider("quick", usage=USED), stream=stream)

    loser, winner = reply.attempts
    assert loser.outcome == "cancelled"
    assert winner.cost_usd == 1
    tokens = reply.plan.tokens.value
    assert loser.usage == Usage(tokens, 0, estimated=True)
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
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_call_may_say_when_it_is_hedged(color: str, *, stream: bool) -> None:
    """`hedge_after_s` of a call goes before the limits of the client, and needs none."""
    for limits in (Limits(), HEDGED, Limits(hedge_after_s=3.0, hedge_percentile=95.0)):
        slow, quick = ScriptedProvider([Delay(60), "late"]), ScriptedProvider("quick")
        reply = asked(color, slow, quick, stream=stream, limits=limits, hedge_after_s=5.0)
        assert [one.started_s for one in reply.attempts] == [0.0, 5.0]


@COLOR
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_moment_is_learned(color: str, *, stream: bool) -> None:
    """After 20 answers of its kind the hedge begins when all but one of 20 would be there."""
    after_s = [1.0 + number / 16 for number in range(20)]
    answers: list[list[str | Delay | Progress]]
    answers = [[Delay(1.0), Progress(), Delay(one - 1.0), "in time"] for one in after_s]
    if stream:
        answers = [[Delay(one), "in", Delay(1.0), "time"] for one in after_s]
    first = ScriptedProvider(*answers, [Delay(60), "late"])
    second, observations = ScriptedProvider("quick"), Observations()
    limits = Limits(hedge_percentile=95.0, hedge_after_s=10.0)

    def ask(*, stream: bool) -> Reply:
        return asked(color, first, second, stream=stream, limits=limits, observations=observations)

    assert {len(ask(stream=stream).attempts) for _ in answers} == {1}
    assert [one.started_s for one in ask(stream=stream).attempts] == [0.0, after_s[-1]]
    assert [one.started_s for one in ask(stream=not stream).attempts] == [0.0, 10.0]


@COLOR
def test_a_budget_stops_the_hedges_of_a_model_that_is_slow_for_all(color: str) -> None:
    """3 hedges are paid in advance, then one for each 5 requests: not everybody can be helped."""
    first, second = ScriptedProvider([Delay(0.5), "slow"]), ScriptedProvider("quick")
    models, calls = declared(first, second), 200
    given: ClientOptions = {
        "models": models,
        "clock": VirtualClock(),
        "limits": Limits(hedge_after_s=0.01),
    }
    policy = policies.order("m0", "m1")

    async def run() -> None:
        async with AsyncClient(policy, **given) as client:
            for _ in range(calls):
                await client.chat("hi")

    if color == "async":
        asyncio.run(run())
    else:
        with Client(policy, **given) as client:
            for _ in range(calls):
                client.chat("hi")
    assert (len(first.calls), len(second.calls)) == (calls, 3 + (calls - 15) // 5)


def test_one_model_is_never_raced() -> None:
    """Where there is no other candidate, a call runs in the caller's own thread."""
    threads: list[threading.Thread] = []

    def answer(_: Call) -> str:
        threads.append(threading.current_thread())
        return "alone"

    asked("sync", ScriptedProvider(answer), stream=False)
    assert threads == [threading.current_thread()]


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
