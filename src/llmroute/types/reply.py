"""Attempts and the reply they end in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .messages import Message

if TYPE_CHECKING:
    from decimal import Decimal

    from .events import FinishReason
    from .faults import Fault
    from .models import Model
    from .plans import Plan
    from .usage import Usage

Outcome = Literal["answered", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one model.

    `started_s`, `opened_s`, `first_token_s` and `ended_s` are seconds since the call began, None
    for what never came. `cost_usd` of None means: not known.
    """

    number: int
    model: Model
    outcome: Outcome
    started_s: float
    ended_s: float
    opened_s: float | None = None
    first_token_s: float | None = None
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class PartialReply:
    """What was shown of an answer that never became whole; its repr shows sizes, never content."""

    text: str
    model: Model
    usage: Usage
    cost_usd: Decimal | None
    reasoning: str = ""

    def __repr__(self) -> str:
        return f"PartialReply({len(self.text)} characters from {self.model.name!r})"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer and how it came about; its repr shows sizes, never content.

    `cost_usd` covers every attempt and is None when the price of one is not known. `warnings` says
    what a user should know: a retirement that is near, a parameter that was dropped.
    """

    text: str
    model: Model
    usage: Usage
    cost_usd: Decimal | None
    finish_reason: FinishReason
    plan: Plan
    attempts: tuple[Attempt, ...]
    duration_s: float
    reasoning: str = ""
    refused: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def message(self) -> Message:
        """The answer as a message, to be appended to the history."""
        return Message("assistant", (self.text,))

    @property
    def fell_back(self) -> bool:
        """Whether another model than the plan's first answered."""
        return self.plan.model != self.model

    @property
    def why(self) -> str:
        """One line: why this model, and what became of those before it."""
        failed = [
            f"{attempt.model.name} failed: {attempt.fault.reason}"
            for attempt in self.attempts
            if attempt.fault is not None and attempt.model.name != self.model.name
        ]
        return self.plan.why_model(self.model, list(dict.fromkeys(failed)))

    def __repr__(self) -> str:
        return (
            f"Reply({len(self.text)} characters from {self.model.name!r}, "
            f"{self.usage.input_tokens}+{self.usage.output_tokens} tokens, "
            f"{self.finish_reason!r}, {len(self.attempts)} attempts)"
        )
