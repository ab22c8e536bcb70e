"""Events: what a provider yields, and what a caller of `stream` sees.

They are named tuples: a stream makes one per chunk, and a named tuple costs a tenth of a frozen
dataclass to define and less to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from .messages import ReasoningBlock
    from .models import Model
    from .reply import Reply
    from .usage import Usage

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Text(NamedTuple):
    """A piece of the answer."""

    text: str


class Reasoning(NamedTuple):
    """A piece of what the model thinks before it answers."""

    text: str


class ReasoningEnd(NamedTuple):
    """A stretch of reasoning is complete; `block` goes back to its provider with the next turn."""

    block: ReasoningBlock


class ToolCallPart(NamedTuple):
    """A piece of a tool call: `arguments` is a fragment of JSON; `position` tells calls apart.

    `signature` is what the provider wants back with the call; it comes whole, with any piece.
    """

    position: int
    id: str | None
    name: str | None
    arguments: str
    signature: str | None = None


class Progress(NamedTuple):
    """More of the answer came in, but it cannot be shown yet: it counts as content, and is none."""


class Vectors(NamedTuple):
    """Embeddings: one vector per text, in the order of the texts."""

    vectors: tuple[tuple[float, ...], ...]


class UsageReport(NamedTuple):
    """What the provider says was used so far; a later report replaces an earlier one.

    `service_tier` is the tier that it says the request was served at; None: it names none.
    """

    usage: Usage
    service_tier: str | None = None


class Opened(NamedTuple):
    """The upstream took the request: connected, and answered with a good status."""


class End(NamedTuple):
    """The answer is complete. A provider that stops without it was cut off.

    `refused` is True when the text is the model's refusal to answer.
    """

    finish_reason: FinishReason
    refused: bool = False


class Restarted(NamedTuple):
    """The stream broke; `discarded`, what was shown so far, is void, and `model` begins anew."""

    model: Model
    discarded: str


class Resumed(NamedTuple):
    """The stream broke; what was shown so far stands, and `model` goes on from its end."""

    model: Model


class Finish(NamedTuple):
    """The last event of a stream; `reply` is the whole reply."""

    reply: Reply[object]


ProviderEvent = (
    Text | Reasoning | ReasoningEnd | ToolCallPart | Progress | Vectors | UsageReport | Opened | End
)
Event = Text | Reasoning | ToolCallPart | UsageReport | Restarted | Resumed | Finish
