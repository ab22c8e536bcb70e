"""Whether a whole answer counts: what the policy and the application say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.accept import Draft
from llmroute.types.messages import ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.accept import Accept
    from llmroute.types.events import End

    from .outcome import Answer
    from .running import Running


def check_end(end: End, accept: Accept) -> None:
    """Raise AttemptError when an answer came to an end that does not count."""
    if end.finish_reason == "content_filter" and not accept.filtered:
        raise AttemptError("content_filtered", "the provider's filter cut the answer off")
    if end.finish_reason == "length" and not accept.length:
        raise AttemptError("cut_at_length", "the answer was cut at its length limit")
    if end.refused and not accept.refusal:
        raise AttemptError("refusal", "the model refused to answer")


def check_draft(
    running: Running, end: End, answer: Answer, check: Callable[[Draft], str | bool | None]
) -> None:
    """Ask the application; raises AttemptError "not_accepted" with its reason."""
    reason = check(
        Draft(
            running.model,
            "".join(running.text),
            end.finish_reason,
            end.refused,
            tuple(part for part in answer.parts if isinstance(part, ToolCall)),
            answer.output,
        )
    )
    if reason is None or reason is True:
        return
    words = reason if isinstance(reason, str) and reason else "a check did not accept the answer"
    raise AttemptError("not_accepted", words)
