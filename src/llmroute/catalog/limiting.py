"""How much a model's upstream is asked at most: the table `limits` of a declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from llmroute.types.limits import RateLimits, WhenFull

if TYPE_CHECKING:
    from llmroute.errors.reading import Table

ELSEWHERE = {
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "max_parallel_requests": "in_flight",
    "max_concurrency": "in_flight",
    "concurrency": "in_flight",
}
"""What other tools call these limits, and what they are called here."""
LIMITING = ("in_flight", "requests_per_minute", "tokens_per_minute")


def read_rates(table: Table | None) -> RateLimits | None:
    """Read how much an upstream is asked at most; None when nothing is said."""
    if table is None:
        return None
    when_full = table.choice("when_full", get_args(WhenFull))
    found = RateLimits(
        in_flight=table.whole("in_flight", 1, 100_000),
        requests_per_minute=table.whole("requests_per_minute", 1, 1_000_000),
        tokens_per_minute=table.whole("tokens_per_minute", 1, 10_000_000_000),
        when_full=cast("WhenFull | None", when_full) or "wait",
    )
    if not set(LIMITING) & set(table.values):
        table.problem("", f"it limits nothing: it needs one of {', '.join(LIMITING)}")
    table.done(elsewhere=ELSEWHERE)
    return found
