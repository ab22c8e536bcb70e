"""[models.NAME.limits]: read, refused with the nearest word, and the same in Python."""

from __future__ import annotations

import pytest

import llmroute
from llmroute.catalog import resolve
from llmroute.errors import PolicyError
from llmroute.policies.files import loads_policy
from llmroute.policies.records import model_data, model_of
from llmroute.types.limits import RateLimits

HEAD = 'version = 1\n[models.gpt]\nuse = "openai/gpt-6.1-terra"\n[models.gpt.limits]\n'
ALL = "in_flight = 8\nrequests_per_minute = 500\ntokens_per_minute = 200_000\nwhen_full = 'next'\n"


def test_limits_are_those_of_the_model() -> None:
    """A file and Python make the same model, and a record keeps its limits."""
    model = loads_policy(HEAD + ALL).models[0]
    assert model.limits == RateLimits(8, 500, 200_000, "next")
    in_code = llmroute.model(
        "gpt",
        use="openai/gpt-6.1-terra",
        limits={
            "in_flight": 8,
            "requests_per_minute": 500,
            "tokens_per_minute": 200_000,
            "when_full": "next",
        },
    )
    assert resolve(in_code) == model
    assert model_of(model_data(model)) == model


def test_what_is_not_said_is_no_limit() -> None:
    """Limits that are left out do not hold, and calls wait unless it is said that they go on."""
    assert loads_policy(HEAD + "in_flight = 1").models[0].limits == RateLimits(in_flight=1)
    assert loads_policy(HEAD.rpartition("[")[0]).models[0].limits is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("in_flight = 0", "gpt.limits.in_flight: it must"),
        ("in_flight = 1.5", "gpt.limits.in_flight: it must"),
        ("requests_per_minute = -1", "gpt.limits.requests_per_minute: it must"),
        ('tokens_per_minute = "many"', "gpt.limits.tokens_per_minute: it must"),
        ("in_flight = 1\nwhen_full = 'fail'", "gpt.limits.when_full"),
        ("in_flight = 1\nrpm = 5", "requests_per_minute"),
        ("in_flight = 1\nin_flihgt = 5", "Did you mean 'in_flight'"),
        ("when_full = 'wait'", "it limits nothing: it needs one of in_flight, requests_per_minute"),
        ("", "it limits nothing"),
    ],
)
def test_wrong_limits_are_refused(text: str, says: str) -> None:
    """What is no limit is refused with its line, its key, and the word that was meant."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(HEAD + text)
    assert says in str(caught.value)
    assert caught.value.line


def test_limits_of_another_tool_are_told_where_they_go() -> None:
    """A limit beside the model's keys is told where it is written here."""
    with pytest.raises(PolicyError, match="requests_per_minute of"):
        loads_policy('version = 1\n[models.gpt]\nuse = "openai/gpt-6.1-terra"\nrpm = 5\n')
    with pytest.raises(PolicyError, match=r"limits\.in_flight"):
        llmroute.model("gpt", use="openai/gpt-6.1-terra", limits={"in_flight": 0})
