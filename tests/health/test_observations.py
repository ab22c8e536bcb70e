"""What a client remembers of answers, and what plans make of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import llmroute
from llmroute.health import Observations
from llmroute.testing import ScriptedProvider
from llmroute.types.plans import Observed
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


def test_only_answers_tell() -> None:
    """Attempts that failed or were cancelled, or said nothing, are not observed."""
    observations = Observations()
    for wrong in (
        replace(ANSWER, outcome="failed"),
        replace(ANSWER, outcome="cancelled"),
        replace(ANSWER, usage=None),
        replace(ANSWER, usage=Usage(10)),
        replace(ANSWER, first_token_s=None),
    ):
        observations.note(wrong, None)
    assert observations.seen == {}


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
