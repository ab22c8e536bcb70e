"""How attempts begin: who is next, who is let in, and who starts beside a silent one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.health.admission import Ask, Permit, nobody

from . import commands as do
from .ending import gave_up
from .limiting import bounds, room_tokens
from .running import Running

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.health.admission import Closed
    from llmroute.types.requests import Request

    from .choice import Choice, Turn
    from .commands import Commands
    from .ledger import Ledger
    from .occurrences import Snapshot

NONE_LEFT = ("every model failed", "the stream broke, and no model is left that can go on from it")


class Starting:
    """The state of a call, and the part of its flow that begins attempts."""

    __slots__ = (
        "_cancelled",
        "_choice",
        "_deadline_at",
        "_done",
        "_from_prefix",
        "_hedge_at",
        "_ledger",
        "_request",
        "_running",
        "_seam",
        "_shown",
        "_snapshot",
        "_unaccepted",
        "_wake",
    )

    _snapshot: Snapshot
    _request: Request | None
    _choice: Choice
    _ledger: Ledger
    _wake: Callable[[], bool]
    _deadline_at: float

    def __init__(self) -> None:
        """Wait for `Begin`."""
        self._running: dict[int, Running] = {}
        self._cancelled: dict[int, Running] = {}
        self._shown: Running | None = None  # whose content the caller sees
        self._seam: Running | None = None  # what was shown, and broke
        self._from_prefix = False  # whether to go on from the seam's text
        self._unaccepted: Running | None = None
        self._hedge_at: float | None = None
        self._done = False

    def drop(self) -> None:
        """Nobody holds the call any more: what runs is over, and tells nothing; takes no lock."""
        for running in self._running.values():
            self._snapshot.gate.drop(running.permit)

    def _go_on(self, now: float) -> Commands:
        """Start the next candidate that is let in, or wait for one, or give up."""
        while (turn := self._choice.next(now, from_prefix=self._from_prefix)) is not None:
            if turn.ready_at >= self._deadline_at:
                wait_s = turn.ready_at - now
                why = f"the next try may begin in {wait_s:,.1f} s, past the deadline"
                break
            entered = self._let_in(now, turn)
            if entered is None:
                return (do.WakeAt(turn.ready_at),)
            if isinstance(entered, Permit):
                return self._start(now, turn, entered)
            wait_until = self._choice.closed(turn, entered, now, self._deadline_at)
            if wait_until is not None:
                return (do.WakeAt(wait_until),)
        else:
            why = NONE_LEFT[self._from_prefix]
        if self._from_prefix and self._snapshot.on_break == "continue_or_restart":
            self._from_prefix = False
            return self._go_on(now)
        return self._give_up(why)

    def _let_in(self, now: float, turn: Turn) -> Permit | Closed | None:
        """Let an attempt begin, or say why not, before anybody waits for it; None: wait."""
        if turn.ready_at <= now:
            return self._enter(now, turn)
        model = self._ledger.plan.candidates[turn.candidate].model
        return self._snapshot.gate.spent(turn.ready_at, model) if turn.again else None

    def _enter(self, now: float, turn: Turn, *, hedge: bool = False) -> Permit | Closed:
        """Ask whether an attempt may begin."""
        candidate = self._ledger.plan.candidates[turn.candidate]
        tokens = (candidate.tokens or self._ledger.plan.tokens).value
        tokens += candidate.output_tokens or 0
        silent = next(iter(self._running.values())).model if hedge else None
        wake = nobody if hedge else self._wake  # a hedge begins now or never: it takes no place
        ask = Ask(turn.again or hedge, turn.forced, tokens, wake, silent)
        if candidate.model.limits is not None:
            ask = ask._replace(until=self._choice.waits_until(turn, now, self._deadline_at))
        return self._snapshot.gate.enter(now, candidate.model, ask)

    def _start(self, now: float, turn: Turn, permit: Permit) -> Commands:
        self._choice.tried(turn.candidate)
        snapshot = self._snapshot
        running = Running(self._ledger.next_id(), turn.candidate, permit, now)
        running.room = room_tokens(snapshot, self._request)
        self._running[running.id] = running
        kind, limit_at, connect_s = bounds(now, self._deadline_at, snapshot, running.model, turn)
        running.limit(kind, now, limit_at)
        prefix = ""
        if self._from_prefix and self._seam is not None:
            running.go_on_from(self._seam)
            prefix = running.text[0]
        wake_at = limit_at
        if snapshot.hedge_s is not None:
            wake_at = self._arm(now, turn, limit_at)
        start = do.Start(running.id, running.model, limit_at, self._deadline_at, connect_s, prefix)
        return (do.WakeAt(wake_at), start)

    def _arm(self, now: float, turn: Turn, limit_at: float) -> float:
        """Set the moment of the hedge, for the first of several; returns when to wake."""
        hedge_s = self._snapshot.hedge_s
        alone = len(self._running) == 1 and self._seam is None
        hedged = hedge_s is not None and alone and turn.others > 0
        self._hedge_at = now + hedge_s if hedged and hedge_s is not None else None
        limits = [one.limit_at for one in self._running.values()]
        return min([limit_at, *limits, *([] if self._hedge_at is None else [self._hedge_at])])

    def _hedge(self, now: float) -> Commands:
        """Start the next candidate beside the one that keeps silent, if it may begin at once."""
        self._hedge_at = None
        turn = self._choice.next(now)
        if turn is not None and not turn.again and turn.ready_at <= now and not turn.forced:
            entered = self._enter(now, turn, hedge=True)
            if isinstance(entered, Permit):
                return self._start(now, turn, entered)
        return (do.WakeAt(min(one.limit_at for one in self._running.values())),)

    def _give_up(self, summary: str) -> Commands:
        self._done = True
        summary = self._choice.told(summary)
        return (do.Fail(gave_up(self._ledger, summary, self._seam, self._unaccepted)),)
