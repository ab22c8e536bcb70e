"""Every scenario through sync and async, whole and streamed: one flow, four equal outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute import Limits
from llmroute.testing import CutShort, Delay, End, Fail, Opened, Reasoning
from llmroute.types.events import Restarted, Text
from tests.client.harness import Scenario, play_async, play_sync

if TYPE_CHECKING:
    from tests.client.harness import Played

GOOD = [["B", "right"]]

# name: scenario, text or error of a whole answer, text or error of a stream
SCENARIOS: dict[str, tuple[Scenario, str, str]] = {
    "first answers": (Scenario({"a": [["Hel", "lo"]], "b": GOOD}), "Hello", "Hello"),
    "empty answer": (Scenario({"a": [[End("stop")]]}), "AllFailedError", "AllFailedError"),
    "empty answer, another": (Scenario({"a": [[End("stop")]], "b": GOOD}), "Bright", "Bright"),
    "error before anything": (
        Scenario({"a": [Fail("server_error")], "b": GOOD}),
        "Bright",
        "Bright",
    ),
    "error after opening": (
        Scenario({"a": [[Opened(), Fail("server_error")]], "b": GOOD}),
        "Bright",
        "Bright",
    ),
    "rate limit": (Scenario({"a": [Fail("rate_limit", wait_s=60)], "b": GOOD}), "Bright", "Bright"),
    "cut before content": (Scenario({"a": [[CutShort()]], "b": GOOD}), "Bright", "Bright"),
    "cut after content": (
        Scenario({"a": [["A", CutShort()]], "b": GOOD}),
        "Bright",
        "StreamBrokenError",
    ),
    "cut after content, restart": (
        Scenario({"a": [["A", CutShort()]], "b": GOOD}, on_break="restart"),
        "Bright",
        "Bright",
    ),
    "error after reasoning": (
        Scenario({"a": [[Reasoning("hm"), Fail("server_error")]], "b": GOOD}),
        "Bright",
        "StreamBrokenError",
    ),
    "all fail for good": (
        Scenario({"a": [Fail("bad_key")], "b": [Fail("model_not_found")]}),
        "AllFailedError",
        "AllFailedError",
    ),
    "retried until it works": (
        Scenario({"a": [Fail("server_error"), Fail("overloaded"), "third"]}),
        "third",
        "third",
    ),
    "never works": (Scenario({"a": [Fail("server_error")]}), "AllFailedError", "AllFailedError"),
    "slow but in time": (Scenario({"a": [[Delay(5), "late"]], "b": GOOD}), "late", "late"),
    "slow past the first-token limit": (
        Scenario({"a": [[Delay(20), "late"]], "b": GOOD}, Limits(first_token_s=10)),
        "late",
        "Bright",
    ),
    "deadline": (
        Scenario({"a": [[Delay(1000), "late"]]}, Limits(deadline_s=30)),
        "DeadlineExceededError",
        "DeadlineExceededError",
    ),
    "stalls in the middle": (
        Scenario({"a": [["A", Delay(100), "late"]], "b": GOOD}, Limits(deadline_s=600)),
        "Alate",
        "StreamBrokenError",
    ),
    "length": (Scenario({"a": [["cut", End("length")]]}), "cut", "cut"),
    "three fall over": (
        Scenario({"a": [Fail("dns")], "b": [Fail("bad_response")], "c": GOOD}),
        "Bright",
        "Bright",
    ),
}


def outcome(played: Played) -> str:
    """The text, or the name of the error."""
    return str(played.error) if played.text is None else played.text


@pytest.mark.parametrize("name", SCENARIOS)
def test_four_ways_agree(name: str) -> None:
    """Sync and async give equal events, texts, errors, attempts and times."""
    scenario, whole, streamed = SCENARIOS[name]
    unary = play_sync(scenario, stream=False)
    stream = play_sync(scenario, stream=True)

    assert outcome(unary) == whole
    assert outcome(stream) == streamed
    assert play_async(scenario, stream=False) == unary
    assert play_async(scenario, stream=True) == stream


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_text_is_lost_or_repeated(name: str) -> None:
    """What is shown after the last restart is exactly the reply's text."""
    played = play_sync(SCENARIOS[name][0], stream=True)
    if played.text is None:
        return
    text = ""
    for event in played.events:
        if isinstance(event, Restarted):
            assert event.discarded == text
            text = ""
        elif isinstance(event, Text):
            text += event.text

    assert text == played.text


def test_restart_is_one_event() -> None:
    """A restart is shown once, between what is void and what is new."""
    played = play_sync(SCENARIOS["cut after content, restart"][0], stream=True)

    restarts = [event for event in played.events if isinstance(event, Restarted)]
    assert [(one.model.name, one.discarded) for one in restarts] == [("b", "A")]
    assert played.events[0] == Text("A")
    assert played.events[2:4] == (Text("B"), Text("right"))
