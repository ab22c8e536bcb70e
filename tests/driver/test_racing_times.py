"""Hedged calls in virtual time: when attempts begin and end, and what holds whatever they do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.testing import CutShort, Delay, Fail, ScriptedProvider, VirtualClock
from llmroute.types.events import Progress, Restarted, Text
from llmroute.types.limits import Limits
from tests.driver.desk import COLORS, HANG, Desk, How, play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.testing import Step
    from tests.driver.desk import Played

COLOR = pytest.mark.parametrize("color", COLORS)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([Progress(), HANG]),
    st.floats(0, 20).map(Delay),
)
ENDS = st.sampled_from([None, Fail("server_error"), Fail("context_length"), CutShort()])


@st.composite
def scripts(draw: st.DrawFn) -> Sequence[Step]:
    """An attempt that says something, pauses, fails, or hangs."""
    steps: list[Step] = draw(st.lists(STEPS, min_size=1, max_size=4))
    end = draw(ENDS)
    return steps if end is None else [*steps, end]


@COLOR
def test_a_hedge_begins_at_its_moment(color: str) -> None:
    """The hedge begins `hedge_s` after the first attempt, not earlier and not later."""
    desk = Desk(
        ScriptedProvider([Delay(5.0), "late"]),
        ScriptedProvider([Delay(1.0), "a", Delay(1.0), "b"]),
        clock=VirtualClock(),
    )
    played = play(color, desk, How(hedge_s=2.0))

    assert played.reply is not None
    assert played.reply.text == "ab"
    first, second = played.reply.attempts
    assert (first.started_s, first.ended_s) == (0.0, 3.0)
    assert [one.ended_s for one in desk.records] == [3.0, 4.0]
    assert (second.started_s, second.first_token_s, second.ended_s) == (2.0, 3.0, 4.0)


@COLOR
def test_limits_hold_in_a_race(color: str) -> None:
    """Each attempt of a race is ended by its own limit, and the next begins then."""
    limits = Limits(first_token_s=3.0, attempts_per_model=1)
    desk = Desk(
        ScriptedProvider([HANG, "never"]),
        ScriptedProvider([HANG, "never"]),
        ScriptedProvider("third"),
        clock=VirtualClock(),
    )
    played = play(color, desk, How(hedge_s=1.0, limits=limits))

    assert played.reply is not None
    assert [one.started_s for one in played.reply.attempts] == [0.0, 1.0, 4.0]
    assert [one.ended_s for one in played.reply.attempts] == [3.0, 4.0, 4.0]
    assert desk.outcomes[0] == ("m0", "failed", "first_token_timeout")


def text_of(played: Played) -> str:
    """What a caller has of the text at the end."""
    text = ""
    for event in played.events:
        if isinstance(event, Restarted):
            assert event.discarded == text
            text = ""
        elif isinstance(event, Text):
            text += event.text
    return text


@COLOR
@given(
    first=scripts(),
    second=scripts(),
    third=scripts(),
    how=st.builds(
        How,
        stream=st.booleans(),
        hedge_s=st.floats(0, 30),
        on_break=st.sampled_from(["raise", "restart"]),
        limits=st.builds(
            Limits,
            deadline_s=st.floats(0.1, 60),
            between_tokens_s=st.floats(0.1, 10),
            attempts_per_model=st.integers(1, 2),
        ),
    ),
)
@settings(max_examples=150, deadline=None)
def test_whatever_attempts_do(
    color: str,
    first: Sequence[Step],
    second: Sequence[Step],
    third: Sequence[Step],
    how: How,
) -> None:
    """A call ends once, by its deadline, with one record per attempt and no token of a loser."""
    clock = VirtualClock()
    providers = [ScriptedProvider(script) for script in (first, second, third)]
    desk = Desk(*providers, clock=clock)
    played = play(color, desk, how)

    assert (played.reply is None) != (played.error is None)
    assert clock.now() <= how.limits.deadline_s + 1e-6
    assert desk.flying == []
    assert max(Counter(one.number for one in desk.records).values(), default=0) <= 1
    assert desk.dropped == []
    assert sum(len(one.calls) for one in providers) == len(desk.records)
    if played.reply is not None and how.stream:
        assert text_of(played) == played.reply.text
