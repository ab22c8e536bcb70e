"""Conditions of routes: time, length, pictures, tools and language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute import policies
from llmroute.errors import PolicyError
from llmroute.policies.conditions import Seen
from llmroute.policies.times import DAYS, MINUTES_PER_DAY, Times
from llmroute.types.messages import Document, Image, Message
from llmroute.types.tools import Tool
from tests.policies.helpers import request, situation

if TYPE_CHECKING:
    from llmroute.policies.conditions import When

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def matches(condition: When, **changes: Any) -> bool:
    """Whether a condition holds for a situation with these changes."""
    return condition.matches(Seen(situation()._replace(**changes)))


TIMES = [
    ({"time": "22:00-06:00"}, "2026-11-23T22:00", True),
    ({"time": "22:00-06:00"}, "2026-11-23T05:59", True),
    ({"time": "22:00-06:00"}, "2026-11-23T06:00", False),
    ({"time": "22:00-06:00"}, "2026-11-23T21:59", False),
    ({"time": "09:00-17:30"}, "2026-11-23T17:29", True),
    ({"time": "09:00-17:30"}, "2026-11-23T17:30", False),
    ({"time": "18:00-24:00"}, "2026-11-23T23:59", True),
    ({"time": "18:00-24:00"}, "2026-11-24T00:00", False),
    ({"time": "22:00-06:00", "days": ["fri"]}, "2026-11-28T05:00", True),  # a Saturday
    ({"time": "22:00-06:00", "days": ["fri"]}, "2026-11-27T05:00", False),  # Thursday's night
    ({"time": "22:00-06:00", "days": ["sun"]}, "2026-11-30T01:00", True),
    ({"days": ["sat", "sun"]}, "2026-11-28T00:00", True),
    ({"days": ["sat", "sun"]}, "2026-11-27T23:59", False),
    ({"time": "08:00-09:00", "zone": "Europe/Berlin"}, "2026-11-23T07:30", True),
    ({"time": "08:00-09:00", "zone": "Europe/Berlin"}, "2026-07-06T06:30", True),  # summer time
    ({"time": "08:00-09:00", "zone": "Europe/Berlin"}, "2026-07-06T07:30", False),
    ({"days": ["mon"], "zone": "Asia/Tokyo"}, "2026-11-22T15:00", True),
]


@pytest.mark.parametrize(("conditions", "now", "holds"), TIMES)
def test_windows_of_time(conditions: Any, now: str, *, holds: bool) -> None:
    """A window holds from its start to before its end, past midnight for the day it starts on."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    condition = policies.when(**conditions)
    assert matches(condition, now=moment) is holds
    east = moment.astimezone(timezone(timedelta(hours=9)))
    assert matches(condition, now=east) is holds
    assert not matches(condition, now=None)


minutes = st.integers(0, MINUTES_PER_DAY - 1)


@given(minutes, minutes, st.sets(st.sampled_from(range(7)), min_size=1))
def test_the_mask_of_a_window_is_its_minutes(start: int, end: int, days: set[int]) -> None:
    """What is compared at load is what holds at every minute of a week."""
    times = Times(start, end if end != start else (end or MINUTES_PER_DAY), frozenset(days))
    if start == times.end:
        return
    for minute in range(0, 7 * MINUTES_PER_DAY, 37):
        now = MONDAY + timedelta(minutes=minute)
        assert times.holds(now) is bool(times.mask >> minute & 1), (times, now)


def test_lengths_are_those_of_the_situation() -> None:
    """A range of tokens is compared with the expected count, both ends included."""
    condition = policies.when(tokens={"at_least": 10, "at_most": 20})
    held = [count for count in range(30) if condition.matches(Seen(situation(tokens=count)))]
    assert held == list(range(10, 21))


