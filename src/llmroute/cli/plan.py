"""`llmroute plan`: the choice, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.client.sync import Client

from .arguments import options_of
from .chat import as_json
from .failures import NO_MODEL
from .questions import prompt_of, shape_of
from .terminal import write

if TYPE_CHECKING:
    from .arguments import Arguments


def plan(arguments: Arguments) -> int:
    """Show the plan for a question; exit code 3 when no model may answer."""
    options = options_of(arguments, read_policy(arguments.policy).hints)
    with Client(arguments.policy) as client:
        choice = client.plan(prompt_of(arguments), output=shape_of(arguments), **options)
    write(as_json(choice.to_dict()) if arguments.json else f"{choice}\n")
    return 0 if choice.candidates else NO_MODEL
