"""What a preference does about models of which its number is not known: last, first, or refuse."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from llmroute.types.plans import Refusal
from llmroute.types.tuples import NamedTuple

from .mistakes import wrong

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint, Objective, Situation

UNKNOWN = ("last", "first", "refuse")
"""Where a model comes of which the number is not known; "refuse" is nowhere."""


class Known(NamedTuple):
    """What `unknown = "refuse"` asks for: that an objective's value is known."""

    objective: Objective
    reason: str

    def check(self, situation: Situation, model: Model) -> Refusal | None:
        """Refuse a model of which the value is not known, nor a finite number.

        A task that was detected lets no model in.
        """
        if situation.detected is not None:
            refusal = self.check(situation._replace(detected=None), model)
            if refusal is not None:
                return refusal
        value = self.objective(situation, model)
        if value is not None and isfinite(value):
            return None
        return Refusal(model, "unknown", self.reason)


def known(objective: Objective, reason: str = "") -> Constraint:
    """Refuse models of which an objective's value is not known, for this reason."""
    name = getattr(objective, "__name__", "objective")
    return Known(objective, reason or f"its {name} is not known").check


def check_unknown(where: str, given: str) -> None:
    """Check the word for what is unknown; raises PolicyError."""
    if given not in UNKNOWN:
        hint = 'Write unknown="refuse", "last" or "first"'
        raise wrong(f"{where}.unknown", "there is no such word", hint)
