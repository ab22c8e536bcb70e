"""A gate before another one: it keeps attempts from a network that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .offline import told_by

if TYPE_CHECKING:
    from llmroute.types.faults import Fault
    from llmroute.types.models import Model
    from llmroute.types.usage import Usage

    from .admission import Ask, Closed, Gate, Permit
    from .offline import Offline


class NetworkGate:
    """Asks `offline` before `inner`, and tells it how each attempt ended."""

    __slots__ = ("_inner", "_offline", "drop", "spent", "standing")

    def __init__(self, inner: Gate, offline: Offline) -> None:
        """Begin."""
        self._inner = inner
        self._offline = offline
        self.drop = inner.drop
        self.spent = inner.spent
        self.standing = inner.standing

    def enter(self, now: float, model: Model, ask: Ask, /) -> Permit | Closed:
        """Let an attempt begin that needs no network, or has one, or is the last resort."""
        closed = None if ask.forced else self._offline.closed(now, model)
        return self._inner.enter(now, model, ask) if closed is None else closed

    def leave(
        self, now: float, permit: Permit, fault: Fault | None, usage: Usage | None, /
    ) -> None:
        """Take that an attempt was answered, or failed; what the network did blames nobody."""
        offline = self._offline
        offline.note(now, permit.model, fault)
        if fault is None or not offline.gone(now) or told_by(fault) not in {"no way", "silence"}:
            self._inner.leave(now, permit, fault, usage)
        else:
            self._inner.drop(permit)
