"""What a call is run with: limits, waits, and which answers count."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.types.frozen import replace

from .backoff import chance, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmroute.flow.occurrences import Snapshot
    from llmroute.health.admission import Gate
    from llmroute.types.requests import OnBreak
    from llmroute.types.secrets import Secret

    from .backoff import Backoff
    from .setup import Setup


class Snapshots:
    """Those of a client; calls without options of their own share one of each kind."""

    def __init__(
        self, setup: Setup, backoff: Backoff | None, gate: Callable[[Secret | None], Gate]
    ) -> None:
        """Make none yet: whoever only plans needs no flow and no gate."""
        self._setup = setup
        self._backoff = backoff
        self._gate = gate
        self._plain: dict[bool, Snapshot] = {}

    def of(
        self, values: Mapping[str, object], *, stream: bool, key: Secret | None = None
    ) -> Snapshot:
        """What a call with these options is run with; under a key of its own, by itself."""
        plain = self._plain.get(stream)
        if plain is None:
            plain = self._plain[stream] = self._made(stream=stream)
        if key is not None:
            plain = plain._replace(gate=self._gate(key))
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
            hedge_s=limits.hedge_after_s,
        )
