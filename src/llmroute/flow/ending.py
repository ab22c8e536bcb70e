"""The errors that a call ends in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AllFailedError, DeadlineExceededError, StreamBrokenError

if TYPE_CHECKING:
    from llmroute.errors import LLMRouteError

    from .ledger import Ledger
    from .running import Running


def past_deadline(ledger: Ledger, summary: str, shown: Running | None) -> LLMRouteError:
    """There was no whole answer in time; `shown` is what a stream had shown by then."""
    attempts = ledger.attempts
    asked = dict.fromkeys(one.model.name for one in attempts if one.outcome == "cancelled")
    if asked:
        summary = f"{summary}; {', '.join(asked)} had not answered yet"
    return DeadlineExceededError(
        summary,
        plan=ledger.plan,
        attempts=attempts,
        partial=ledger.partial(shown) if shown else None,
    )


def gave_up(
    ledger: Ledger, summary: str, seam: Running | None, unaccepted: Running | None
) -> LLMRouteError:
    """Nobody is left to ask: a stream broke at its `seam`, else no attempt gave an answer."""
    plan, attempts = ledger.plan, ledger.attempts
    if seam is not None:
        partial = ledger.partial(seam)
        return StreamBrokenError(summary, plan=plan, attempts=attempts, partial=partial)
    kept = None if unaccepted is None else ledger.partial(unaccepted)
    return AllFailedError(summary, plan=plan, attempts=attempts, partial=kept)
