"""Conditions of clauses: whether each holds for the facts of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .places import UNION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llmroute.types.plans import Facts

    from .cards import Clause, PurposeCondition, Threshold

Met = tuple[bool | None, str]
"""Whether a condition holds, and what was met; None: a fact is missing, and which one."""


def conditions(
    clause: Clause, facts: Facts, purposes: tuple[str, ...], abilities: frozenset[str]
) -> Iterator[Met]:
    """Yield, for each condition of a clause, whether it holds."""
    if clause.modality is not None:
        seen = abilities.intersection(clause.modality)
        yield bool(seen), f"the model takes {', '.join(sorted(seen))}" if seen else ""
    if clause.purpose is not None:
        yield _purpose(clause.purpose, purposes)
    if clause.threshold is not None:
        yield _threshold(clause.threshold, facts)
    if clause.only_commercial:
        yield facts.commercial, "commercial" if facts.commercial is None else "commercial use"
    yield from _places(clause, facts)
    yield from _use(clause, facts)


def _use(clause: Clause, facts: Facts) -> Iterator[Met]:
    if clause.field_of_use is not None:
        stated = facts.fields_of_use
        if stated is None and clause.if_stated:
            stated = ()
        yield _any_of(stated, clause.field_of_use, "fields_of_use")
    if clause.distribution is not None:
        yield _distribution(clause.distribution, facts.distributes)


def _places(clause: Clause, facts: Facts) -> Iterator[Met]:
    if clause.licensee_domicile_in is not None:
        domicile = None if facts.licensee_domicile is None else (facts.licensee_domicile,)
        yield _any_of(domicile, _countries(clause.licensee_domicile_in), "licensee_domicile")
    if clause.use_territory_in is not None:
        countries = _countries(clause.use_territory_in)
        yield _any_of(facts.use_territories, countries, "use_territories")


def _countries(places: tuple[str, ...]) -> frozenset[str]:
    """Country codes, the European Union as its members."""
    named = frozenset(places)
    return named - {"EU"} | UNION if "EU" in named else named


def _any_of(stated: tuple[str, ...] | None, named: Iterable[str], fact: str) -> Met:
    if stated is None:
        return None, fact
    found = [one for one in stated if one in named]
    return bool(found), ", ".join(found)


def _distribution(named: tuple[str, ...], distributes: str | None) -> Met:
    """Whether something is passed on; nobody having said so, it is reckoned with."""
    if distributes is None:
        return True, f"if {' or '.join(named)} is passed on: [facts] distributes is not stated"
    return distributes in named, ""


def _purpose(condition: PurposeCondition, purposes: tuple[str, ...]) -> Met:
    if not purposes:
        return None, "purposes"
    for purpose in purposes:
        name, _, target = purpose.partition(":")
        if name in condition.any_of and (not target or target != condition.except_family):
            return True, f"purpose {purpose}"
    return False, ""


def _threshold(threshold: Threshold, facts: Facts) -> Met:
    value = dict(getattr(facts, threshold.metric)).get(threshold.month)
    if value is None:
        return None, f'{threshold.metric}."{threshold.month}"'
    beyond = value >= threshold.above if threshold.inclusive else value > threshold.above
    return beyond, f"{value:,} in {threshold.month}"
