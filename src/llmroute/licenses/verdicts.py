"""Verdicts: whether a license allows the use that the facts describe, and why.

A reading by laymen, with the clause cited so that it can be checked; no legal advice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .conditions import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.types.plans import Facts

    from .cards import Card, Clause
    from .conditions import Met

Status = Literal["allowed", "allowed_with_duties", "unknown", "denied"]
STRICTNESS: tuple[Status, ...] = ("allowed", "allowed_with_duties", "unknown", "denied")

TRAINING = frozenset({"improve_llm", "distill", "synthetic_data"})
"""Purposes that train models: an unknown verdict refuses them."""


class Finding(NamedTuple):
    """One clause that bears on the use; `cite` is None when no clause does.

    `license` is "" when no license is known.
    """

    license: str
    cite: str | None
    effect: Literal["deny", "duty", "review", "unknown"]
    reason: str

    def __str__(self) -> str:
        """Say it in one line, the clause left out."""
        return f"license {self.license}: {self.reason}" if self.license else self.reason


class Verdict(NamedTuple):
    """Whether the use is allowed; a fact that a clause needs and nobody stated makes it unknown."""

    status: Status
    findings: tuple[Finding, ...] = ()

    @property
    def duties(self) -> tuple[str, ...]:
        """What the license asks for in return, each with its clause."""
        return self._reasons("duty")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody should look at, each with its clause."""
        return self._reasons("review") + self._reasons("unknown")

    def first(self, effect: str) -> Finding | None:
        """Take the first finding of an effect."""
        return next((one for one in self.findings if one.effect == effect), None)

    def _reasons(self, effect: str) -> tuple[str, ...]:
        return tuple(
            f"{one} ({one.cite})" if one.cite else str(one)
            for one in self.findings
            if one.effect == effect
        )


def judge(
    card: Card,
    facts: Facts,
    purposes: Sequence[str] = (),
    abilities: frozenset[str] = frozenset(),
) -> Verdict:
    """Judge the use that `facts` and the request's own `purposes` describe.

    `abilities` are those of the model: some clauses bear on models that see only. A permission of
    the owner lifts what denies or is not known; the duties of the license stand beside it.
    """
    purposes = tuple(dict.fromkeys((*facts.purposes, *purposes)))
    findings = tuple(_findings(card, facts, purposes, abilities))
    agreement = dict(facts.granted).get(card.id)
    if agreement is not None:
        granted = Finding(card.id, None, "duty", f"permitted by {agreement}")
        duties = (one for one in findings if one.effect == "duty")
        return Verdict("allowed_with_duties", (granted, *duties))
    effects = {one.effect for one in findings}
    if "deny" in effects:
        return Verdict("denied", findings)
    if "unknown" in effects:
        return Verdict("unknown", findings)
    return Verdict("allowed_with_duties" if findings else "allowed", findings)


def stricter(verdicts: Sequence[Verdict]) -> Verdict:
    """Join the verdicts on weights and host: the strictest status, every finding."""
    strictest = max(STRICTNESS.index(one.status) for one in verdicts)
    return Verdict(
        STRICTNESS[strictest], tuple(finding for one in verdicts for finding in one.findings)
    )


def _findings(
    card: Card, facts: Facts, purposes: tuple[str, ...], abilities: frozenset[str]
) -> Iterator[Finding]:
    for clause in card.clauses:
        asked = tuple(conditions(clause, facts, purposes, abilities))
        if all(holds is not False for holds, _ in asked):
            yield _finding(card.id, clause, asked)


def _finding(license_: str, clause: Clause, asked: tuple[Met, ...]) -> Finding:
    """Say what a clause means when none of its conditions fails."""
    missing = [text for holds, text in asked if holds is None]
    if missing:
        reason = f"[facts] {' and '.join(missing)} not stated; {clause.reads}"
        return Finding(license_, clause.cite, "unknown", reason)
    met = ", ".join(text for _, text in asked if text)
    reason = f"{clause.reads} ({met})" if met else clause.reads
    return Finding(license_, clause.cite, clause.effect, reason)
