"""What the client's tests share: one scenario, played in four ways."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import llmroute
from llmroute import AsyncClient, Client, Limits, policies
from llmroute.testing import ScriptedProvider, VirtualClock
from llmroute.types.events import Finish
from llmroute.types.prices import Price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.catalog import Declaration
    from llmroute.testing import Script
    from llmroute.types.events import Event
    from llmroute.types.reply import Attempt, Reply
    from llmroute.types.requests import OnBreak


UNREAD = Finish(cast("Any", None))
"""The last event, whatever its reply."""


class Scenario(NamedTuple):
    """Scripts by model, in order of trial, and what the call is made with."""

    scripts: Mapping[str, Sequence[Script]]
    limits: Limits = Limits()
    on_break: OnBreak = "raise"


class Played(NamedTuple):
    """What a caller saw: events, text or error, and each attempt as (model, outcome, fault)."""

    events: tuple[Event, ...]
    text: str | None
    error: str | None
    attempts: tuple[tuple[str, str, str | None], ...]
    seconds: float


def declared(scenario: Scenario) -> tuple[list[Declaration], list[ScriptedProvider]]:
    """Fresh models and providers for a scenario."""
    providers = [ScriptedProvider(*scripts) for scripts in scenario.scripts.values()]
    price = Price(Decimal(1), Decimal(2))
    models = [
        llmroute.model(name, use="scripted", provider=provider, price=price)
        for name, provider in zip(scenario.scripts, providers, strict=True)
    ]
    return models, providers


def attempts_of(attempts: Sequence[Attempt]) -> tuple[tuple[str, str, str | None], ...]:
    """Attempts without their times."""
    return tuple(
        (one.model.name, one.outcome, one.fault.kind if one.fault else None) for one in attempts
    )


def _played(
    events: list[Event], end: Reply | llmroute.LLMRouteError, clock: VirtualClock
) -> Played:
    shown = tuple(UNREAD if isinstance(event, Finish) else event for event in events)
    if isinstance(end, llmroute.LLMRouteError):
        attempts = attempts_of(getattr(end, "attempts", ()))
        return Played(shown, None, type(end).__name__, attempts, round(clock.now(), 3))
    return Played(shown, end.text, None, attempts_of(end.attempts), round(clock.now(), 3))


def play_sync(scenario: Scenario, *, stream: bool) -> Played:
    """Play a scenario with `Client`."""
    clock = VirtualClock()
    models, _ = declared(scenario)
    policy = policies.order(*scenario.scripts)
    events: list[Event] = []
    with Client(
        policy, models=models, clock=clock, limits=scenario.limits, backoff=steady
    ) as client:
        try:
            if not stream:
                return _played(events, client.chat("hi"), clock)
            with client.stream("hi", on_break=scenario.on_break) as answer:
                events.extend(answer)
                return _played(events, answer.reply, clock)
        except llmroute.LLMRouteError as error:
            return _played(events, error, clock)


def play_async(scenario: Scenario, *, stream: bool) -> Played:
    """Play a scenario with `AsyncClient`."""
    return asyncio.run(_play_async(scenario, stream=stream))


async def _play_async(scenario: Scenario, *, stream: bool) -> Played:
    clock = VirtualClock()
    models, _ = declared(scenario)
    policy = policies.order(*scenario.scripts)
    events: list[Event] = []
    async with AsyncClient(
        policy, models=models, clock=clock, limits=scenario.limits, backoff=steady
    ) as client:
        try:
            if not stream:
                return _played(events, await client.chat("hi"), clock)
            async with client.stream("hi", on_break=scenario.on_break) as answer:
                async for event in answer:
                    events.append(event)  # noqa: PERF401 - what came before an error counts
                return _played(events, answer.reply, clock)
        except llmroute.LLMRouteError as error:
            return _played(events, error, clock)


def steady(failures: int) -> float:
    """No wait at all, so that jitter draws nothing and all four ways take the same time."""
    return 0.0 * failures
