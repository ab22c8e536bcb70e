"""How long to wait after a failure: the application's choice, in the words of tenacity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from .checks import wrong

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
        from llmroute.flow.occurrences import exponential_s  # loaded with the first call

        return exponential_s
    wait = _tenacity(backoff) if type(backoff).__module__.startswith("tenacity") else backoff
    return lambda failures: _checked(cast("Callable[[int], float]", wait)(failures))


def _tenacity(backoff: object) -> Callable[[int], float]:
    wait = cast("wait_base", backoff)

    def seconds(failures: int) -> float:
        from tenacity import RetryCallState, Retrying

        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = failures
        return wait(state)

    return seconds


def _checked(seconds: object) -> float:
    """What a back-off returned, in seconds; raises PolicyError when that is no time."""
    try:
        found = float(cast("float", seconds))
    except (TypeError, ValueError, OverflowError):
        found = -1.0
    if 0 <= found < math.inf:
        return found
    kind = type(seconds).__name__
    raise wrong("backoff", f"it must return seconds, 0 or more, it returned {kind}")
