"""License verdicts for models: cards are read once, verdicts kept per use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from llmroute.catalog.data import names, read_table
from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector
from llmroute.licenses import TRAINING, Finding, Verdict, judge, read_card, stricter

if TYPE_CHECKING:
    from llmroute.errors import Problem
    from llmroute.licenses import Card
    from llmroute.types.models import Model
    from llmroute.types.plans import Facts

FOLDER = "policies/licenses"


def card_names() -> tuple[str, ...]:
    """Name every license card; reads none of them."""
    return names(FOLDER)


@cache
def card(id_: str) -> Card | None:
    """Read a license card, once; None when there is none of that id.

    Raises:
        PolicyError: the card holds something that is no part of a card.
    """
    values = read_table(f"{FOLDER}/{id_}.toml") if id_ in card_names() else None
    if values is None:
        return None
    problems: list[Problem] = []
    found = read_card(id_, Table(values, (), collector(f"{FOLDER}/{id_}.toml", problems)))
    if problems:
        raise PolicyError(problems)
    return found


class Judged(NamedTuple):
    """What a plan asks of a verdict, worked out: reason and clause of a refusal, and warnings."""

    facts: Facts
    refusal: tuple[str, str | None] | None
    warnings: tuple[str, ...]


_judged: dict[tuple[str | None, str | None, int, tuple[str, ...]], Judged] = {}
MOST_JUDGED = 4096


def judged(model: Model, facts: Facts, purposes: tuple[str, ...]) -> Judged:
    """Judge a model's license and its host's terms, once for the same facts and purposes.

    The facts are known by their identity, which costs a tenth of hashing them; the entry holds
    them, so that no other facts can come to have it.
    """
    key = (model.license, model.host_terms, id(facts), purposes)
    found = _judged.get(key)
    if found is None:
        judgement = verdict(model.license, model.host_terms, facts, purposes)
        refusal = _refusal(judgement, (*facts.purposes, *purposes))
        found = Judged(facts, refusal, judgement.warnings)
        if len(_judged) >= MOST_JUDGED:
            _judged.clear()
        _judged[key] = found
    return found


def _refusal(judgement: Verdict, purposes: tuple[str, ...]) -> tuple[str, str | None] | None:
    """Refuse what a clause denies, and training on output when nobody can tell."""
    denied = judgement.first("deny")
    if denied is not None:
        return f"license {denied.license}: {denied.reason}", denied.cite
    training = [purpose for purpose in purposes if purpose.partition(":")[0] in TRAINING]
    unknown = judgement.first("unknown")
    if not training or unknown is None:
        return None
    reason = f"not known to allow {training[0]}; license {unknown.license}: {unknown.reason}"
    return reason, unknown.cite


def verdict(
    license_: str | None, host_terms: str | None, facts: Facts, purposes: tuple[str, ...]
) -> Verdict:
    """Judge the weights' license and the host's terms; the stricter one counts."""
    ids = tuple(id_ for id_ in (license_, host_terms) if id_ is not None)
    if not ids:
        return Verdict("unknown", (Finding("", None, "unknown", "no license is declared"),))
    return stricter([_judge(id_, facts, purposes) for id_ in ids])


def _judge(id_: str, facts: Facts, purposes: tuple[str, ...]) -> Verdict:
    found = card(id_)
    if found is None:
        return Verdict("unknown", (Finding(id_, None, "unknown", "there is no card of it"),))
    return judge(found, facts, purposes)
