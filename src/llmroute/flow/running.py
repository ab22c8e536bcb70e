"""One attempt under way: what it yielded, when, and which limit it runs under."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from llmroute.tokens import expected_tokens
from llmroute.types.events import Reasoning, Text
from llmroute.types.reply import Attempt
from llmroute.types.usage import Usage

if TYPE_CHECKING:
    from llmroute.types.faults import Fault
    from llmroute.types.models import Model
    from llmroute.types.reply import Outcome

    from .occurrences import Content

NOTHING = Usage()

LimitKind = Literal["first_token_timeout", "answer_timeout", "stalled"]

TIMED_OUT: dict[LimitKind, str] = {
    "first_token_timeout": "no content within {seconds:.3g} s",
    "answer_timeout": "no whole answer within {seconds:.3g} s",
    "stalled": "no further content for {seconds:.3g} s",
}


class Running:
    """State of one attempt; times are moments of the driver's clock."""

    __slots__ = (
        "first_token_at",
        "id",
        "index",
        "limit_at",
        "limit_from",
        "limit_kind",
        "model",
        "opened_at",
        "reasoning",
        "reported",
        "started_at",
        "text",
    )

    def __init__(self, attempt_id: int, index: int, model: Model, now: float) -> None:
        """Begin attempt `attempt_id` of candidate `index`."""
        self.id = attempt_id
        self.index = index
        self.model = model
        self.started_at = now
        self.opened_at: float | None = None
        self.first_token_at: float | None = None
        self.limit_kind: LimitKind = "answer_timeout"
        self.limit_from = now
        self.limit_at = now
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.reported: Usage | None = None

    def limit(self, kind: LimitKind, start: float, end: float) -> None:
        """Run under the limit `kind` from `start` to `end`."""
        self.limit_kind = kind
        self.limit_from = start
        self.limit_at = end

    def timed_out(self) -> str:
        """Say which limit ran out, in words."""
        return TIMED_OUT[self.limit_kind].format(seconds=self.limit_at - self.limit_from)

    def take(self, now: float, event: Content) -> bool:
        """Keep what came in; True when it is content."""
        if isinstance(event, Text):
            if not event.text:
                return False
            self.text.append(event.text)
        elif isinstance(event, Reasoning):
            self.reasoning.append(event.text)
        if self.first_token_at is None:
            self.first_token_at = now
        return True

    def usage(self, input_tokens: int, *, complete: bool) -> Usage:
        """What was used: as reported, else estimated; nothing if it was never taken."""
        if self.reported is not None:
            return self.reported
        if self.opened_at is None and self.first_token_at is None and not complete:
            return NOTHING
        output_tokens = expected_tokens("".join([*self.reasoning, *self.text]))
        return Usage(input_tokens, output_tokens, estimated=True)

    def attempt(
        self, began_at: float, now: float, usage: Usage, outcome: Outcome, fault: Fault | None
    ) -> Attempt:
        """Write the attempt down; moments become seconds since the call began."""
        opened_at, first_token_at = self.opened_at, self.first_token_at
        return Attempt(
            self.id,
            self.model,
            outcome,
            self.started_at - began_at,
            now - began_at,
            None if opened_at is None else opened_at - began_at,
            None if first_token_at is None else first_token_at - began_at,
            usage,
            cost_usd(self.model, usage),
            fault,
        )


def cost_usd(model: Model, usage: Usage) -> Decimal | None:
    """Price `usage`; 0 when nothing was used, None when the price is not known."""
    if usage is NOTHING:
        return Decimal(0)
    return None if model.price is None else model.price.cost_usd(usage)
