"""A provider that answers what a test wrote down."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from llmroute.errors import RequestError

from .script import Until, play, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.usage import Usage

    from .script import Script, Spelled


class ScriptedProvider:
    """Answers as written, one argument an attempt; the last one is repeated for ever.

    An attempt is a string, a step, a list of steps, or a function of the call that returns one of
    these. Steps are strings (pieces of the answer), `Delay`, `Fail`, `CutShort` and the events of a
    provider (`Reasoning`, `ReasoningEnd`, `ToolCallPart`, `Progress`, `Vectors`, `UsageReport`,
    `Opened`, `End`). `Opened` comes right before the first content and `End("stop")` at the end,
    where they are not written.

    `usage` is reported before the end of each answer that does not report its own; None reports
    nothing, and llmroute estimates. `calls` holds what was asked, in order. Any number of threads
    and tasks may use it; a delay lasts by the call's clock, so a virtual one never really sleeps.

    Raises RequestError for an empty script, for what is no step, for a finish reason that does not
    exist, and for a step after the end of its attempt.
    """

    def __init__(self, *attempts: Script, usage: Usage | None = None) -> None:
        """Check the script."""
        if not attempts:
            raise RequestError(
                "there is nothing to answer",
                where="ScriptedProvider",
                hint='Write one argument for each attempt, e.g. ScriptedProvider("Hello")',
            )
        self.calls: list[Call] = []
        self._usage = usage
        self._attempts = [one if callable(one) else whole(one, usage) for one in attempts]
        self._lock = threading.Lock()

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Play the next attempt in this thread.

        Raises AttemptError as scripted, and of kind "interrupted" when the call was stopped.
        """
        steps = self._next(call)

        def answer() -> Iterator[ProviderEvent]:
            for event in play(steps, call):
                if isinstance(event, Until):
                    call.clock.sleep_until(event.moment, call.cancel)
                else:
                    yield event

        return answer()

    def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Play the next attempt on the running event loop; raises likewise."""
        steps = self._next(call)

        async def answer() -> AsyncIterator[ProviderEvent]:
            for event in play(steps, call):
                if isinstance(event, Until):
                    await call.clock.asleep_until(event.moment, call.cancel)
                else:
                    yield event

        return answer()

    def _next(self, call: Call) -> list[Spelled]:
        """Note `call` and return what it gets."""
        with self._lock:
            attempt = self._attempts[min(len(self.calls), len(self._attempts) - 1)]
            self.calls.append(call)
        return whole(attempt(call), self._usage) if callable(attempt) else attempt
