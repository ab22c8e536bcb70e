"""What the flow wants done; the driver does it, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from llmroute.errors import LLMRouteError
    from llmroute.types.events import Event
    from llmroute.types.models import Model
    from llmroute.types.reply import Attempt, Reply


class Start(NamedTuple):
    """Begin attempt `id`; `limit_at` and `deadline_at` are moments, `connect_s` seconds."""

    id: int
    model: Model
    limit_at: float
    deadline_at: float
    connect_s: float
    prefix: str = ""


class Cancel(NamedTuple):
    """Stop attempt `id`; its end is still reported."""

    id: int
    why: str


class Emit(NamedTuple):
    """Show the caller an event."""

    event: Event


class WakeAt(NamedTuple):
    """Report a Tick at this moment at the latest; the last one holds."""

    moment: float


class Record(NamedTuple):
    """Tell the observers of a finished attempt."""

    attempt: Attempt


class Finish(NamedTuple):
    """The call is answered."""

    reply: Reply[object]


class Fail(NamedTuple):
    """The call failed."""

    error: LLMRouteError


Command = Start | Cancel | Emit | WakeAt | Record | Finish | Fail
Commands = tuple[Command, ...]
