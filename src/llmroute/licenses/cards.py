"""License cards: the clauses of a license, each with its citation and its condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from datetime import date

    from llmroute.errors.reading import Table

Effect = Literal["deny", "duty", "review"]
EFFECTS: tuple[Effect, ...] = ("deny", "duty", "review")
METRICS = ("monthly_active_users", "annual_revenue_usd", "monthly_revenue_usd")
SCOPES = ("licensee_and_affiliates", "licensee", "product")
DISTRIBUTION = ("nothing", "service", "weights")
"""What the application passes on: nothing, answers of a service of its own, or the weights."""
FIELDS = (
    *("military", "weapons", "surveillance", "automated_decisions", "medical_advice"),
    *("legal_advice", "law_enforcement", "critical_infrastructure", "disinformation", "minors"),
)
"""Fields of use that clauses name."""
MODALITIES = ("vision",)


class PurposeCondition(NamedTuple):
    """Holds when answers are used for one of `any_of`, unless the target is `except_family`."""

    any_of: tuple[str, ...]
    except_family: str | None = None


class Threshold(NamedTuple):
    """Holds when `metric` was greater than `above` in `month` ("2023-06", or "now").

    `scope` says over whom it is counted. `inclusive` means that `above` itself is enough.
    """

    metric: str
    above: int
    month: str
    scope: str = "licensee"
    inclusive: bool = False


class Clause(NamedTuple):
    """One clause: `cite` is its number in the text, `reads` what it says, in our words.

    Effect "deny" forbids, "duty" allows with a duty, "review" allows with a warning, each when all
    conditions hold. None means: no such condition. A clause without conditions always holds.
    `licensee_domicile_in` and `use_territory_in` hold country codes, or "EU". `modality` are
    abilities of the model, `field_of_use` words of FIELDS, `distribution` words of DISTRIBUTION.
    `if_stated`: counts only where the fields of use are stated; else a duty of the card stands for
    it. `second_hand` is True when it was read in a quote, not in the text itself.
    """

    cite: str
    effect: Effect
    reads: str
    purpose: PurposeCondition | None = None
    threshold: Threshold | None = None
    only_commercial: bool = False
    licensee_domicile_in: tuple[str, ...] | None = None
    use_territory_in: tuple[str, ...] | None = None
    modality: tuple[str, ...] | None = None
    field_of_use: tuple[str, ...] | None = None
    distribution: tuple[str, ...] | None = None
    if_stated: bool = False
    second_hand: bool = False


class Card(NamedTuple):
    """A license; `spdx` and `scancode_key` are its names elsewhere, None where it has none.

    `tags` are what model hubs and files call it. `second_hand` is True when the clauses were read
    in quotes, not in the text itself. `host` marks the contract of a host, not of weights;
    `models_of_others` that of one whose models are not its own, so that their licenses bind too.
    """

    id: str
    name: str
    text_url: str
    read_on: date | None
    clauses: tuple[Clause, ...]
    spdx: str | None = None
    scancode_key: str | None = None
    tags: tuple[str, ...] = ()
    released: date | None = None
    open_weights: bool = False
    osi_approved: bool = False
    second_hand: bool = False
    host: bool = False
    models_of_others: bool = False

    @property
    def spdx_id(self) -> str:
        """Its name in SPDX expressions: of the list, else ScanCode's reference, else our own."""
        if self.spdx is not None:
            return self.spdx
        if self.scancode_key is not None:
            return f"LicenseRef-scancode-{self.scancode_key}"
        return f"LicenseRef-llmroute-{self.id}"


def read_card(id_: str, table: Table) -> Card:
    """Read a card; what is wrong with it goes to the table's report."""
    second_hand = _flag(table, "second_hand")
    card = Card(
        id=id_,
        name=table.text("name") or id_,
        text_url=table.text("text_url") or "",
        read_on=table.day("read_on"),
        clauses=tuple(_clause(one, second_hand) for one in table.tables("clauses")),
        spdx=table.text("spdx"),
        scancode_key=table.text("scancode_key"),
        tags=table.texts("tags") or (),
        released=table.day("released"),
        open_weights=_flag(table, "open_weights"),
        osi_approved=_flag(table, "osi_approved"),
        second_hand=second_hand,
        host=_flag(table, "host"),
        models_of_others=_flag(table, "models_of_others"),
    )
    table.done()
    return card


def _flag(table: Table, key: str) -> bool:
    return table.flag(key) is True


def _clause(table: Table, second_hand: bool) -> Clause:
    effect = table.choice("effect", EFFECTS)
    quoted = table.flag("second_hand")
    clause = Clause(
        cite=table.text("cite") or "",
        effect=cast("Effect", effect or "deny"),
        reads=table.text("reads") or "",
        purpose=_purpose(table.table("purpose")),
        threshold=_threshold(table.table("threshold")),
        only_commercial=_flag(table, "only_commercial"),
        licensee_domicile_in=table.texts("licensee_domicile_in"),
        use_territory_in=table.texts("use_territory_in"),
        modality=_words(table, "modality", MODALITIES),
        field_of_use=_words(table, "field_of_use", FIELDS),
        distribution=_words(table, "distribution", DISTRIBUTION),
        if_stated=_flag(table, "if_stated"),
        second_hand=second_hand if quoted is None else quoted,
    )
    if not (clause.cite and clause.reads and effect):
        table.problem("", "a clause needs cite, effect and reads")
    table.done()
    return clause


def _words(table: Table, key: str, known: tuple[str, ...]) -> tuple[str, ...] | None:
    given = table.texts(key)
    for word in given or ():
        if word not in known:
            table.problem(key, f"{word!r} is none of {', '.join(known)}")
    return given


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
        table.choice("metric", METRICS) or "",
        table.whole("above", 0, 10**12) or 0,
        table.text("month") or "now",
        table.choice("scope", SCOPES) or "licensee",
        table.flag("inclusive") or False,
    )
    table.done()
    return threshold
