"""How long callers waited: what counts, what is kept, and which share waits longer."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from llmroute.errors import AttemptError
from llmroute.health import Observations
from llmroute.health.waits import LEAST, MOST, Waits, wait_s
from llmroute.types.reply import Attempt
from tests.policies.helpers import remote

ANSWERED = Attempt(1, remote(), "answered", 1.0, 4.0, first_token_s=2.0)
CANCELLED = Attempt(1, remote(), "cancelled", 1.0, 4.0)


def failed(kind: str, first_token_s: float | None = None) -> Attempt:
    """An attempt that failed so."""
    fault = AttemptError(kind, "it failed").fault
    return replace(CANCELLED, outcome="failed", fault=fault, first_token_s=first_token_s)


@pytest.mark.parametrize(
    ("attempt", "stream", "hedge_s", "expected_s"),
    [
        (ANSWERED, True, None, 1.0),
        (ANSWERED, False, None, 3.0),
        (failed("stalled", 2.0), True, None, 1.0),
        (replace(CANCELLED, first_token_s=2.0), True, None, 1.0),
        (failed("first_token_timeout"), True, None, 3.0),
        (failed("answer_timeout"), False, None, 3.0),
        (CANCELLED, True, 2.0, 3.0),
        (CANCELLED, False, 3.0, 3.0),
        (replace(CANCELLED, first_token_s=2.0), False, 2.0, 3.0),
        (replace(ANSWERED, first_token_s=None), True, None, None),
        (CANCELLED, False, 3.5, None),
        (CANCELLED, True, None, None),
        (failed("server_error"), True, 2.0, None),
        (failed("cut_short", 2.0), False, 2.0, None),
        (replace(ANSWERED, number=2), True, 2.0, None),
    ],
)
def test_what_tells_of_a_wait(
    attempt: Attempt, hedge_s: float | None, expected_s: float | None, *, stream: bool
) -> None:
    """First content, a whole answer, and silence that outlived the hedge tell of a call's first."""
    assert wait_s(attempt, hedge_s, stream=stream) == expected_s


def test_percentiles_are_known_from_twenty_on() -> None:
    """The 19 quickest of 20 lie below the one that stands for 95 of 100; fewer tell nothing."""
    waits = Waits()
    for number in range(LEAST - 1):
        waits.take(float(number))
        assert waits.percentile(50) is None
    waits.take(19.0)
    assert [waits.percentile(percent) for percent in (50, 95, 99.9)] == [10.0, 19.0, 19.0]


def test_the_last_two_hundred_count() -> None:
    """What is older than 200 waits counts no more, also where waits are equal."""
    waits, chance = Waits(), Random(1)  # noqa: S311 - a test is no secret
    last: list[float] = []
    for _ in range(5 * MOST):
        last.append(float(chance.randrange(30)))
        waits.take(last[-1])
        kept = sorted(last[-MOST:])
        if len(kept) == MOST:
            assert waits.percentile(95) == kept[190]
            assert waits.percentile(50) == kept[100]


@pytest.mark.parametrize("percent", [50.0, 90.0, 95.0, 99.0])
def test_races_do_not_bring_the_moment_forward(percent: float) -> None:
    """As many are hedged as was said, though losers are cancelled, and tell only that they last."""
    waits, chance = Waits(), Random(2)  # noqa: S311 - a test is no secret
    hedged, count = 0, 20_000
    for _ in range(count):
        took_s, hedge_s = chance.lognormvariate(0, 1), waits.percentile(percent)
        late = hedge_s is not None and took_s > hedge_s
        hedged += late
        waits.take(took_s if hedge_s is None else min(took_s, hedge_s + 0.3))
    assert hedged / count == pytest.approx(1 - percent / 100, abs=0.02)


def test_kinds_and_upstreams_are_apart() -> None:
    """Streams, whole answers and models are learned by themselves, anew for another upstream."""
    observations = Observations()
    near, far = remote("near"), remote()
    for _ in range(LEAST):
        observations.waited(far, 1.0, stream=True)
        observations.waited(far, 3.0, stream=False)
    assert observations.wait_s(far, 95, stream=True) == 1.0
    assert observations.wait_s(far, 95, stream=False) == 3.0
    assert observations.wait_s(near, 95, stream=True) is None
    moved = replace(far, upstream_id="another", endpoint=None)
    assert observations.wait_s(moved, 95, stream=True) is None
