"""What the flow's tests share: models, plans and a hand that turns the crank."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from llmroute.errors import AttemptError
from llmroute.flow import Flow
from llmroute.flow import commands as do
from llmroute.flow import occurrences as on
from llmroute.types.events import End, Finish, Text
from llmroute.types.limits import Limits
from llmroute.types.models import Endpoint, Model
from llmroute.types.plans import Candidate, Plan
from llmroute.types.prices import Price
from llmroute.types.usage import TokenCount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.errors import LLMRouteError
    from llmroute.types.events import Event
    from llmroute.types.reply import Reply
    from llmroute.types.requests import OnBreak
    from llmroute.types.usage import Usage

PRICE = Price(Decimal(1), Decimal(10))


UNREAD = Finish(cast("Any", None))
"""The last event, whatever its reply."""


def remote(
    name: str, origin: str | None = None, key: str | None = None, window: int | None = None
) -> Model:
    """A remote model on an origin of its own, unless one is given."""
    origin = origin or f"https://{name}.example"
    endpoint = Endpoint(f"{origin}/v1", origin, name, key_name=key)
    return Model(
        name, "test", name, "openai-chat", endpoint=endpoint, price=PRICE, context_tokens=window
    )


def plan_of(*models: Model) -> Plan:
    """A plan that tries `models` in order."""
    return Plan(
        tuple(Candidate(model) for model in models),
        (),
        TokenCount(100, "estimate", 90, 110),
        "test",
        "first in the given order",
    )


class Crank:
    """Turns one flow by hand; `now` is whatever the test says it is."""

    def __init__(
        self,
        *models: Model,
        stream: bool = True,
        on_break: OnBreak = "raise",
        limits: Limits | None = None,
        chance: float = 1.0,
        **others: Any,
    ) -> None:
        """Begin at 0 s."""
        self.flow = Flow()
        self.now = 0.0
        self.started: list[str] = []
        self.events: list[Event] = []
        self.cancelled: list[int] = []
        self.records: list[tuple[int, str, str | None]] = []
        self.wake_at = 0.0
        self.id = 0
        self.start: do.Start | None = None
        self.reply: Reply[object] | None = None
        self.error: LLMRouteError | None = None
        snapshot = on.Snapshot(
            limits or Limits(), stream=stream, on_break=on_break, chance=lambda: chance, **others
        )
        self.feed(on.Begin(plan_of(*models), snapshot))

    def feed(self, occurrence: on.Occurrence, at: float | None = None) -> Sequence[do.Command]:
        """Report something, at a later moment if one is given."""
        self.now = self.now if at is None else at
        commands = self.flow.step(self.now, occurrence)
        for command in commands:
            self._note(command)
        return commands

    def _note(self, command: do.Command) -> None:
        match command:
            case do.Start():
                self.started.append(command.model.name)
                self.id, self.start = command.id, command
            case do.Emit(event):
                self.events.append(event)
            case do.Cancel(attempt_id, _):
                self.cancelled.append(attempt_id)
            case do.WakeAt(moment):
                self.wake_at = moment
            case do.Record(attempt):
                kind = attempt.fault.kind if attempt.fault else None
                self.records.append((attempt.number, attempt.outcome, kind))
            case do.Finish(reply):
                self.reply = reply
            case do.Fail(error):
                self.error = error

    def text(self, text: str, at: float | None = None) -> None:
        """The attempt under way yields text."""
        self.feed(on.Got(self.id, Text(text), len(text)), at)

    def fail(
        self,
        kind: str,
        at: float | None = None,
        wait_s: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        """The attempt under way fails."""
        error = AttemptError(kind, f"scripted {kind}", wait_s=wait_s)
        self.feed(on.Failed(self.id, error, usage), at)

    def end(self, at: float | None = None, usage: Usage | None = None) -> None:
        """The attempt under way is complete."""
        self.feed(on.Ended(self.id, End("stop"), usage), at)

    @property
    def shown(self) -> list[Event]:
        """The events without the last one's reply, to be compared."""
        return [UNREAD if isinstance(event, Finish) else event for event in self.events]
