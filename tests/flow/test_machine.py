"""The flow turned by hand: no clock, no sleep, no provider."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from llmroute.errors import (
    AllFailedError,
    AttemptError,
    ClosedError,
    DeadlineExceededError,
    StreamBrokenError,
)
from llmroute.flow import occurrences as on
from llmroute.types.accept import Accept
from llmroute.types.events import End, Progress, Restarted, Text, UsageReport
from llmroute.types.frozen import replace
from llmroute.types.limits import Limits
from llmroute.types.models import Model
from llmroute.types.prices import FREE, Price
from llmroute.types.usage import Usage
from tests.flow.harness import PRICE, UNREAD, Crank, remote


def test_answer_is_shown_then_finished() -> None:
    """A stream shows its pieces, one usage report and one finish, in this order."""
    crank = Crank(remote("a"))
    crank.feed(on.Opened(1), at=0.1)
    crank.text("Hel", at=0.2)
    crank.text("lo", at=0.3)
    crank.end(at=0.4, usage=Usage(7, 2))

    assert crank.shown == [Text("Hel"), Text("lo"), UsageReport(Usage(7, 2)), UNREAD]
    assert crank.reply is not None
    assert crank.reply.text == "Hello"
    assert crank.reply.cost_usd == Decimal("0.000027")
    assert not crank.reply.fell_back
    attempt = crank.reply.attempts[0]
    assert (attempt.opened_s, attempt.first_token_s, attempt.ended_s) == (0.1, 0.2, 0.4)


def at_tier(price: Price | None, tier: str | None) -> Model:
    """A model that is asked at a tier, and costs so much there."""
    return replace(remote("a"), price=price, service_tier=tier)


TIERED = Price(Decimal(1), Decimal(10), tiers=(("priority", Decimal(2)), ("flex", Decimal("0.5"))))
SERVED = [
    (at_tier(TIERED.at_tier("priority"), "priority"), "priority", "0.00006"),
    (at_tier(TIERED.at_tier("priority"), "priority"), "default", "0.00003"),
    (at_tier(TIERED.at_tier("priority"), "priority"), "flex", "0.000015"),
    (at_tier(TIERED.at_tier("priority"), "priority"), "scale", "0.00006"),
    (at_tier(TIERED.at_tier("priority"), "priority"), None, "0.00006"),
    (at_tier(TIERED, None), "priority", "0.00006"),
    (at_tier(TIERED, None), "default", "0.00003"),
    (at_tier(PRICE, "priority"), "default", "0.00003"),  # declared beside the tier
]


@pytest.mark.parametrize(("model", "served", "usd"), SERVED)
def test_an_attempt_costs_what_its_tier_does(model: Model, served: str | None, usd: str) -> None:
    """The tier that the provider says it served at is priced, where its price is known."""
    crank = Crank(model)
    crank.text("Hi")
    crank.feed(on.Ended(1, End("stop"), Usage(10, 2), served))

    assert crank.shown[1] == UsageReport(Usage(10, 2), served)
    assert crank.reply is not None
    assert crank.reply.attempts[0].service_tier == served
    assert crank.reply.cost_usd == crank.reply.attempts[0].cost_usd == Decimal(usd)


def test_a_broken_attempt_costs_what_its_tier_does() -> None:
    """What a stream used before it broke is priced at its tier as well."""
    crank = Crank(at_tier(TIERED.at_tier("priority"), "priority"))
    crank.text("Hi")
    error = AttemptError("cut_short", "scripted")
    crank.feed(on.Failed(1, error, Usage(10, 2), "default"))

    assert isinstance(crank.error, StreamBrokenError)
    assert crank.error.partial is not None
    assert crank.error.partial.cost_usd == Decimal("0.00003")


def test_whole_answers_emit_nothing() -> None:
    """A whole answer emits no events: the reply is all there is."""
    crank = Crank(remote("a"), stream=False)
    crank.text("Hello")
    crank.end()

    assert crank.events == []
    assert crank.reply is not None
    assert crank.reply.text == "Hello"


def test_missing_usage_is_estimated_and_marked() -> None:
    """A reply without reported usage carries an estimate that says so."""
    crank = Crank(remote("a"))
    crank.text("Hello there, how are you today?")
    crank.end()

    assert crank.reply is not None
    assert crank.reply.usage.estimated
    assert crank.reply.usage.input_tokens == 100
    assert crank.reply.usage.output_tokens > 3


def test_silent_switch_before_the_first_content() -> None:
    """A failure before the first content is not shown: the next candidate answers."""
    crank = Crank(remote("a"), remote("b"))
    crank.feed(on.Opened(1))
    crank.fail("server_error")
    crank.text("B")
    crank.end()

    assert crank.started == ["a", "b"]
    assert crank.shown[0] == Text("B")
    assert crank.reply is not None
    assert crank.reply.fell_back
    assert [attempt.outcome for attempt in crank.reply.attempts] == ["failed", "answered"]
    assert "a failed: scripted server_error" in crank.reply.why


def test_broken_stream_raises_with_the_partial_reply() -> None:
    """After content was shown, on_break="raise" ends with what was shown; nobody else is asked."""
    crank = Crank(remote("a"), remote("b"))
    crank.feed(on.Opened(1))
    crank.text("Once upon")
    crank.fail("cut_short")

    assert crank.started == ["a"]
    assert isinstance(crank.error, StreamBrokenError)
    assert crank.error.partial.text == "Once upon"
    assert crank.error.partial.usage.estimated
    assert crank.error.attempts[0].cost_usd is not None


def test_restart_shows_one_seam() -> None:
    """on_break="restart" shows one Restarted, right before the next model's first content."""
    crank = Crank(remote("a"), remote("b"), remote("c"), on_break="restart")
    crank.text("Once upon")
    crank.fail("cut_short")
    crank.fail("server_error")
    crank.text("In the beginning")
    crank.end()

    assert crank.shown[:3] == [
        Text("Once upon"),
        Restarted(remote("c"), "Once upon"),
        Text("In the beginning"),
    ]
    assert crank.reply is not None
    assert crank.reply.text == "In the beginning"


