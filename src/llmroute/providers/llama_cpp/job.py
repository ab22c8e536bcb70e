"""One call in an engine's queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bindings import AbortFlag

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault


class Job:
    """One call in an engine's queue: where its events go, and the flag that stops it."""

    __slots__ = ("call", "emit", "flag")

    def __init__(self, call: Call, emit: Callable[[ProviderEvent | Fault], None]) -> None:
        """Queue `call`; `emit` is called in the engine's thread, a `Fault` last on failure."""
        self.call = call
        self.emit = emit
        self.flag = AbortFlag()

    def stop(self) -> None:
        """Stop the computation, now or as soon as it begins; from any thread."""
        self.flag.set()
