"""Money in calls: the price of the day and of the tier, in the plan and in the reply."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, Usage, UsageReport, policies
from llmroute.testing import ScriptedProvider, VirtualClock

if TYPE_CHECKING:
    from llmroute.catalog import PriceTable
    from llmroute.catalog.options import HoursTable

CUT = date(2026, 8, 21)
PRICES: list[PriceTable] = [
    {"input": 4, "output": 20, "valid_from": CUT},
    {"input": 5, "output": 30, "valid_until": date(2026, 8, 20)},
]
USAGE = Usage(1000, 100)


def test_a_call_costs_what_the_day_says() -> None:
    """Plan and reply of one client follow a price that changes at midnight."""
    clock = VirtualClock(today=date(2026, 8, 20))
    provider = ScriptedProvider("a", "b", usage=USAGE)
    model = llmroute.model("m", use="scripted", provider=provider, prices=PRICES)
    with Client(models=[model], clock=clock) as client:
        before = client.chat("hi", max_tokens=100)
        clock.advance_to(CUT)
        after = client.chat("hi", max_tokens=100)
    assert (before.cost_usd, after.cost_usd) == (Decimal("0.008"), Decimal("0.006"))
    first, second = (one.plan.candidates[0].cost_usd for one in (before, after))
    assert first is not None
    assert second is not None
    assert first > second


def test_a_call_costs_what_the_hour_says() -> None:
    """Plan and reply of one client follow a price that changes within the day."""
    clock = VirtualClock(today=CUT)
    provider = ScriptedProvider("a", usage=USAGE)
    night: HoursTable = {"time": "00:00-08:00", "factor": 0.5}
    price: PriceTable = {"input": 4, "output": 20, "hours": [night]}
    model = llmroute.model("m", use="scripted", provider=provider, price=price)
    with Client(models=[model], clock=clock) as client:
        replies = [client.chat("hi", max_tokens=100)]
        clock.advance(8 * 3600 - 1)
        replies.append(client.chat("hi", max_tokens=100))
        clock.advance(1)
        replies.append(client.chat("hi", max_tokens=100))
    costs = [one.cost_usd for one in replies]
    assert costs == [Decimal("0.003"), Decimal("0.003"), Decimal("0.006")]
    planned = [one.plan.candidates[0].cost_usd for one in replies]
    assert planned[0] == planned[1] != planned[2]


def test_a_call_costs_what_the_tier_does_that_served_it() -> None:
    """Whole or streamed, awaited or not, the tier that the answer names is the one to be paid."""
    script: list[str | UsageReport] = ["a", UsageReport(USAGE, "priority")]
    price: PriceTable = {"input": 4, "output": 20, "tiers": {"priority": 2}}
    provider = ScriptedProvider(script)
    model = llmroute.model("m", use="scripted", provider=provider, price=price)

    async def awaited() -> llmroute.Reply:
        async with AsyncClient(models=[model]) as client:
            return await client.chat("hi")

    with Client(models=[model]) as client:
        with client.stream("hi") as stream:
            "".join(stream.text)
        replies = [client.chat("hi"), stream.reply, asyncio.run(awaited())]
    assert {one.attempts[0].service_tier for one in replies} == {"priority"}
    assert {one.cost_usd for one in replies} == {Decimal("0.012")}


def test_a_day_without_a_price_is_unknown() -> None:
    """A call with a limit of cost is refused on a day whose price nobody knows."""
    clock = VirtualClock(today=date(2020, 1, 1))
    provider = ScriptedProvider("a", usage=USAGE)
    model = llmroute.model("m", use="scripted", provider=provider, prices=PRICES[:1])
    with Client(models=[model], clock=clock) as client:
        assert client.plan("hi").candidates[0].cost_usd is None
        with pytest.raises(llmroute.NoCandidateError, match="no price is known"):
            client.chat("hi", max_cost_usd=1)
        assert client.chat("hi").cost_usd is None


def test_long_prompts_are_planned_at_their_own_rates() -> None:
    """A prompt over the limit of a cheap model makes the dearer one cheaper."""
    near = llmroute.model(
        "near",
        use="scripted",
        provider=ScriptedProvider("x"),
        price={
            "input": 1,
            "output": 1,
            "long_context": [{"above_tokens": 100, "input": 9, "output": 1}],
        },
    )
    flat = llmroute.model(
        "flat", use="scripted", provider=ScriptedProvider("x"), price={"input": 2, "output": 2}
    )
    policy = policies.best(policies.cost_usd)
    with Client(models=[near, flat], policy=policy) as client:
        short, long = client.plan("hi"), client.plan("word " * 2000)
    assert [plan.candidates[0].model.name for plan in (short, long)] == ["near", "flat"]
