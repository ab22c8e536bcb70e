"""`llmroute chat`: one answer, streamed or as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.client.sync import Client
from llmroute.types.events import Reasoning, Restarted, Resumed, Text
from llmroute.types.requests import RESTARTING

from .arguments import options_of
from .questions import prompt_of, shape_of, talks
from .terminal import is_terminal, note, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from llmroute.client.sync import Stream
    from llmroute.types.reply import Attempt, Reply

    from .arguments import Arguments


def chat(arguments: Arguments) -> int:
    """Answer a question, or talk with whoever sits at the terminal."""
    policy = read_policy(arguments.policy)
    options = options_of(arguments, policy.hints)
    with Client(arguments.policy) as client:
        if talks(arguments):
            from .conversation import converse
            from .past import wanted
            from .session import Session

            names = [model.name for model in policy.models]
            return converse(Session(client, options, names), wanted(arguments.history))
        prompt, shape = prompt_of(arguments), shape_of(arguments)
        if arguments.json:
            write(as_json(describe(client.chat(prompt, output=shape, **options))))
            return 0
        void = options.get("on_break", policy.limits.on_break) in RESTARTING
        with client.stream(prompt, output=shape, **options) as stream:
            show(stream, [], hold=void and not is_terminal(sys.stdout))
            for line in about(stream.reply):
                note(line)
    return 0


def show(stream: Stream[object], shown: list[str], *, hold: bool = False) -> None:
    """Write an answer as it comes; `shown` collects it, `hold` keeps it back until it is whole.

    What went into a pipe cannot be taken back, so an answer that may begin anew is held.
    """
    thought = not is_terminal(sys.stderr)  # only who waits is told
    try:
        for event in stream:
            if isinstance(event, Text):
                shown.append(event.text)
                if not hold:
                    write(event.text)
            elif isinstance(event, Reasoning) and not thought:
                thought = True
                note("(thinking)")
            elif isinstance(event, Restarted | Resumed):
                _tell_break(event, shown, hold=hold)
        if hold:
            write("".join(shown))
            hold = False
    finally:
        _end_line(shown, hold=hold)


def _tell_break(event: Restarted | Resumed, shown: list[str], *, hold: bool) -> None:
    """Say who takes over, and forget what is void."""
    if isinstance(event, Restarted):
        _end_line(shown, hold=hold)
        shown.clear()
    how = "starts over" if isinstance(event, Restarted) else "goes on"
    note(f"(the stream broke; {event.model.name} {how})")


def _end_line(shown: list[str], *, hold: bool) -> None:
    if shown and not hold and not shown[-1].endswith("\n"):
        write("\n")


def about(reply: Reply[object]) -> list[str]:
    """Say in a few lines who answered, what it took, and why this model."""
    usage = reply.usage
    guess = "about " if usage.estimated else ""
    tokens = f"{guess}{usage.input_tokens} tokens in, {usage.output_tokens} out"
    cost = f"{dollars(reply)}; {reply.duration_s:.2f} s"
    lines = [f"{reply.model.name} ({reply.model.id}): {tokens}; {cost}", f"why: {reply.why}"]
    if reply.finish_reason == "length":
        lines.append("the answer was cut at its limit of tokens")
    if reply.refused:
        lines.append("the model refused to answer")
    return lines + [f"warning: {warning}" for warning in reply.warnings]


def dollars(reply: Reply[object]) -> str:
    """Write what a reply cost, exactly; a local model's machine is already paid for."""
    if reply.cost_usd is None:
        return "cost unknown"
    price = reply.model.price
    if not reply.cost_usd:
        return "$0 marginal" if price is not None and price.marginal else "$0"
    return f"${reply.cost_usd.normalize():f}"


def describe(reply: Reply[object]) -> Mapping[str, object]:
    """Make plain values of a reply, ready for JSON; money is a string."""
    return {
        "text": reply.text,
        "output": reply.output,
        "reasoning": reply.reasoning,
        "model": reply.model.name,
        "id": reply.model.id,
        "usage": asdict(reply.usage),
        "cost_usd": _money(reply.cost_usd),
        "finish_reason": reply.finish_reason,
        "refused": reply.refused,
        "duration_s": round(reply.duration_s, 3),
        "why": reply.why,
        "warnings": list(reply.warnings),
        "attempts": [_attempt(attempt) for attempt in reply.attempts],
    }


def as_json(value: Mapping[str, object]) -> str:
    """Write one JSON object, in ASCII, on one line, or for a person on several."""
    import json

    return json.dumps(value, indent=2 if is_terminal(sys.stdout) else None) + "\n"


def _money(cost: Decimal | None) -> str | None:
    return None if cost is None else str(cost)


def _attempt(attempt: Attempt) -> dict[str, object]:
    fault = attempt.fault
    return {
        "model": attempt.model.name,
        "outcome": attempt.outcome,
        "started_s": round(attempt.started_s, 3),
        "ended_s": round(attempt.ended_s, 3),
        "cost_usd": _money(attempt.cost_usd),
        "service_tier": attempt.service_tier,
        "fault": None if fault is None else {"kind": fault.kind, "reason": fault.reason},
    }