def test_restart_that_ends_without_content_still_shows_the_seam() -> None:
    """An empty answer after a break voids what was shown, if empty ones count."""
    crank = Crank(remote("a"), remote("b"), on_break="restart", accept=Accept(empty=True))
    crank.text("Once")
    crank.fail("cut_short")
    crank.end()

    assert crank.shown[1] == Restarted(remote("b"), "Once")


def test_restart_without_anyone_left_breaks() -> None:
    """When no model can take over, a broken stream is a broken stream."""
    crank = Crank(remote("a"), on_break="restart", limits=Limits(attempts_per_model=1))
    crank.text("Once")
    crank.fail("cut_short")

    assert isinstance(crank.error, StreamBrokenError)
    assert crank.error.partial.text == "Once"


def test_same_model_only_when_no_other_is_left() -> None:
    """A retryable failure goes to the next candidate first, then waits and comes back."""
    crank = Crank(remote("a"), remote("b"))
    crank.fail("server_error", at=1.0)
    crank.fail("model_not_found", at=1.2)

    assert crank.started == ["a", "b"]
    assert crank.wake_at == 1.5
    crank.feed(on.Tick(), at=1.5)
    assert crank.started == ["a", "b", "a"]


def test_backoff_grows_and_is_jittered() -> None:
    """The wait is 0.5 s after the first failure, 1 s after the second, halved by low chance."""
    for chance, expected in ((1.0, [0.5, 1.5]), (0.0, [0.25, 0.75])):
        crank = Crank(remote("a"), chance=chance)
        crank.fail("server_error", at=0.0)
        assert crank.wake_at == expected[0]
        crank.feed(on.Tick(), at=crank.wake_at)
        crank.fail("server_error")
        assert crank.wake_at == expected[1]


def test_attempts_per_model_is_kept() -> None:
    """One model is tried three times at most; then every attempt is in the error."""
    crank = Crank(remote("a"))
    for _ in range(3):
        crank.fail("server_error")
        crank.feed(on.Tick(), at=crank.wake_at)

    assert isinstance(crank.error, AllFailedError)
    assert len(crank.error.attempts) == 3
    assert crank.error.remedy.next == "same"


def test_retry_after_is_never_undercut() -> None:
    """A model that asked for 7 s is not called before them."""
    crank = Crank(remote("a"))
    crank.fail("rate_limit", at=1.0, wait_s=7.0)
    assert crank.wake_at == 8.0
    crank.feed(on.Tick(), at=7.9)
    assert crank.started == ["a"]
    crank.feed(on.Tick(), at=8.0)
    assert crank.started == ["a", "a"]


