"""What a client remembers of answers, and what plans make of it."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

import llmroute
from llmroute.errors import AttemptError
from llmroute.health import Observations
from llmroute.testing import ScriptedProvider
from llmroute.types.observed import Observed, Predicted
from llmroute.types.plans import Candidate
from llmroute.types.reply import Attempt
from llmroute.types.usage import Usage
from tests.policies.helpers import remote

ANSWER = Attempt(
    1, remote(), "answered", 1.0, 4.0, first_token_s=2.0, usage=Usage(10, output_tokens=20)
)


def test_times_rise_at_once_and_fall_slowly() -> None:
    """A slower answer counts at once, a faster one by a fifth."""
    observations = Observations()
    observations.note(ANSWER, "code")
    assert observations.seen["far"] == Observed(1.0, 0.1, (("", 20.0), ("code", 20.0)), 1)
    observations.note(replace(ANSWER, ended_s=8.0, first_token_s=3.0), "code")
    slower = observations.seen["far"]
    assert (slower.first_token_s, slower.token_s) == (2.0, 0.25)
    observations.note(ANSWER, None)
    after = observations.seen["far"]
    assert after.first_token_s == pytest.approx(1.8)
    assert after.token_s == pytest.approx(0.22)
    assert after.answers == 3


def test_answers_without_tokens_tell_no_times() -> None:
    """An answer without tokens or without a first one counts, but tells nothing of their time."""
    observations = Observations()
    for bare in (
        replace(ANSWER, usage=None),
        replace(ANSWER, usage=Usage(10)),
        replace(ANSWER, first_token_s=None),
    ):
        observations.note(bare, None)
    assert observations.seen == {"far": Observed(answers=3)}


def test_failures_count_in_a_row_and_as_a_share() -> None:
    """Failures of upstream and model count; those of keys and requests, and cancels, do not."""
    observations = Observations()
    for kind in ("server_error", "bad_key", "context_length", "cut_short"):
        fault = AttemptError(kind, "it failed").fault
        observations.note(replace(ANSWER, outcome="failed", fault=fault), None)
    observations.note(replace(ANSWER, outcome="cancelled"), None)
    seen = observations.seen["far"]
    assert (seen.failures, seen.failures_in_a_row, seen.answers) == (2, 2, 0)
    assert seen.failure_share == pytest.approx(0.36)
    assert seen.first_token_s is None
    observations.note(ANSWER, None)
    seen = observations.seen["far"]
    assert (seen.failures, seen.failures_in_a_row, seen.answers) == (2, 0, 1)
    assert seen.failure_share == pytest.approx(0.288)


def test_predictions_carry_their_own_error() -> None:
    """Each answer is compared with what its candidate predicted, relative to the prediction."""
    observations = Observations()
    candidate = Candidate(ANSWER.model, Decimal("0.02"), 2.0)
    paid = replace(ANSWER, cost_usd=Decimal("0.01"))
    observations.note(paid, None, candidate)
    seen = observations.seen["far"]
    assert seen.latency_s == Predicted(2.0, 3.0, 0.5, 0.5, 1)
    assert seen.cost_usd == Predicted(0.02, 0.01, -0.5, 0.5, 1)
    observations.note(replace(paid, ended_s=2.0, cost_usd=None), None, candidate)
    seen = observations.seen["far"]
    assert seen.latency_s == pytest.approx(Predicted(2.0, 2.6, 0.3, 0.5, 2))
    assert seen.cost_usd is not None
    assert seen.cost_usd.answers == 1
    observations.note(paid, None, Candidate(ANSWER.model, Decimal(0), 0.0))
    assert observations.seen["far"].latency_s == seen.latency_s


def test_tokens_per_second_follow_from_their_time() -> None:
    """Tokens per second are the inverse of a token's time, and not known where that is 0."""
    assert Observed(token_s=0.05).tokens_per_s == pytest.approx(20)
    assert Observed(token_s=0.0).tokens_per_s is None
    assert Observed().tokens_per_s is None


def test_the_models_that_are_remembered_are_bounded() -> None:
    """Of more than a thousand models, those that were first seen longest ago are forgotten."""
    observations = Observations()
    for number in range(1003):
        model = replace(ANSWER.model, name=f"m{number}")
        observations.note(replace(ANSWER, model=model), None)
    assert len(observations.seen) == 1000
    assert "m2" not in observations.seen
    assert "m1002" in observations.seen


def test_a_snapshot_does_not_change() -> None:
    """What a plan was made from stays as it was while answers come in."""
    observations = Observations()
    before = observations.seen
    observations.note(ANSWER, None)
    assert before == {}


def test_plans_learn_from_answers_and_clients_share_nothing() -> None:
    """An answer's length is what the next plan expects, for the same client and its children."""
    declared = llmroute.model("m", use="own", provider=ScriptedProvider("one two three"))
    with llmroute.Client(models=[declared]) as client, llmroute.Client(models=[declared]) as other:
        assert client.plan("hi").candidates[0].output_tokens == 256
        client.chat("hi")
        learned = client.plan("hi").candidates[0]
        assert learned.output_tokens is not None
        assert learned.output_tokens < 20
        assert learned.latency_s is not None
        child = client.with_options(tags=["x"])
        assert child.plan("hi").candidates[0].output_tokens == learned.output_tokens
        assert other.plan("hi").candidates[0].output_tokens == 256


def test_attempts_under_way_are_counted_until_they_end() -> None:
    """An attempt is in flight from its start to its end, also of a stream that nobody closed."""
    declared = llmroute.model("m", use="own", provider=ScriptedProvider("one two three"))

    def in_flight() -> int:
        return client.record("hi").situation.observed["m"].in_flight

    with llmroute.Client(models=[declared]) as client:
        client.chat("hi")
        assert in_flight() == 0
        with client.stream("hi") as stream:
            next(stream)
            assert in_flight() == 1
            assert client.record("hi").situation.observed["m"].answers == 1
        assert in_flight() == 0
        dropped = client.stream("hi")
        next(dropped)
        assert in_flight() == 1
        del dropped
        gc.collect()
        assert in_flight() == 0


def test_threads_lose_no_observation() -> None:
    """Attempts that start and end in many threads are all counted."""
    observations = Observations()

    def work() -> None:
        for _ in range(500):
            observations.started(ANSWER.model)
            assert observations.seen["far"].in_flight
            observations.note(ANSWER, None)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert observations.seen["far"].answers == 2000
    assert observations.seen["far"].in_flight == 0
