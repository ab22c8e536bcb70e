"""The table of faults, played over real sockets: a primary that fails, and a healthy second."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from llmroute.errors import StreamBrokenError

from .conftest import SLACK_S, ways
from .places import PLACES
from .play import CODECS, SECOND, Way
from .scenarios import SCENARIOS
from .table import FAULTS, SOUND
from .verdict import faults, outcome

if TYPE_CHECKING:
    from .play import Played, Stage
    from .table import Row

ROWS = (*FAULTS, *SOUND)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_answer_comes_once_whole_and_in_time(
    stage: Stage, played: list[Played], row: Row
) -> None:
    """A call outlives the fault of its primary, or stops as declared; never silent, twice, late."""
    own = [one for one in played if one.row is row]
    assert len(own) == len(list(ways(row)))
    wrong = {str(one.way): faults(one, stage.limits, SLACK_S) for one in own}
    assert not any(wrong.values()), wrong


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


def test_a_stream_goes_on_where_it_broke(stage: Stage) -> None:
    """With on_break="continue" the second model is given the text so far, and goes on from it."""
    row = next(one for one in FAULTS if one.name == "eof_midstream")
    seen = stage.play(row, Way(stream=True, on_break="continue")).seen
    asked = cast("list[dict[str, str]]", stage.well.requests[-1].json()["messages"])
    assert (seen.kept, seen.resumed) == ("The answer ", 1)
    assert seen.valid == seen.shown == "The answer " + "".join(SECOND)
    assert asked[-1] == {"role": "assistant", "content": "The answer "}
