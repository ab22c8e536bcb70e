"""Hedged calls: two attempts run at once, one answers, and the other is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AllFailedError, DeadlineExceededError, StreamBrokenError
from llmroute.testing import CutShort, Fail, ScriptedProvider
from llmroute.types.events import Restarted, Text, UsageReport
from llmroute.types.limits import Limits
from llmroute.types.usage import Usage
from tests.driver.desk import COLORS, HANG, After, Desk, How, Telling, play

if TYPE_CHECKING:
    from llmroute.types.events import Event

COLOR = pytest.mark.parametrize("color", COLORS)
STREAM = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
USED = Usage(7, 3)


def texts(events: tuple[Event, ...]) -> list[str]:
    """The pieces of text that were shown."""
    return [event.text for event in events if isinstance(event, Text)]


@COLOR
@STREAM
def test_the_second_answers_for_a_silent_first(color: str, *, stream: bool) -> None:
    """The first content wins; the silent one is cancelled, and its record follows."""
    silent = ScriptedProvider([HANG, "never"])
    desk = Desk(silent, ScriptedProvider(["a", "b"], usage=USED))
    played = play(color, desk, How(stream=stream))

    assert played.reply is not None
    assert played.reply.text == "ab"
    assert texts(played.events) == (["a", "b"] if stream else [])
    assert desk.outcomes == [("m0", "cancelled", None), ("m1", "answered", None)]
    assert [one.outcome for one in played.reply.attempts] == ["cancelled", "answered"]
    assert silent.calls[0].cancel.is_set
    assert desk.flying == []


@COLOR
@STREAM
def test_the_first_may_still_win(color: str, *, stream: bool) -> None:
    """A first attempt that speaks before its hedge wins, and the hedge is cancelled."""
    hedge = Telling(ScriptedProvider([HANG, "never"]))
    desk = Desk(After(hedge.asked, ScriptedProvider(["a", "b"])), hedge)
    played = play(color, desk, How(stream=stream))

    assert played.reply is not None
    assert (played.reply.text, played.reply.model.name) == ("ab", "m0")
    assert desk.outcomes == [("m0", "answered", None), ("m1", "cancelled", None)]
    assert hedge.over.is_set
    assert desk.flying == []


@COLOR
@STREAM
def test_no_hedge_for_a_quick_first(color: str, *, stream: bool) -> None:
    """A first attempt that speaks in time is the only one."""
    second = ScriptedProvider("never")
    desk = Desk(ScriptedProvider(["a", "b"]), second)
    played = play(color, desk, How(stream=stream, hedge_s=60.0))

    assert played.reply is not None
    assert played.reply.text == "ab"
    assert second.calls == []
    assert desk.outcomes == [("m0", "answered", None)]


@COLOR
@STREAM
def test_a_hedge_that_fails_leaves_the_first_alone(color: str, *, stream: bool) -> None:
    """When the hedge fails first, the first attempt goes on, and may answer."""
    hedge = Telling(ScriptedProvider(Fail("server_error")))
    desk = Desk(After(hedge.over, ScriptedProvider("late")), hedge)
    played = play(color, desk, How(stream=stream))

    assert played.reply is not None
    assert played.reply.text == "late"
    assert desk.outcomes == [("m0", "answered", None), ("m1", "failed", "server_error")]


@COLOR
@STREAM
def test_both_fail(color: str, *, stream: bool) -> None:
    """When both attempts fail, the call fails with both of them."""
    hedge = Telling(ScriptedProvider(Fail("server_error")))
    desk = Desk(After(hedge.over, ScriptedProvider(Fail("overloaded"))), hedge)
    played = play(color, desk, How(stream=stream))

    assert isinstance(played.error, AllFailedError)
    assert desk.outcomes == [("m0", "failed", "overloaded"), ("m1", "failed", "server_error")]
    assert desk.flying == []


@COLOR
@STREAM
def test_the_next_begins_when_the_race_is_lost_by_all(color: str, *, stream: bool) -> None:
    """When both attempts fail, the next candidate is asked."""
    hedge = Telling(ScriptedProvider(Fail("server_error")))
    first = After(hedge.over, ScriptedProvider(Fail("overloaded")))
    desk = Desk(first, hedge, ScriptedProvider("third"))
    played = play(color, desk, How(stream=stream))

    assert played.reply is not None
    assert played.reply.text == "third"
    assert [outcome for _, outcome, _ in desk.outcomes] == ["failed", "failed", "answered"]


@COLOR
def test_a_winner_that_breaks(color: str) -> None:
    """A winner that breaks in mid-stream ends the call with a typed error and its text."""
    desk = Desk(ScriptedProvider([HANG, "never"]), ScriptedProvider(["a", "b", CutShort()]))
    played = play(color, desk, How())

    assert texts(played.events) == ["a", "b"]
    assert isinstance(played.error, StreamBrokenError)
    assert played.error.partial is not None
    assert played.error.partial.text == "ab"
    assert desk.outcomes == [("m0", "cancelled", None), ("m1", "failed", "cut_short")]
    assert desk.flying == []


@COLOR
def test_a_restart_after_a_winner_that_breaks(color: str) -> None:
    """A winner that breaks is followed by the next candidate, if the caller takes a restart."""
    desk = Desk(
        ScriptedProvider([HANG, "never"]),
        ScriptedProvider(["a", CutShort()]),
        ScriptedProvider(["x", "y"]),
    )
    played = play(color, desk, How(on_break="restart"))

    assert played.reply is not None
    assert played.reply.text == "xy"
    assert texts(played.events) == ["a", "x", "y"]
    assert [type(event) for event in played.events].count(Restarted) == 1
    assert [outcome for _, outcome, _ in desk.outcomes] == ["cancelled", "failed", "answered"]


@COLOR
@STREAM
def test_the_deadline_while_both_hang(color: str, *, stream: bool) -> None:
    """When nobody speaks, the deadline ends the call, and both attempts are recorded."""
    desk = Desk(ScriptedProvider([HANG, "never"]), ScriptedProvider([HANG, "never"]))
    limits = Limits(deadline_s=0.05, attempts_per_model=1)
    played = play(color, desk, How(stream=stream, limits=limits))

    assert isinstance(played.error, DeadlineExceededError)
    assert [name for name, _, _ in desk.outcomes] == ["m0", "m1"]
    assert desk.flying == []


@COLOR
@STREAM
def test_what_a_loser_used_counts(color: str, *, stream: bool) -> None:
    """What a loser said that it used stands in its record, and in the cost of the reply."""
    desk = Desk(ScriptedProvider([UsageReport(USED), HANG, "never"]), ScriptedProvider("b"))
    played = play(color, desk, How(stream=stream))

    assert played.reply is not None
    assert [one.usage for one in desk.records if one.model.name == "m0"] == [USED]
    assert desk.outcomes == [("m0", "cancelled", None), ("m1", "answered", None)]
