"""What a client lends to a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.driver.session import Order
    from llmroute.types.calls import Clock, Provider
    from llmroute.types.models import Model
    from llmroute.types.reply import Attempt
    from llmroute.types.secrets import Secret

    from .core import Core


class Lent:
    """What one call is lent: the client's resources, and a key of its own if it was given one."""

    __slots__ = ("_core", "_key", "clock", "gone", "started")

    def __init__(self, core: Core, key: Secret | None) -> None:
        """Lend `core`; `key` goes before the client's own keys."""
        self._core = core
        self._key = key
        self.clock: Clock = core.clock
        self.started = core.observations.started
        self.gone = core.observations.gone

    def provider(self, model: Model) -> Provider:
        """The provider that answers for `model`."""
        return self._core.registry.provider(model)

    def key(self, model: Model) -> Secret | None:
        """The key of `model`; raises AttemptError when it is missing or cannot be sent."""
        return self._core.keyring.read(model, self._key)

    def record(self, attempt: Attempt, order: Order) -> None:
        """Tell the observers of a finished attempt of a call."""
        self._core.record(attempt, order)
