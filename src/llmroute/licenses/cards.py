"""License cards: the clauses of a license, each with its citation and its condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from datetime import date

    from llmroute.errors.reading import Table

Effect = Literal["deny", "duty", "review"]
EFFECTS: tuple[Effect, ...] = ("deny", "duty", "review")


class PurposeCondition(NamedTuple):
    """Holds when answers are used for one of `any_of`, unless the target is `except_family`."""

    any_of: tuple[str, ...]
    except_family: str | None = None


class Threshold(NamedTuple):
    """Holds when `metric` was greater than `above` in `month` ("2023-06", or "now")."""

    metric: str
    above: int
    month: str


class Clause(NamedTuple):
    """One clause: `cite` is its number in the text, `reads` what it says, in our words.

    Effect "deny" forbids, "duty" allows with a duty, "review" allows with a warning, each when all
    conditions hold. None means: no such condition. A clause without conditions always holds.
    """

    cite: str
    effect: Effect
    reads: str
    purpose: PurposeCondition | None = None
    threshold: Threshold | None = None
    only_commercial: bool = False
    licensee_domicile_in: tuple[str, ...] | None = None


class Card(NamedTuple):
    """A license; `spdx` and `scancode_key` are its names elsewhere, None where it has none.

    `second_hand` is True when the clauses were read in quotes, not in the text itself.
    """

    id: str
    name: str
    text_url: str
    read_on: date | None
    clauses: tuple[Clause, ...]
    spdx: str | None = None
    scancode_key: str | None = None
    released: date | None = None
    open_weights: bool = False
    osi_approved: bool = False
    second_hand: bool = False


def read_card(id_: str, table: Table) -> Card:
    """Read a card; what is wrong with it goes to the table's report."""
    card = Card(
        id=id_,
        name=table.text("name") or id_,
        text_url=table.text("text_url") or "",
        read_on=table.day("read_on"),
        clauses=tuple(_clause(one) for one in table.tables("clauses")),
        spdx=table.text("spdx"),
        scancode_key=table.text("scancode_key"),
        released=table.day("released"),
        open_weights=table.flag("open_weights") or False,
        osi_approved=table.flag("osi_approved") or False,
        second_hand=table.flag("second_hand") or False,
    )
    table.done()
    return card


def _clause(table: Table) -> Clause:
    effect = table.choice("effect", EFFECTS)
    clause = Clause(
        cite=table.text("cite") or "",
        effect=cast("Effect", effect or "deny"),
        reads=table.text("reads") or "",
        purpose=_purpose(table.table("purpose")),
        threshold=_threshold(table.table("threshold")),
        only_commercial=table.flag("only_commercial") or False,
        licensee_domicile_in=table.texts("licensee_domicile_in"),
    )
    if not (clause.cite and clause.reads and effect):
        table.problem("", "a clause needs cite, effect and reads")
    table.done()
    return clause


def _purpose(table: Table | None) -> PurposeCondition | None:
    if table is None:
        return None
    condition = PurposeCondition(table.texts("any_of") or (), table.text("except_family"))
    table.done()
    return condition


def _threshold(table: Table | None) -> Threshold | None:
    if table is None:
        return None
    threshold = Threshold(
        table.choice("metric", ("monthly_active_users",)) or "",
        table.whole("above", 0, 10**12) or 0,
        table.text("month") or "now",
    )
    table.done()
    return threshold
