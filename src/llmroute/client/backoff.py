"""How long to wait after a failure: the application's choice, in the words of tenacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.flow.occurrences import exponential_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity.wait import wait_base

    Backoff = Callable[[int], float] | wait_base


def chance() -> float:
    """Draw a number from 0 to 1."""
    import random  # first needed after a failure

    return random.random()  # noqa: S311 - jitter is no secret


def waits(backoff: Backoff | None) -> Callable[[int], float]:
    """Make a function of the number of failures (from 1) to seconds; tenacity's waits included."""
    if backoff is None:
        return exponential_s
    if not type(backoff).__module__.startswith("tenacity"):
        return cast("Callable[[int], float]", backoff)
    wait = cast("wait_base", backoff)

    def seconds(failures: int) -> float:
        from tenacity import RetryCallState, Retrying

        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = failures
        return float(wait(state))

    return seconds
