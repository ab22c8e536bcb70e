"""A `Call` by hand, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from llmroute.driver.clock import SystemClock
from llmroute.types.calls import Call, Cancel, Timer
from llmroute.types.events import End, Opened, Progress, Reasoning, Text, ToolCallPart, UsageReport
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.models import Model, Weights
from llmroute.types.requests import Request, Sampling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Unpack

    from llmroute.types.events import ProviderEvent
    from llmroute.types.requests import ReasoningEffort
    from llmroute.types.tools import OutputSpec, Tool
    from llmroute.types.usage import Usage

CLOCK = SystemClock()
GREEDY = Sampling(temperature=0.0, max_tokens=16)


def model(
    file: Path | str,
    *,
    template: str | None = None,
    context_tokens: int | None = None,
    threads: int | None = 1,
    abilities: tuple[str, ...] = ("text", "tools", "json", "schema"),
) -> Model:
    """Declare a local model."""
    weights = Weights(str(file), template=template, threads=threads)
    return Model(
        "local",
        "llama-cpp",
        "test",
        "llama-cpp",
        local=True,
        weights=weights,
        context_tokens=context_tokens,
        abilities=frozenset(abilities),
    )


def call(
    of: Model,
    *messages: Message | str,
    sampling: Sampling = GREEDY,
    limit_s: float = 60.0,
    prefix: str = "",
) -> Call:
    """Ask `of`; strings are user messages."""
    said = tuple(Message.user(one) if isinstance(one, str) else one for one in messages)
    end = CLOCK.now() + limit_s
    return Call(
        id=1,
        model=of,
        request=Request(said, sampling),
        stream=True,
        limits=Limits(),
        clock=CLOCK,
        deadline_at=end,
        timer=Timer(end),
        cancel=Cancel(),
        connect_s=1.0,
        prefix=prefix,
    )


def asked(of: Call, **changes: Unpack[Changes]) -> Call:
    """The same call with more asked of it."""
    return of._replace(request=replace(of.request, **changes))


class Changes(TypedDict, total=False):
    """What `asked` changes of a request."""

    output: OutputSpec
    tools: tuple[Tool, ...]
    tool_choice: str
    reasoning: ReasoningEffort
    texts: tuple[str, ...]


class Answer(NamedTuple):
    """The fold of a provider's events."""

    text: str
    usage: Usage
    finish_reason: str
    calls: tuple[ToolCallPart, ...] = ()
    thoughts: str = ""


def fold(events: Iterable[ProviderEvent]) -> Answer:
    """Fold the events of one answer; they come as Opened, pieces..., UsageReport, End."""
    opened, *pieces, report, end = list(events)
    assert opened == Opened()
    assert isinstance(report, UsageReport)
    assert isinstance(end, End)
    assert all(isinstance(one, Text | Reasoning | ToolCallPart | Progress) for one in pieces)
    return Answer(
        "".join(one.text for one in pieces if isinstance(one, Text)),
        report.usage,
        end.finish_reason,
        tuple(one for one in pieces if isinstance(one, ToolCallPart)),
        "".join(one.text for one in pieces if isinstance(one, Reasoning)),
    )
