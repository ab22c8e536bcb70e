"""Where a stream broke: whether another model may go on from the text that was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.faults import Fault
    from llmroute.types.requests import OnBreak

    from .running import Running


def may_go_on(running: Running, fault: Fault, on_break: OnBreak) -> bool:
    """Whether the text stands: the upstream broke off, or the length did; no tool was asked for.

    An endless text, one that was filtered, refused or not accepted has nothing to go on from.
    """
    if on_break not in {"continue", "continue_or_restart"} or running.asked:
        return False
    if fault.kind == "cut_at_length":
        return True
    return fault.remedy.blame in {"upstream", "key"} and fault.kind != "too_long"
