"""What can happen to a call; the driver reports it to the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.health.admission import OPEN, nobody
from llmroute.types.accept import ACCEPT
from llmroute.types.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.errors import AttemptError
    from llmroute.health.admission import Gate
    from llmroute.types.accept import Accept
    from llmroute.types.events import (
        End,
        Progress,
        Reasoning,
        ReasoningEnd,
        Text,
        ToolCallPart,
        Vectors,
    )
    from llmroute.types.plans import Plan
    from llmroute.types.requests import OnBreak, Request
    from llmroute.types.usage import Usage

    Shown = Text | Reasoning | ToolCallPart
    Content = Shown | ReasoningEnd | Progress | Vectors


def exponential_s(failures: int) -> float:
    """Seconds to wait after the n-th failure: 0.5, 1, 2, 4, 8, 8, ... before jitter."""
    return min(8.0, 0.5 * 2.0 ** min(failures - 1, 10))


def certain() -> float:
    """Draw the highest chance: no jitter."""
    return 1.0


class Snapshot(NamedTuple):
    """What a call is run with.

    `backoff_s` gives the seconds to wait after the n-th failure (counted from 1) of one model;
    half of it is jitter, drawn from `chance`, which returns a number from 0 to 1. `gate` lets each
    attempt begin, or says why not. `accept` says which answers count. `hedge_s` is after how many
    seconds without content the next candidate starts beside the first one; None: never.
    """

    limits: Limits = Limits()
    stream: bool = False
    on_break: OnBreak = "raise"
    backoff_s: Callable[[int], float] = exponential_s
    chance: Callable[[], float] = certain
    gate: Gate = OPEN
    accept: Accept = ACCEPT
    hedge_s: float | None = None


class Begin(NamedTuple):
    """The call begins; the deadline runs from here.

    Answers are held against the tools and the output of `request`; None asks for nothing special.
    `wake` makes the driver report a Tick soon; it may be called from any thread, and returns False
    once the call is over.
    """

    plan: Plan
    snapshot: Snapshot
    request: Request | None = None
    wake: Callable[[], bool] = nobody


class Opened(NamedTuple):
    """The upstream of attempt `id` took the request."""

    id: int


class Got(NamedTuple):
    """Attempt `id` yielded content; `size` is its length in characters."""

    id: int
    event: Content
    size: int


class Used(NamedTuple):
    """Attempt `id` has reported what it used so far; only a race needs to know it at once."""

    id: int
    usage: Usage
    service_tier: str | None = None


class Ended(NamedTuple):
    """Attempt `id` is complete; `usage` of None means that the provider reported none.

    `service_tier` is the tier that it says it served at; None: it names none.
    """

    id: int
    end: End
    usage: Usage | None = None
    service_tier: str | None = None


class Failed(NamedTuple):
    """Attempt `id` is over, without an answer; `usage` and `service_tier` likewise."""

    id: int
    error: AttemptError
    usage: Usage | None = None
    service_tier: str | None = None


class Tick(NamedTuple):
    """Time has passed."""


class Wanted(NamedTuple):
    """The caller pulls: limits between tokens do not run while the caller thinks."""


TICK = Tick()
WANTED = Wanted()
"""They say nothing but that they happen: one of each will do."""


class Abandoned(NamedTuple):
    """The caller left."""

    why: str


class Closing(NamedTuple):
    """The client is being closed."""


Occurrence = Begin | Opened | Got | Used | Ended | Failed | Tick | Wanted | Abandoned | Closing
