"""The table of faults, played once for all tests of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .play import Stage, Way
from .table import FAULTS, SOUND
from .verdict import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .play import Played
    from .table import Row

AT_ONCE = 6
SLACK_S = 0.5
"""Seconds beyond a limit and a tenth of it that a busy machine may need."""


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
            if row.shown and api == "chat":
                yield Way(api, stream=True, task=task, on_break="continue")


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """One stage for all."""
    with Stage() as one:
        yield one


@pytest.fixture(scope="session")
def played(stage: Stage) -> list[Played]:
    """Every row in every way, many at a time; what went wrong is played again, alone.

    A busy machine makes late what is in time, and never makes sound what is not.
    """
    rows = [(row, way) for row in (*FAULTS, *SOUND) for way in ways(row)]
    return [_again(stage, one) for one in stage.all(rows, AT_ONCE)]


def _again(stage: Stage, one: Played) -> Played:
    if not faults(one, stage.limits, SLACK_S):
        return one
    return (stage.awaited if one.way.task else stage.play)(one.row, one.way)
