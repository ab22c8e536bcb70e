"""The table of faults, played on every wire, in every form and color, with its times.

`python -m benchmarks.faults` prints the counts, and as its last line the same in JSON; with
`--page` it also writes docs/faults.md. What must come of each row stands in tests/faults/table.py.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Row, show
from docs.faults_page import Line, Totals, faults_page
from llmroute.errors import FAULT_KINDS
from tests.faults.play import LIMITS, Stage, Way
from tests.faults.table import FAULTS, GROUPS
from tests.faults.verdict import bound_s, faults, outcome, over_s, twice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.faults.play import Played
    from tests.faults.table import Row as Fault

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
AT_ONCE = 4
"""Slow rows that wait beside one another; rows that show at once are played one after the other."""
SLACK_S = 0.05
"""Seconds beyond a limit and a tenth of it that count as noise of the machine."""
HANG_S = 20.0
WORDS = {"answered": "answered", "stopped": "stops", "lost": "**lost**", "silent": "**silent**"}
ENDS = {
    "": "",
    "connect": "connect",
    "first_token": "first token",
    "between_tokens": "between tokens",
    "share": "half the deadline",
    "deadline": "deadline",
    "error_body": "1 s for an error's body",
}


def ways(row: Fault) -> Iterator[Way]:
    """Every way in which a row can be played."""
    for api in row.apis:
        for task in (False, True):
            yield Way(api, stream=False, task=task)
            yield Way(api, stream=True, task=task)
            if row.shown:
                yield Way(api, stream=True, task=task, on_break="restart")
            if row.shown and api == "chat":
                yield Way(api, stream=True, task=task, on_break="continue")


def run() -> list[Played]:
    """Play everything; what waits for a limit is played many at a time."""
    played: list[Played] = []
    slow: list[tuple[Fault, Way]] = []
    with Stage() as stage:
        stage.play(FAULTS[0], Way())  # whatever is imported late is imported now
        stage.awaited(FAULTS[0], Way(task=True))
        for row in FAULTS:
            for way in ways(row):
                if row.ends(stream=way.stream):
                    slow.append((row, way))
                else:
                    played.append((stage.awaited if way.task else stage.play)(row, way))
        for task in (False, True):
            played += stage.all([one for one in slow if one[1].task == task], AT_ONCE)
    return played


def totals(played: Sequence[Played]) -> Totals:
    """Count."""
    instant = [
        one.seen.attempts[-1].started_s
        for one in played
        if not one.row.ends(stream=one.way.stream) and outcome(one) == "answered"
    ]
    found = [outcome(one) for one in played]
    return Totals(
        rows=len({one.row.name for one in played}),
        calls=len(played),
        answered=found.count("answered"),
        stopped=found.count("stopped"),
        silent=found.count("silent"),
        hung=sum(one.took_s > HANG_S for one in played),
        late=sum(late(one) for one in played),
        twice=sum(twice(one) for one in played),
        requests=sum(one.requests for one in played),
        added_s=statistics.median(instant),
    )


def late(one: Played) -> bool:
    """Whether a slow row took longer than its limit and a tenth."""
    bound = bound_s(one.row.ends(stream=one.way.stream), LIMITS)
    return bool(bound) and over_s(one, LIMITS) > bound / 10 + SLACK_S


def lines(played: Iterable[Played]) -> dict[str, list[Line]]:
    """What the page says of each row."""
    by_row: dict[str, list[Played]] = {}
    for one in played:
        by_row.setdefault(one.row.name, []).append(one)
    return {title: [_line(row, by_row[row.name]) for row in rows] for title, rows in GROUPS.items()}


def _line(row: Fault, played: Sequence[Played]) -> Line:
    wholes = [one for one in played if not one.way.stream]
    streams = [one for one in played if one.way.stream and one.way.on_break == "raise"]
    kinds = {kind for one in (*wholes, *streams) for kind in one.kinds[:1]}
    return Line(
        row.name,
        tuple(kind for kind in (*FAULT_KINDS, "") if kind in kinds),
        _said(wholes),
        _said(streams),
        max(one.requests for one in played),
        statistics.median(_took_s(one) for one in wholes),
        statistics.median(_took_s(one) for one in streams),
        (ENDS[row.whole_ends], ENDS[row.stream_ends]),
    )


def _said(played: Sequence[Played]) -> str:
    """What came of a row, in words; all of its calls should say the same."""
    return " or ".join(dict.fromkeys(WORDS[outcome(one)] for one in played))


def _took_s(one: Played) -> float:
    """Seconds until the second model begins, or the call stops."""
    attempts = one.seen.attempts
    return attempts[1].started_s if len(attempts) > 1 else one.took_s


def page(played: Sequence[Played]) -> str:
    """The page of faults."""
    limits = {name: float(getattr(LIMITS, name) or 0) for name in LIMITED}
    return faults_page(lines(played), totals(played), limits)


LIMITED = ("connect_s", "first_token_s", "between_tokens_s", "deadline_s")


def figures(played: Sequence[Played]) -> list[Row]:
    """The floors."""
    count = totals(played)
    wrong = [one for one in played if faults(one, LIMITS, HANG_S)]
    most = max(one.requests for one in played)
    slow = [one for one in played if one.row.ends(stream=one.way.stream)]
    over = max(over_s(one, LIMITS) for one in slow)
    what = f"of {count.calls} calls, {count.rows} faults"
    return [
        Row(f"ended otherwise than declared, {what}", len(wrong), "", 0, _named(wrong)),
        Row("passed a broken answer off as good", count.silent, "", 0),
        Row(f"took longer than {HANG_S:g} s", count.hung, "", 0),
        Row("showed a token twice", count.twice, "", 0),
        Row(
            "took longer than the row's limit and a tenth", count.late, "", 0, f"{over:.3f} s over"
        ),
        Row("requests at the first model in a call, most", most, "", 1),
        Row("what a fallback adds, faults that show at once, median", count.added_s, "s", 0.02),
    ]


def _named(played: Sequence[Played]) -> str:
    return ", ".join(dict.fromkeys(f"{one.row.name} ({one.way})" for one in played))


def rows() -> list[Row]:
    """Every figure of this file."""
    return figures(run())


def main() -> None:
    """Play, print, and write the page if asked to."""
    played = run()
    print(show(figures(played), "The table of faults"))
    print(json.dumps(totals(played)._asdict()))
    if "--page" in sys.argv:
        PAGE.write_text(page(played), encoding="utf-8")


if __name__ == "__main__":
    main()
