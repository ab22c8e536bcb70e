"""What the tests of the test doubles share: a call to answer."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from llmroute.testing import VirtualClock
from llmroute.types.calls import Call, Cancel, Timer
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.models import Model
from llmroute.types.requests import Request

if TYPE_CHECKING:
    from llmroute.testing import ScriptedProvider
    from llmroute.types.calls import Clock
    from llmroute.types.events import ProviderEvent


def make_call(question: str = "hi", *, clock: Clock | None = None, ends_at: float = 1e9) -> Call:
    """Make a call that must give control back at `ends_at`."""
    return Call(
        id=1,
        model=Model("gpt", "test", "gpt", "scripted"),
        request=Request((Message.user(question),)),
        stream=True,
        limits=Limits(),
        clock=clock or VirtualClock(),
        deadline_at=math.inf,
        timer=Timer(ends_at),
        cancel=Cancel(),
        connect_s=5.0,
    )


def played(color: str, provider: ScriptedProvider, call: Call) -> list[ProviderEvent]:
    """Fold the events of one attempt, in the color asked for."""

    async def gather() -> list[ProviderEvent]:
        return [event async for event in provider.aevents(call)]

    return list(provider.events(call)) if color == "sync" else asyncio.run(gather())
