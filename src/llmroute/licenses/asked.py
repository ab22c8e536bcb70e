"""What cards ask of the facts: where the answers are the same, so are the verdicts."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.plans import Facts

    from .cards import Card, Clause

ALWAYS = ("purposes", "granted", "unknown")
"""Facts that bear on every verdict."""


class Asked:
    """What some cards ask, worked out once, so that equal uses are found without judging."""

    def __init__(self, cards: Iterable[Card]) -> None:
        """Collect the facts and thresholds that clauses name."""
        clauses = [clause for card in cards for clause in card.clauses]
        named = dict.fromkeys(name for clause in clauses for name in _names(clause))
        self._plain = attrgetter(*ALWAYS, *named)
        self._limits = [
            (attrgetter(metric), tuple(months.items()))
            for metric, months in _lowest(clauses).items()
        ]

    def of(self, facts: Facts) -> tuple[object, ...]:
        """The answers of `facts`: the same for uses that no clause tells apart.

        A number below all thresholds counts as 0, since no verdict says which it was.
        """
        answers: list[object] = [self._plain(facts)]
        for metric, months in self._limits:
            known = dict(metric(facts))
            for month, lowest in months:
                count = known.get(month)
                answers.append(0 if count is not None and count < lowest else count)
        return tuple(answers)


def _lowest(clauses: Iterable[Clause]) -> dict[str, dict[str, int]]:
    """The lowest threshold of each metric and month."""
    found: dict[str, dict[str, int]] = {}
    for one in (clause.threshold for clause in clauses if clause.threshold is not None):
        months = found.setdefault(one.metric, {})
        months[one.month] = min(one.above, months.get(one.month, one.above))
    return found


def _names(clause: Clause) -> Iterable[str]:
    """The facts that a clause names, numbers by month left out."""
    asks = {
        "commercial": clause.only_commercial or None,
        "licensee_domicile": clause.licensee_domicile_in,
        "use_territories": clause.use_territory_in,
        "fields_of_use": clause.field_of_use,
        "distributes": clause.distribution,
    }
    return [name for name, asked in asks.items() if asked is not None]
