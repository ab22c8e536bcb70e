"""Attempts and the reply they end in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, cast

from .frozen import dataclass
from .messages import Message, ToolCall

if TYPE_CHECKING:
    from decimal import Decimal

    from typing_extensions import TypeVar

    from .events import FinishReason
    from .faults import Fault
    from .messages import Part
    from .models import Model
    from .plans import Plan
    from .usage import Usage

    OutputT_co = TypeVar("OutputT_co", default=None, covariant=True)
else:  # the same without a default, which Python has from 3.13 on
    from typing import TypeVar

    OutputT_co = TypeVar("OutputT_co", covariant=True)

OutputT = TypeVar("OutputT")

Outcome = Literal["answered", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one model.

    `started_s`, `opened_s`, `first_token_s` and `ended_s` are seconds since the call began, None
    for what never came. `cost_usd` of None means: not known. `service_tier` is the tier that the
    provider says it served at, whose price counts where one is known; None: it named none.
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
    service_tier: str | None = None


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
class Reply(Generic[OutputT_co]):
    """The answer and how it came about; its repr shows sizes, never content.

    `parts` are all that the model said, in its order: text, reasoning, calls of tools. `output` is
    the value of the shape that was asked for, else None; it is also None when the model asks for
    tools first (`finish_reason` is "tool_calls"). `cost_usd` covers every attempt and is None when
    the price of one is not known. `warnings` says what a user should know: a retirement that is
    near, a parameter that was dropped.
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
    parts: tuple[Part, ...] = ()
    output: OutputT_co = cast("OutputT_co", None)

    @property
    def message(self) -> Message:
        """The answer as a message, to be appended to the history."""
        return Message("assistant", self.parts or (self.text,))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that the model asks for, in its order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

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

    def _repr_html_(self) -> str:
        """The answer itself, which a person asks for by showing it in a notebook."""
        from .markup import reply_html

        return reply_html(self)

    def _repr_markdown_(self) -> str:
        """The same where HTML is not shown."""
        from .markup import reply_markdown

        return reply_markdown(self)


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector per text, in the order of the texts; its repr shows sizes, never content.

    `cost_usd` covers every attempt and is None when the price of one is not known. `duration_s` is
    in seconds.
    """

    vectors: tuple[tuple[float, ...], ...]
    model: Model
    usage: Usage
    cost_usd: Decimal | None
    plan: Plan
    attempts: tuple[Attempt, ...]
    duration_s: float
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        size = len(self.vectors[0]) if self.vectors else 0
        return f"Embeddings({len(self.vectors)} of {size} dimensions from {self.model.name!r})"

    def _repr_html_(self) -> str:
        """A line about them, for a notebook; the numbers would say nothing to a person."""
        from .markup import embeddings_html

        return embeddings_html(self)
