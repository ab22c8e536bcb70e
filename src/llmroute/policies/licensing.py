"""License verdicts for models: cards are read once, verdicts kept per use."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from llmroute.catalog.data import names, read_table, read_text
from llmroute.catalog.families import base_licenses
from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from llmroute.catalog.entries import ModelEntry
    from llmroute.errors import Problem
    from llmroute.licenses import Asked, Card, Verdict
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
    from llmroute.licenses import read_card  # plans need cards, reading a policy does not

    problems: list[Problem] = []
    found = read_card(id_, Table(values, (), collector(f"{FOLDER}/{id_}.toml", problems)))
    if problems:
        raise PolicyError(problems)
    return found


@cache
def card_of_tag(tag: str) -> str | None:
    """The card of a license that hubs and files call `tag`; parses only cards that name it."""
    plain = tag.strip().lower()
    for name in card_names():
        text = read_text(f"{FOLDER}/{name}.toml") or ""
        if f'"{plain}"' in text:
            found = card(name)
            if found is not None and plain in found.tags:
                return name
    return plain if plain in card_names() else None


class Terms(NamedTuple):
    """All that binds a model: the license of its weights and of those they were made of, its host.

    `abilities` are those of the model that clauses ask for.
    """

    license: str | None
    host_terms: str | None
    base_licenses: tuple[str, ...] = ()
    abilities: frozenset[str] = frozenset()


class Judged(NamedTuple):
    """What a plan asks of a verdict, worked out: reason and clause of a refusal, and warnings."""

    facts: Facts
    refusal: tuple[str, str | None] | None
    warnings: tuple[str, ...]


_judged: dict[
    tuple[str | None, str | None, tuple[str, ...], bool, int, tuple[str, ...]], Judged
] = {}
_uses: dict[tuple[object, ...], Judged] = {}
MOST_JUDGED = 4096
SIGHT = frozenset({"vision"})


def judged(model: Model, facts: Facts, purposes: tuple[str, ...]) -> Judged:
    """Judge a model's licenses and its host's terms, once for the same facts and purposes.

    The facts are known by their identity, which costs a tenth of hashing them; the entry holds
    them, so that no other facts can come to have it. Others that differ in nothing that a clause
    asks for are not judged again either.
    """
    sees = "vision" in model.abilities
    license_, host, bases = model.license, model.host_terms, model.base_licenses
    key = (license_, host, bases, sees, id(facts), purposes)
    found = _judged.get(key)
    if found is None:
        answers = _asked(license_, host, bases).of(facts)
        use = (license_, host, bases, sees, purposes, answers)
        alike = _uses.get(use)
        if alike is None:
            alike = _judge_anew(model, facts, purposes)
            if len(_uses) >= MOST_JUDGED:
                _uses.clear()
            _uses[use] = alike
        found = alike if alike.facts is facts else Judged(facts, alike.refusal, alike.warnings)
        if len(_judged) >= MOST_JUDGED:
            _judged.clear()
        _judged[key] = found
    return found


def _judge_anew(model: Model, facts: Facts, purposes: tuple[str, ...]) -> Judged:
    judgement = verdict(terms_of(model), facts, purposes)
    refusal = _refusal(judgement, facts, (*facts.purposes, *purposes))
    return Judged(facts, refusal, () if facts.unknown == "allow" else judgement.warnings)


@lru_cache(MOST_JUDGED)
def _asked(license_: str | None, host: str | None, bases: tuple[str, ...]) -> Asked:
    """What the cards that bind a model ask of the facts."""
    from llmroute.licenses import Asked

    cards = (card(id_) for id_ in (license_, host, *bases) if id_ is not None)
    return Asked(one for one in cards if one is not None)


def terms_of(model: Model) -> Terms:
    """What binds a model."""
    sight = SIGHT if "vision" in model.abilities else frozenset[str]()
    return Terms(model.license, model.host_terms, model.base_licenses, sight)


def weights_terms(entry: ModelEntry) -> Terms:
    """What binds open weights, wherever they run."""
    bases = tuple(one for one in base_licenses(entry.base_models) if one != entry.license)
    return Terms(entry.license, None, bases, SIGHT & entry.abilities)


def _refusal(
    judgement: Verdict, facts: Facts, purposes: tuple[str, ...]
) -> tuple[str, str | None] | None:
    """Refuse what a clause denies, and what nobody can tell where the facts say so.

    Where they do not, that is training on output.
    """
    denied = judgement.first("deny")
    if denied is not None:
        return f"license {denied.license}: {denied.reason}", denied.cite
    unknown = judgement.first("unknown")
    if unknown is None or facts.unknown in {"warn", "allow"}:
        return None
    from llmroute.licenses import TRAINING

    training = [purpose for purpose in purposes if purpose.partition(":")[0] in TRAINING]
    if training:
        reason = f"not known to allow {training[0]}; {unknown}"
    elif facts.unknown == "deny":
        reason = f"not known to be allowed; {unknown}"
    else:
        return None
    return reason, unknown.cite


def verdict(terms: Terms, facts: Facts, purposes: tuple[str, ...] = ()) -> Verdict:
    """Judge the licenses of the weights, and the host's terms; the strictest one counts."""
    from llmroute.licenses import Finding, Verdict, stricter

    named = (terms.license, *terms.base_licenses, terms.host_terms)
    ids = dict.fromkeys(id_ for id_ in named if id_ is not None)
    found = [_judge(id_, facts, purposes, terms.abilities) for id_ in ids]
    if _undeclared(terms):
        nothing = Finding("", None, "unknown", "no license is declared")
        found.insert(0, Verdict("unknown", (nothing,)))
    return stricter(found)


def _undeclared(terms: Terms) -> bool:
    """Whether nobody said a license of the weights; a maker that hosts its own needs none."""
    if terms.license is not None:
        return False
    host = None if terms.host_terms is None else card(terms.host_terms)
    return host is None or host.models_of_others


def _judge(id_: str, facts: Facts, purposes: tuple[str, ...], abilities: frozenset[str]) -> Verdict:
    from llmroute.licenses import Finding, Verdict, judge

    found = card(id_)
    if found is None:
        return Verdict("unknown", (Finding(id_, None, "unknown", "there is no card of it"),))
    return judge(found, facts, purposes, abilities)
