"""Admission: whether an attempt may begin now, and what becomes of it; the flow asks, health says.

Times are moments of the call's clock, in seconds.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmroute.types.faults import Fault
    from llmroute.types.models import Model
    from llmroute.types.usage import Usage


def nobody() -> bool:
    """Wake nobody: there is nobody who waits."""
    return False


class Ask(NamedTuple):
    """How an attempt asks to begin.

    `again` marks a retry of the same model, or a hedge: what the retry budget pays for. `forced`
    says that nobody else is left. `tokens` are those of prompt and expected answer. `wake` is
    called, from any thread, when waiting may be over; it returns False when nobody waits any more,
    so that the next in line can be woken. `payer` is whose budget pays for it: a hedge is paid by
    the model that keeps silent; None: its own. `until` is the moment until which it would wait.
    """

    again: bool = False
    forced: bool = False
    tokens: int = 0
    wake: Callable[[], bool] = nobody
    payer: Model | None = None
    until: float = inf


class Permit:
    """An attempt at `model` is under way; `probe` marks the one that finds out whether it is well.

    `tokens` were counted for it in advance.
    """

    __slots__ = ("entered_at", "model", "probe", "tokens")

    def __init__(self, model: Model, now: float, *, probe: bool = False, tokens: int = 0) -> None:
        """Begin at `now`."""
        self.model = model
        self.entered_at = now
        self.probe = probe
        self.tokens = tokens


class Closed(NamedTuple):
    """Why an upstream may not be asked now, in words.

    `reopens_at` of None: not by time alone. `soft` ones may be asked all the same when nobody else
    is left. `waits`: the policy says to wait for it rather than to move on; `reopens_at` is when to
    look again then. `disabled` ones are useless until something is changed.
    """

    reason: str
    reopens_at: float | None = None
    soft: bool = False
    waits: bool = False
    disabled: bool = False


class Gate(Protocol):
    """Lets attempts begin; safe from any thread."""

    def enter(self, now: float, model: Model, ask: Ask, /) -> Permit | Closed:
        """Let an attempt begin, or say why not; `leave` or `drop` must follow a permit."""
        ...

    def leave(
        self, now: float, permit: Permit, fault: Fault | None, usage: Usage | None, /
    ) -> None:
        """An attempt was answered (`fault` of None), failed, or was stopped ("interrupted").

        `usage` of None: not known.
        """
        ...

    def drop(self, permit: Permit, /) -> None:
        """An attempt is never finished: nobody holds it any more.

        Takes no lock: it is also called where memory is freed, at any moment of any thread.
        """
        ...

    def spent(self, moment: float, model: Model, /) -> Closed | None:
        """Why a retry at `moment` could not be paid for; changes nothing."""
        ...

    def standing(self, now: float, models: Sequence[Model], /) -> Mapping[str, Closed]:
        """Say of each model, by its name, why it may not be asked now; changes nothing."""
        ...


class OpenGate:
    """Lets everybody in and remembers nothing."""

    def enter(self, now: float, model: Model, ask: Ask, /) -> Permit | Closed:
        """Let it begin."""
        return Permit(model, now, tokens=ask.tokens)

    def leave(
        self, now: float, permit: Permit, fault: Fault | None, usage: Usage | None, /
    ) -> None:
        """Forget it."""

    def drop(self, permit: Permit, /) -> None:
        """Forget it."""

    def spent(self, moment: float, model: Model, /) -> Closed | None:
        """Every retry may be made."""
        del moment, model
        return None

    def standing(self, now: float, models: Sequence[Model], /) -> Mapping[str, Closed]:
        """Everybody may be asked."""
        del now, models
        return {}


OPEN: Gate = OpenGate()
