"""`llmroute plan`: the choice, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.client.sync import Client

from .arguments import options_of
from .chat import as_json
from .failures import NO_MODEL
from .questions import prompt_of, shape_of
from .terminal import note, write

if TYPE_CHECKING:
    from llmroute.types.plans import Plan

    from .arguments import Arguments


def plan(arguments: Arguments) -> int:
    """Show the plan for a question; exit code 3 when no model may answer."""
    if arguments.replay is not None:
        from .replay import replay

        return replay(arguments, arguments.replay)
    options = options_of(arguments, read_policy(arguments.policy).hints)
    with Client(arguments.policy) as client:
        if arguments.record is None:
            choice = client.plan(prompt_of(arguments), output=shape_of(arguments), **options)
        else:
            kept = client.record(prompt_of(arguments), output=shape_of(arguments), **options)
            kept.save(arguments.record)
            note(f"{arguments.record} holds the question and the decision; only you can read it")
            choice = kept.plan
    return show(choice, as_values=arguments.json)


def show(choice: Plan, *, as_values: bool) -> int:
    """Write a plan, and return the exit code for it."""
    write(as_json(choice.to_dict()) if as_values else f"{choice}\n")
    return 0 if choice.candidates else NO_MODEL
