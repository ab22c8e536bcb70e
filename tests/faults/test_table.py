"""The table of faults, played over real sockets: a primary that fails, and a healthy second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.errors import StreamBrokenError

from .places import PLACES
from .play import CODECS, SECOND, Stage, Way
from .scenarios import SCENARIOS
from .table import FAULTS, SOUND
from .verdict import faults, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .play import Played
    from .table import Row

AT_ONCE = 6
SLACK_S = 0.5
"""Seconds beyond a limit and a tenth of it that a busy machine may need."""
ROWS = (*FAULTS, *SOUND)


def ways(row: Row) -> Iterator[Way]:
    """Chat completions in every form and color, other wires in each form and each color once."""
    for api in row.apis:
        for task in (False, True):
            if api == "chat" or not task:
                yield Way(api, stream=False, task=task)
            if api == "chat" or task:
                yield Way(api, stream=True, task=task)
            if row.shown and (api == "chat" or not task):
                yield Way(api, stream=True, task=task, on_break="restart")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One stage for all."""
    with Stage() as one:
        yield one


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, list[Played]]:
    """Every row in every way, once, many at a time."""
    by_row: dict[str, list[Played]] = {row.name: [] for row in ROWS}
    for one in stage.all([(row, way) for row in ROWS for way in ways(row)], AT_ONCE):
        by_row[one.row.name].append(one)
    return by_row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_answer_comes_once_whole_and_in_time(
    stage: Stage, played: dict[str, list[Played]], row: Row
) -> None:
    """A call outlives the fault of its primary, or stops as declared; never silent, twice, late."""
    assert len(played[row.name]) == len(list(ways(row)))
    for one in played[row.name]:
        wrong = faults(one, stage.limits, SLACK_S)
        if wrong and one.way.task:  # others may have held the machine up
            wrong = faults(stage.awaited(row, one.way), stage.limits, SLACK_S)
        elif wrong:
            wrong = faults(stage.play(row, one.way), stage.limits, SLACK_S)
        assert not wrong, f"{one.way}: {wrong}"


def test_every_fault_is_a_row() -> None:
    """What the server can do, the table asks for, and names of rows are told apart."""
    asked = {row.asked.partition(";")[0] for row in ROWS}
    assert asked == {*SCENARIOS, *PLACES}
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {api for row in ROWS for api in row.apis} == set(CODECS)


def test_a_row_that_goes_wrong_is_seen(stage: Stage) -> None:
    """The verdict tells silent answers, doubled tokens, late and repeated requests."""
    row = next(one for one in FAULTS if one.name == "eof_midstream")
    good = stage.play(row, Way(stream=True, on_break="restart"))
    assert outcome(good) == "answered"
    assert faults(good, stage.limits, SLACK_S) == []

    silent = good._replace(seen=good.seen._replace(valid="The answer ", shown="The answer "))
    twice = good._replace(seen=good.seen._replace(shown=good.seen.shown + SECOND[-1]))
    many = good._replace(requests=2)
    other = good._replace(row=row._replace(stream="server_error"))
    late = good._replace(row=row._replace(stream_ends="between_tokens"))
    assert "silent instead of answered" in faults(silent, stage.limits, 9.0)[0]
    assert "a token came twice" in faults(twice, stage.limits, 9.0)[0]
    assert faults(many, stage.limits, 9.0) == ["2 requests came to the primary"]
    assert faults(other, stage.limits, 9.0) == [
        "the fault is 'cut_short' instead of 'server_error'"
    ]
    assert faults(late, stage.limits, -9.0)[0].startswith("late by")


def test_what_a_stopped_stream_tells(stage: Stage) -> None:
    """A stream that broke says what was shown, by whom, and what it used."""
    row = next(one for one in FAULTS if one.name == "stall_midstream")
    error = stage.play(row, Way(stream=True)).seen.error
    assert isinstance(error, StreamBrokenError)
    assert error.partial is not None
    assert (error.partial.text, error.partial.model.name) == ("The answer ", "sick")
    assert error.partial.usage.estimated
