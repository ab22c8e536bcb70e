"""What the tests of the gate share: models, faults, and a hand at the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.health.admission import Ask, Closed, Permit
from llmroute.health.gate import HealthGate, unmarked
from llmroute.health.memory import Memory
from llmroute.types.models import Endpoint, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.faults import Fault
    from llmroute.types.usage import Usage


def at(name: str, host: str = "a", key: str | None = None) -> Model:
    """A model of a host, asked under a key of a name."""
    origin = f"https://{host}.example"
    endpoint = Endpoint(f"{origin}/v1", origin, name, key_name=key)
    return Model(name, "test", name, "openai-chat", endpoint=endpoint)


def fault(kind: str, wait_s: float | None = None, status: int | None = None) -> Fault:
    """A fault of a kind."""
    return AttemptError(kind, "as told", wait_s=wait_s, status=status).fault


class Hand:
    """Asks a gate at the moment `now`, which the test moves."""

    def __init__(
        self, memory: Memory | None = None, mark_of: Callable[[Model, Fault], object] = unmarked
    ) -> None:
        """Begin at 1000 s."""
        self.gate = HealthGate(memory or Memory(), mark_of)
        self.now = 1000.0

    def enter(self, model: Model, *, again: bool = False, forced: bool = False) -> Permit | Closed:
        """Ask to begin."""
        return self.gate.enter(self.now, model, Ask(again, forced))

    def let_in(self, model: Model, *, again: bool = False, forced: bool = False) -> Permit:
        """Begin; it must be let in."""
        permit = self.enter(model, again=again, forced=forced)
        assert isinstance(permit, Permit), permit
        return permit

    def kept_out(self, model: Model, *, again: bool = False, forced: bool = False) -> Closed:
        """Ask; it must be kept out."""
        closed = self.enter(model, again=again, forced=forced)
        assert isinstance(closed, Closed)
        return closed

    def leave(self, permit: Permit, bad: Fault | None = None, usage: Usage | None = None) -> None:
        """End an attempt."""
        self.gate.leave(self.now, permit, bad, usage)

    def fail(self, model: Model, bad: Fault, times: int = 1, *, forced: bool = False) -> None:
        """Let attempts fail, one after the other."""
        for _ in range(times):
            self.leave(self.let_in(model, forced=forced), bad)

    def answer(self, model: Model, times: int = 1, *, forced: bool = False) -> None:
        """Let attempts be answered, one after the other."""
        for _ in range(times):
            self.leave(self.let_in(model, forced=forced))

    def standing(self, *models: Model) -> dict[str, Closed]:
        """What is closed."""
        return dict(self.gate.standing(self.now, models))