def test_retry_after_past_the_deadline_fails_at_once() -> None:
    """Nobody waits for a model that asked for more than the time left."""
    crank = Crank(remote("a"), limits=Limits(deadline_s=10))
    crank.fail("rate_limit", at=1.0, wait_s=3600.0)

    assert isinstance(crank.error, AllFailedError)
    assert "past the deadline" in str(crank.error)


@pytest.mark.parametrize("kind", ["quota_exhausted", "bad_key", "payment_required"])
def test_key_faults_spare_only_the_same_key_on_the_same_origin(kind: str) -> None:
    """A refused key bars its origin's other models, not the same origin under another key."""
    crank = Crank(
        remote("a", "https://one", "ONE"),
        remote("b", "https://one", "ONE"),
        remote("c", "https://one", "TWO"),
    )
    crank.fail(kind)
    crank.text("C")
    crank.end()

    assert crank.started == ["a", "c"]


def test_a_forbidden_model_does_not_spare_the_others_of_its_key() -> None:
    """A key that may not use one model may use another one: it is asked in the same call."""
    crank = Crank(remote("a", "https://one", "ONE"), remote("b", "https://one", "ONE"))
    crank.fail("forbidden")
    crank.text("B")
    crank.end()

    assert crank.started == ["a", "b"]


@pytest.mark.parametrize("kind", ["connect", "dns", "tls", "connect_timeout"])
def test_connect_faults_spread_to_the_origin(kind: str) -> None:
    """A host that cannot be reached is not asked again for another model while others are left."""
    crank = Crank(remote("a", "https://one"), remote("b", "https://one"), remote("c"))
    crank.fail(kind)

    assert crank.started == ["a", "c"]


def test_connect_faults_are_retried_when_nobody_else_is_left() -> None:
    """A lone model whose host refused is tried again after the back-off."""
    crank = Crank(remote("a"))
    crank.fail("connect")
    crank.feed(on.Tick(), at=crank.wake_at)

    assert crank.started == ["a", "a"]


def test_context_length_moves_only_to_a_larger_window() -> None:
    """A prompt that did not fit goes on to larger or unknown windows only."""
    crank = Crank(
        remote("a", window=4096),
        remote("small", window=2048),
        remote("equal", window=4096),
        remote("unknown"),
        remote("large", window=8192),
    )
    crank.fail("context_length")
    crank.fail("server_error")

    assert crank.started == ["a", "unknown", "large"]


def test_a_share_of_the_deadline_while_others_are_left() -> None:
    """Three hanging models share a deadline of 1 s in thirds, and it ends in a typed error."""
    crank = Crank(*map(remote, "abc"), stream=False, limits=Limits(deadline_s=1.0))
    moments: list[float] = []
    while crank.error is None:
        moments.append(round(crank.wake_at, 3))
        crank.feed(on.Tick(), at=crank.wake_at)

    assert moments == [0.333, 0.667, 1.0]
    assert isinstance(crank.error, DeadlineExceededError)
    assert isinstance(crank.error, TimeoutError)
    assert crank.cancelled == [1, 2, 3]
    kinds = [one.fault.kind if one.fault else None for one in crank.error.attempts]
    assert kinds == ["answer_timeout", "answer_timeout", None]


def test_first_token_limits() -> None:
    """A stream waits 15 s for the first token while another is left, 60 s for the last."""
    crank = Crank(remote("a"), remote("b"), limits=Limits(deadline_s=600))
    assert crank.wake_at == 15.0
    crank.feed(on.Tick(), at=15.0)
    assert crank.started == ["a", "b"]
    assert crank.wake_at == 75.0


def test_local_models_have_time_to_load() -> None:
    """The default first-token limit is not put on a local model, which may have to load first."""
    local = Model("l", "llama-cpp", "l", "llama-cpp", local=True, price=FREE)
    crank = Crank(local, remote("b"), limits=Limits(deadline_s=600))

    assert crank.wake_at == 300.0


def test_connect_limits() -> None:
    """Connecting may take 2 s while another is left, 5 s for the last, or what is declared."""
    crank = Crank(remote("a"), remote("b"))
    assert crank.start is not None
    assert crank.start.connect_s == 2.0
    crank.fail("connect")
    assert crank.start.connect_s == 5.0
    crank = Crank(remote("a"), limits=Limits(connect_s=1.5))
    assert crank.start is not None
    assert crank.start.connect_s == 1.5


