"""docs/faults.md, the table as it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.faults import PAGE, page
from docs.faults_page import MEANS, RIVALS, without_times

from .table import FAULTS

if TYPE_CHECKING:
    from .play import Played


def test_the_page_says_what_was_played(played: list[Played]) -> None:
    """Whatever is no time is on the page as it is played here."""
    made = page([one for one in played if one.row in FAULTS])
    told = PAGE.read_text(encoding="utf-8")
    assert without_times(told) == without_times(made), "run python -m benchmarks.faults --page"
    assert "answered" in without_times(told)
    assert "**lost**" not in told


def test_every_row_is_told_in_words() -> None:
    """Each fault of the table, and no other, has its words; rivals are compared in rows."""
    names = {row.name for row in FAULTS}
    assert set(MEANS) == names
    assert set(RIVALS) < names
