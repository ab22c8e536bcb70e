"""What a client logs: names, times and kinds, never content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.logs import logger

if TYPE_CHECKING:
    from llmroute.types.reply import Attempt


def log_failure(attempt: Attempt) -> None:
    """Write one line at INFO: which attempt of which model failed, how, and when."""
    fault = attempt.fault
    logger("attempts").info(
        "attempt %d (%s) failed after %.3f s: %s",
        attempt.number,
        attempt.model.name,
        attempt.ended_s - attempt.started_s,
        fault.kind if fault else "",
    )
