"""Where a stream broke: whether another model may go on from the text that was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.tokens import expected_tokens

if TYPE_CHECKING:
    from llmroute.types.faults import Fault
    from llmroute.types.requests import OnBreak

    from .running import Running


LEAST_TOKENS = 16
"""How many tokens must be left of `max_tokens` for it to be worth to go on."""


def may_go_on(
    running: Running, fault: Fault, on_break: OnBreak, max_tokens: int | None = None
) -> bool:
    """Whether the text stands: the upstream broke off, or the length did; no tool was asked for.

    An endless text, one that was filtered, refused or not accepted has nothing to go on from, and
    one that is as long as `max_tokens` asks for is not made longer.
    """
    if on_break not in {"continue", "continue_or_restart"} or running.asked:
        return False
    if fault.kind == "cut_at_length":
        said = expected_tokens("".join(running.text))
        return max_tokens is None or said + LEAST_TOKENS <= max_tokens
    return fault.remedy.blame in {"upstream", "key"} and fault.kind != "too_long"
