"""What a license allows: cards of clauses, judged against the facts of the application."""

from __future__ import annotations

from .asked import Asked
from .cards import Card, Clause, PurposeCondition, Threshold, read_card
from .verdicts import TRAINING, Finding, Verdict, judge, stricter

__all__ = [
    "TRAINING",
    "Asked",
    "Card",
    "Clause",
    "Finding",
    "PurposeCondition",
    "Threshold",
    "Verdict",
    "judge",
    "read_card",
    "stricter",
]