def test_between_tokens_counts_from_the_callers_pull() -> None:
    """While the caller thinks, no limit but the deadline runs."""
    crank = Crank(remote("a"), limits=Limits(between_tokens_s=5.0))
    crank.text("one", at=1.0)
    crank.feed(on.Wanted(), at=50.0)
    assert crank.wake_at == 55.0
    crank.feed(on.Tick(), at=55.0)

    assert isinstance(crank.error, StreamBrokenError)
    assert crank.error.attempts[0].fault is not None
    assert crank.error.attempts[0].fault.kind == "stalled"


def test_deadline_in_mid_stream_keeps_what_was_shown() -> None:
    """A deadline that passes in mid-stream ends with the partial reply."""
    crank = Crank(remote("a"), limits=Limits(deadline_s=2.0))
    crank.text("Once", at=1.0)
    crank.feed(on.Tick(), at=2.0)

    assert isinstance(crank.error, DeadlineExceededError)
    assert crank.error.partial is not None
    assert crank.error.partial.text == "Once"


def test_interrupted_by_its_timer_is_the_limit_that_ran_out() -> None:
    """A provider that notices its timer first ends like one that was told by a tick."""
    crank = Crank(remote("a"), remote("b"), limits=Limits(deadline_s=600))
    crank.fail("interrupted", at=15.0)

    assert crank.started == ["a", "b"]
    assert crank.records == [(1, "failed", "first_token_timeout")]


def test_late_ends_are_recorded_once() -> None:
    """A cancelled attempt is recorded when its end is reported, with what it used by then."""
    crank = Crank(remote("a"), remote("b"), limits=Limits(deadline_s=600))
    crank.feed(on.Tick(), at=15.0)
    assert crank.records == []
    crank.feed(on.Got(1, Text("late"), 4))
    assert crank.events == []
    crank.feed(on.Failed(1, _interrupted()))
    assert crank.records == [(1, "failed", "first_token_timeout")]


def test_abandoned_cancels_and_says_nothing() -> None:
    """When the caller leaves, the attempt is cancelled and nothing more is shown."""
    crank = Crank(remote("a"))
    crank.text("one")
    crank.feed(on.Abandoned("left"))

    assert crank.cancelled == [1]
    assert crank.error is None
    assert crank.feed(on.Tick(), at=1000.0) == ()


def test_closing_ends_in_a_typed_error() -> None:
    """Closing the client cancels the attempt and fails the call."""
    crank = Crank(remote("a"))
    crank.feed(on.Closing())

    assert crank.cancelled == [1]
    assert isinstance(crank.error, ClosedError)


def test_cost_covers_every_attempt() -> None:
    """What a failed attempt has used is in the reply's cost."""
    crank = Crank(remote("a"), remote("b"))
    crank.feed(on.Opened(1))
    crank.fail("server_error", usage=Usage(1000, 0))
    crank.text("B")
    crank.end(usage=Usage(0, 100))

    assert crank.reply is not None
    assert crank.reply.cost_usd == Decimal("0.002")


def test_no_candidate_is_asked_more_often_than_allowed() -> None:
    """Whatever fails in whatever order, each model is tried three times at most and it ends."""
    kinds = ["server_error", "rate_limit", "connect", "context_length", "bad_key", "cut_short"]
    for first, second, third in itertools.product(kinds, repeat=3):
        crank = Crank(remote("a", window=10), remote("b", window=20), on_break="restart")
        cycle = itertools.cycle([first, second, third])
        for _ in range(40):
            if crank.error is not None:
                break
            if len(crank.started) > len(crank.records):
                crank.fail(next(cycle))
            else:
                crank.feed(on.Tick(), at=crank.wake_at)
        assert crank.error is not None
        assert max(crank.started.count(name) for name in "ab") <= 3


def _interrupted() -> AttemptError:
    return AttemptError("interrupted", "cancelled")


def test_progress_is_content_that_shows_nothing() -> None:
    """What cannot be shown yet ends the wait for the first token, and moves the next limit on."""
    crank = Crank(remote("a"), limits=Limits(first_token_s=3, between_tokens_s=2))
    for second in range(1, 9):
        crank.feed(on.Got(1, Progress(), 1), at=second)
        assert crank.wake_at == second + 2
    crank.text("A", at=9)
    crank.end(at=9)

    assert crank.shown[0] == Text("A")
    assert crank.reply is not None
    assert crank.reply.attempts[0].first_token_s == 1
