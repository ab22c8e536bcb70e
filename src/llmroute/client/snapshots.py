"""What a call is run with: limits, waits, and which answers count."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.health.waits import wait_s
from llmroute.types.frozen import replace

from .backoff import chance, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmroute.flow.occurrences import Snapshot
    from llmroute.health import Observations
    from llmroute.health.admission import Gate
    from llmroute.types.plans import Plan
    from llmroute.types.reply import Attempt
    from llmroute.types.requests import OnBreak
    from llmroute.types.secrets import Secret

    from .backoff import Backoff
    from .setup import Setup


class Snapshots:
    """Those of a client; calls without options of their own share one of each kind."""

    def __init__(
        self,
        setup: Setup,
        backoff: Backoff | None,
        gate: Callable[[Secret | None], Gate],
        observations: Observations,
    ) -> None:
        """Make none yet: whoever only plans needs no flow and no gate."""
        self._setup = setup
        self._observations = observations
        self._percentile = setup.limits.hedge_percentile
        self._hedges = setup.limits.hedge_after_s is not None or self._percentile is not None
        self._backoff = backoff
        self._gate = gate
        self._plain: dict[bool, Snapshot] = {}

    def of(
        self,
        values: Mapping[str, object],
        plan: Plan,
        *,
        stream: bool,
        key: Secret | None = None,
    ) -> Snapshot:
        """What a call with these options is run with; under a key of its own, by itself."""
        plain = self._plain.get(stream)
        if plain is None:
            plain = self._plain[stream] = self._made(stream=stream)
        if key is not None:
            plain = plain._replace(gate=self._gate(key))
        if self._hedges or "hedge_after_s" in values:
            plain = plain._replace(hedge_s=self._hedge_s(values, plan, stream=stream))
        if not values:
            return plain
        limits = plain.limits
        if "deadline_s" in values:
            limits = replace(limits, deadline_s=cast("float", values["deadline_s"]))
        on_break = cast("OnBreak", values.get("on_break", limits.on_break))
        return plain._replace(limits=limits, on_break=on_break)

    def _made(self, *, stream: bool) -> Snapshot:
        from llmroute.driver.hooks import accepting
        from llmroute.flow.occurrences import Snapshot

        limits = self._setup.limits
        return Snapshot(
            limits,
            stream,
            limits.on_break,
            waits(self._backoff),
            chance,
            self._gate(None),
            accept=accepting(self._setup.accept),
        )

    def _hedge_s(self, values: Mapping[str, object], plan: Plan, *, stream: bool) -> float | None:
        """After how long the next candidate starts: as the call says, as learned, as usual."""
        if len(plan.candidates) == 1:  # there is no other
            return None
        usual_s = self._setup.limits.hedge_after_s
        if "hedge_after_s" in values or self._percentile is None or not plan.candidates:
            return cast("float | None", values.get("hedge_after_s", usual_s))
        first = plan.candidates[0].model
        learned_s = self._observations.wait_s(first, self._percentile, stream=stream)
        return usual_s if learned_s is None else learned_s

    def note(self, attempt: Attempt, snapshot: Snapshot) -> None:
        """Learn how long a model lets its callers wait, where that is asked for."""
        if self._percentile is None:
            return
        stream = snapshot.stream
        seconds = wait_s(attempt, snapshot.hedge_s, stream=stream)
        if seconds is not None:
            self._observations.waited(attempt.model, seconds, stream=stream)