def test_pictures_and_tools() -> None:
    """A picture of any message counts, a document does not; tools count wherever they are."""
    picture = Message.user("?", Image(data=b"x", media_type="image/png"))
    document = Message.user("?", Document(data=b"x", media_type="application/pdf"))
    for messages, has in [
        ((picture, Message.assistant("a"), Message.user("b")), True),
        ((document,), False),
        ((Message.user("a"),), False),
    ]:
        asked = replace(request(), messages=messages)
        assert matches(policies.when(has_images=True), request=asked) is has
        assert matches(policies.when(has_images=False), request=asked) is not has
    tooled = replace(request(), tools=(Tool("t"),))
    assert matches(policies.when(has_tools=True), request=tooled)
    assert not matches(policies.when(has_tools=True))


def test_the_language_that_the_caller_names_comes_first() -> None:
    """What is said goes before what is detected; an unknown language matches nothing."""
    german = policies.when(language="de")
    text = request("Was ist das, und warum ist es so groß?")
    assert matches(german, request=text)
    assert not matches(german, request=replace(text, language="fr"))
    assert not matches(german, request=request("x = 1"))
    assert matches(german, request=replace(request("x = 1"), language="de"))


def test_the_last_text_of_the_user_has_the_language() -> None:
    """Instructions, answers and earlier turns do not decide the language."""
    messages = (
        Message.system("You are a helpful assistant, and you answer in one line."),
        Message.user("What is the capital of France?"),
        Message.assistant("Paris."),
        Message.user("Und wie heißt die Hauptstadt von Italien?"),
    )
    assert matches(policies.when(language="de"), request=replace(request(), messages=messages))


WRONG: list[tuple[Any, str, str]] = [
    ({"task": "cod"}, "when.task", "'code'"),
    ({"time": "22-6"}, "when.time", "22:00-06:00"),
    ({"time": "25:00-06:00"}, "when.time", "no window"),
    ({"time": "06:00-06:00"}, "when.time", "starts when it ends"),
    ({"time": "00:00-00:00"}, "when.time", "starts when it ends"),
    ({"days": ["monday"]}, "when.days", "'mon'"),
    ({"days": []}, "when.days", "at least one"),
    ({"days": "mon"}, "when.days", "an array"),
    ({"time": "01:00-02:00", "zone": "Berlin"}, "when.zone", "no time zone"),
    ({"time": "01:00-02:00", "zone": "../etc/passwd"}, "when.zone", "no time zone"),
    ({"time": "01:00-02:00", "zone": "Europe"}, "when.zone", "no time zone"),
    ({"zone": "UTC"}, "when.zone", "time or days"),
    ({"language": "german"}, "when.language", "ISO 639-1"),
    ({"language": []}, "when.language", "at least one"),
    ({"language": 5}, "when.language", "array of strings"),
    ({"tokens": {"at_least": 5, "at_most": 4}}, "when.tokens.at_least", "no prompt"),
    ({"tokens": {"atleast": 5}}, "when.tokens.atleast", "'at_least'"),
    ({"tokens": {}}, "when.tokens", "at_least, at_most"),
    ({"tokens": 5}, "when.tokens", "a table"),
    ({"tokens": {"at_least": -1}}, "when.tokens.at_least", "between 0"),
    ({"has_images": "yes"}, "when.has_images", "true or false"),
    ({"hints": {"x": [1]}}, "when.hints.x", "true, false"),
    ({"timezone": "UTC"}, "when.timezone", "Use zone"),
]


@pytest.mark.parametrize(("conditions", "key", "says"), WRONG, ids=str)
def test_wrong_conditions(conditions: Any, key: str, says: str) -> None:
    """A condition that is none is refused with its key and how to write it."""
    with pytest.raises(PolicyError) as caught:
        policies.when(**conditions)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert says in str(problem)


def test_conditions_name_themselves() -> None:
    """A route without a name is called by what its condition says."""
    condition = policies.when(
        task="code",
        tokens={"at_least": 10},
        time="22:00-06:00",
        days=["sun", "mon"],
        zone="Europe/Berlin",
        has_tools=False,
        language=["de", "fr"],
    )
    assert str(condition) == (
        "task code, 10 tokens or more, 22:00-06:00 mon sun Europe/Berlin, no tools, "
        "language de or fr"
    )
    assert str(policies.when(days=list(DAYS))) == "UTC"
    assert Times(zone=ZoneInfo("UTC")).holds(MONDAY)
