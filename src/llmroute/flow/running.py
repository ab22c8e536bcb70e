"""One attempt under way: what it yielded, when, and which limit it runs under."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from llmroute.errors import AttemptError
from llmroute.tokens import expected_tokens
from llmroute.types.events import Reasoning, ReasoningEnd, Text, ToolCallPart, Vectors
from llmroute.types.reply import Attempt
from llmroute.types.usage import Usage

if TYPE_CHECKING:
    from llmroute.health.admission import Permit
    from llmroute.types.faults import Fault
    from llmroute.types.messages import ReasoningBlock
    from llmroute.types.models import Model
    from llmroute.types.reply import Outcome

    from .occurrences import Content, Shown

NOTHING = Usage()

LimitKind = Literal["first_token_timeout", "answer_timeout", "stalled"]

TIMED_OUT: dict[LimitKind, str] = {
    "first_token_timeout": "no content within {seconds:.3g} s",
    "answer_timeout": "no whole answer within {seconds:.3g} s",
    "stalled": "no further content for {seconds:.3g} s",
}


class Asked:
    """A call of a tool as it comes in, piece by piece."""

    __slots__ = ("arguments", "id", "name", "signature")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.signature: str | None = None

    def take(self, part: ToolCallPart) -> None:
        """Take a piece; what it does not say stays."""
        self.id = part.id or self.id
        self.name = part.name or self.name
        self.signature = part.signature or self.signature
        if part.arguments:
            self.arguments.append(part.arguments)


class Running:
    """State of one attempt; times are moments of the driver's clock.

    `goes_on` is the attempt whose text this one goes on from: that text stands before its own.
    `room` is how many more tokens it may say.
    """

    __slots__ = (
        "asked",
        "first_token_at",
        "goes_on",
        "id",
        "index",
        "limit_at",
        "limit_from",
        "limit_kind",
        "marks",
        "model",
        "opened_at",
        "permit",
        "reasoning",
        "reported",
        "room",
        "service_tier",
        "started_at",
        "text",
        "vectors",
    )

    def __init__(self, attempt_id: int, index: int, permit: Permit, now: float) -> None:
        """Begin attempt `attempt_id` of candidate `index`."""
        self.id = attempt_id
        self.index = index
        self.permit = permit
        self.model: Model = permit.model
        self.goes_on: Running | None = None
        self.room = 0
        self.started_at = now
        self.opened_at: float | None = None
        self.first_token_at: float | None = None
        self.limit_kind: LimitKind = "answer_timeout"
        self.limit_from = now
        self.limit_at = now
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.reported: Usage | None = None
        self.service_tier: str | None = None
        self.asked: dict[int, Asked] = {}
        self.marks: list[tuple[int, ReasoningBlock | Asked]] = []
        self.vectors: tuple[tuple[float, ...], ...] = ()

    def go_on_from(self, before: Running) -> None:
        """Begin with the text of `before`, which stands."""
        self.goes_on = before
        self.text = ["".join(before.text)]
        self.reasoning = list(before.reasoning)

    def limit(self, kind: LimitKind, start: float, end: float) -> None:
        """Run under the limit `kind` from `start` to `end`."""
        self.limit_kind = kind
        self.limit_from = start
        self.limit_at = end

    def time_out_fault(self) -> Fault:
        """Say which limit ran out."""
        words = TIMED_OUT[self.limit_kind].format(seconds=self.limit_at - self.limit_from)
        return AttemptError(self.limit_kind, words).fault

    def take(self, now: float, event: Content, size: int) -> Shown | None:
        """Keep what came in, `size` characters of it; returns what of it a caller sees.

        A piece counts as a token at least, and as one for each eight characters: too few, never too
        many.
        """
        self.room -= 1 + size // 8
        shown: Shown | None = None
        if isinstance(event, Text):
            if not event.text:
                return None
            self.text.append(event.text)
            shown = event
        elif isinstance(event, Reasoning):
            self.reasoning.append(event.text)
            shown = event
        elif isinstance(event, ToolCallPart):
            self._ask(event)
            shown = event
        elif isinstance(event, ReasoningEnd):
            self.marks.append((len(self.text), event.block))
            return None
        elif isinstance(event, Vectors):
            self.vectors = event.vectors
        if self.first_token_at is None:
            self.first_token_at = now
        return shown

    def _ask(self, part: ToolCallPart) -> None:
        """Keep a piece of a tool call, and where in the text the call stands."""
        if part.position not in self.asked:
            self.asked[part.position] = Asked()
            self.marks.append((len(self.text), self.asked[part.position]))
        self.asked[part.position].take(part)

    def report(self, usage: Usage | None, service_tier: str | None) -> None:
        """Keep what the provider reported: the usage, and the tier that it served at."""
        self.reported = usage
        self.service_tier = service_tier

    def usage(self, input_tokens: int, *, complete: bool) -> Usage:
        """What was used: as reported, else estimated; nothing if it was never taken.

        `complete`: it counts as taken although nothing came. Most servers say nothing before a
        whole answer is there, and what was cancelled or timed out meanwhile is worked at, and paid.
        """
        if self.reported is not None:
            return self.reported
        if self.opened_at is None and self.first_token_at is None and not complete:
            return NOTHING
        said, before = self.text, self.goes_on
        if before is not None:
            input_tokens += expected_tokens(said[0])
            said = [*self.reasoning[len(before.reasoning) :], *said[1:]]
        elif self.reasoning:
            said = [*self.reasoning, *said]
        if self.asked:
            said = [*said, *self._called()]
        return Usage(input_tokens, expected_tokens("".join(said)), estimated=True)

    def _called(self) -> list[str]:
        """What was said in calls of tools."""
        return [piece for asked in self.asked.values() for piece in (asked.name, *asked.arguments)]

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
            self.cost_usd(usage),
            fault,
            self.service_tier,
        )

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """Price `usage`; 0 when nothing was used, None when the price is not known.

        What was served at another tier than was asked for costs what it does there, if that is
        known, else what was asked for.
        """
        price, tier = self.model.price, self.service_tier
        if usage is NOTHING:
            return Decimal(0)
        if price is None:
            return None
        if tier not in (None, self.model.service_tier):
            price = price.at_tier(tier) or price
        return price.cost_usd(usage)
