"""The state machine of one call: `step(now, occurrence) -> commands`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llmroute.errors import (
    AllFailedError,
    AttemptError,
    ClosedError,
    DeadlineExceededError,
    StreamBrokenError,
)
from llmroute.types.events import Finish as FinishEvent
from llmroute.types.events import Progress, Restarted, UsageReport

from . import commands as do
from . import occurrences as on
from .choice import CONNECT_S, FIRST_TOKEN_S, Choice, share_at
from .ledger import Ledger
from .outcome import judge
from .running import Running

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.faults import Fault

    from .choice import Turn

Commands = tuple[do.Command, ...]


class Flow:
    """One call from its plan to its reply; knows no clock, no I/O and no chance of its own."""

    __slots__ = (
        "_cancelled",
        "_choice",
        "_deadline_at",
        "_done",
        "_ledger",
        "_request",
        "_running",
        "_seam",
        "_shown",
        "_snapshot",
    )

    def __init__(self) -> None:
        """Wait for `Begin`."""
        self._running: dict[int, Running] = {}
        self._cancelled: dict[int, Running] = {}
        self._shown: Running | None = None
        self._seam: Running | None = None
        self._done = False

    def step(self, now: float, occurrence: on.Occurrence) -> Commands:
        """Take what happened at `now`, in seconds of any clock that never goes back."""
        return self._handlers[type(occurrence)](self, now, occurrence)

    def _begin(self, now: float, begin: on.Begin) -> Commands:
        self._snapshot = begin.snapshot
        self._request = begin.request
        self._deadline_at = now + begin.snapshot.limits.deadline_s
        self._choice = Choice(begin.plan.candidates, begin.snapshot)
        self._ledger = Ledger(begin.plan, now)
        return self._go_on(now)

    def _go_on(self, now: float) -> Commands:
        """Start the next candidate, or wait for it, or give up."""
        turn = self._choice.next(now)
        if turn is None:
            return self._give_up("every model failed")
        if turn.ready_at >= self._deadline_at:
            wait_s = turn.ready_at - now
            return self._give_up(f"the next try may begin in {wait_s:,.1f} s, past the deadline")
        if turn.ready_at > now:
            return (do.WakeAt(turn.ready_at),)
        return self._start(now, turn)

    def _start(self, now: float, turn: Turn) -> Commands:
        self._choice.tried(turn.candidate)
        plan, limits = self._ledger.plan, self._snapshot.limits
        running = Running(
            self._ledger.next_id(), turn.candidate, plan.candidates[turn.candidate].model, now
        )
        self._running[running.id] = running
        last = turn.others == 0
        limit_at = share_at(now, self._deadline_at, turn.others)
        if self._snapshot.stream:
            first_token_s = limits.first_token_s
            if first_token_s is None and not running.model.local:
                first_token_s = FIRST_TOKEN_S[last]
            if first_token_s is not None:
                limit_at = min(limit_at, now + first_token_s)
        running.limit(
            "first_token_timeout" if self._snapshot.stream else "answer_timeout", now, limit_at
        )
        connect_s = CONNECT_S[last] if limits.connect_s is None else limits.connect_s
        connect_s = min(connect_s, limit_at - now)
        start = do.Start(running.id, running.model, limit_at, self._deadline_at, connect_s)
        return (do.WakeAt(limit_at), start)

    def _opened(self, now: float, opened: on.Opened) -> Commands:
        if opened.id in self._running:
            self._running[opened.id].opened_at = now
        return ()

    def _got(self, now: float, got: on.Got) -> Commands:
        running = self._running.get(got.id)
        shown = None if running is None else running.take(now, got.event)
        if isinstance(got.event, Progress):
            return self._wanted(now, on.Wanted())  # nothing to show, so nobody pulls anew
        if running is None or shown is None or not self._snapshot.stream:
            return ()
        if running is self._shown:
            return (do.Emit(shown),)
        self._shown = running
        return (*self._restarted(running), do.Emit(shown))

    def _restarted(self, running: Running) -> Commands:
        """Show the seam, once, when something was shown that is void now."""
        seam, self._seam = self._seam, None
        if seam is None:
            return ()
        return (do.Emit(Restarted(running.model, "".join(seam.text))),)

    def _wanted(self, now: float, _: on.Wanted) -> Commands:
        if now >= self._deadline_at and not self._done:  # the caller took too long
            return self._past_deadline(now)
        wake_at = None
        between_s = self._snapshot.limits.between_tokens_s
        for running in self._running.values():
            if running.first_token_at is not None and self._snapshot.stream:
                wake_at = min(self._deadline_at, now + between_s)
                running.limit("stalled", now, wake_at)
        return () if wake_at is None else (do.WakeAt(wake_at),)

    def _ended(self, now: float, ended: on.Ended) -> Commands:
        running = self._running.pop(ended.id, None)
        if running is None:
            return self._late(now, ended)
        running.report(ended.usage, ended.service_tier)
        try:
            answer = judge(running, ended.end, self._request)
        except AttemptError as error:
            return self._lost_to(now, running, error.fault)
        attempt = self._ledger.write(running, now, "answered")
        reply = self._ledger.reply(running, ended.end, answer, now)
        self._done = True
        if not self._snapshot.stream:
            return (do.Record(attempt), do.Finish(reply))
        return (
            *self._restarted(running),
            do.Emit(UsageReport(reply.usage, running.service_tier)),
            do.Emit(FinishEvent(reply)),
            do.Record(attempt),
            do.Finish(reply),
        )

    def _failed(self, now: float, failed: on.Failed) -> Commands:
        running = self._running.pop(failed.id, None)
        if running is None:
            return self._late(now, failed)
        running.report(failed.usage, failed.service_tier)
        fault = failed.error.fault
        if fault.kind == "interrupted":  # the provider saw the timer run out before a Tick came
            if now >= self._deadline_at:
                attempt = self._ledger.write(running, now, "cancelled")
                return (do.Record(attempt), *self._past_deadline(now))
            fault = self._time_out_fault(running)
        return self._lost_to(now, running, fault)

    def _lost_to(self, now: float, running: Running, fault: Fault) -> Commands:
        """Write a failed attempt down, and go on if there is time."""
        attempt = self._ledger.write(running, now, "failed", fault)
        if now >= self._deadline_at:
            return (do.Record(attempt), *self._past_deadline(now))
        return (do.Record(attempt), *self._lost(now, running, fault))

    def _late(self, now: float, over: on.Ended | on.Failed) -> Commands:
        """A cancelled attempt has come to its end: what it used by then counts."""
        running = self._cancelled.pop(over.id, None)
        if running is None:
            return ()
        running.report(over.usage, over.service_tier)
        return (do.Record(self._ledger.settle(running, now)),)

    def _lost(self, now: float, running: Running, fault: Fault) -> Commands:
        """Go on after an attempt failed: silently before the first content, else as declared."""
        self._choice.failed(running.index, fault.remedy, now)
        if running is self._shown:
            self._seam, self._shown = running, None
            if self._snapshot.on_break == "raise":
                return self._give_up("the stream broke")
        return self._go_on(now)

    def _tick(self, now: float, _: on.Tick) -> Commands:
        if self._done:
            return ()
        if now >= self._deadline_at:
            return self._past_deadline(now)
        commands: Commands = ()
        for running in [one for one in self._running.values() if now >= one.limit_at]:
            fault = self._time_out_fault(running)
            commands += self._cancel(running, now, fault.reason, fault)
            commands += self._lost(now, running, fault)
        return commands if self._running else commands or self._go_on(now)

    def _time_out_fault(self, running: Running) -> Fault:
        return AttemptError(running.limit_kind, running.timed_out()).fault

    def _cancel(
        self, running: Running, now: float, why: str, fault: Fault | None = None
    ) -> Commands:
        del self._running[running.id]
        self._cancelled[running.id] = running
        self._ledger.write(running, now, "failed" if fault else "cancelled", fault)
        return (do.Cancel(running.id, why),)

    def _cancel_all(self, now: float, why: str) -> Commands:
        self._done = True
        commands: Commands = ()
        for running in list(self._running.values()):
            commands += self._cancel(running, now, why)
        return commands

    def _past_deadline(self, now: float) -> Commands:
        seconds = self._snapshot.limits.deadline_s
        shown = self._shown or self._seam
        commands = self._cancel_all(now, "the deadline passed")
        error = DeadlineExceededError(
            f"no whole answer within the deadline of {seconds:.3g} s",
            plan=self._ledger.plan,
            attempts=self._ledger.attempts,
            partial=self._ledger.partial(shown) if shown else None,
        )
        return (*commands, do.Fail(error))

    def _give_up(self, summary: str) -> Commands:
        self._done = True
        plan, attempts = self._ledger.plan, self._ledger.attempts
        if self._seam is None:
            return (do.Fail(AllFailedError(summary, plan=plan, attempts=attempts)),)
        partial = self._ledger.partial(self._seam)
        error = StreamBrokenError(summary, plan=plan, attempts=attempts, partial=partial)
        return (do.Fail(error),)

    def _abandoned(self, now: float, abandoned: on.Abandoned) -> Commands:
        return () if self._done else self._cancel_all(now, abandoned.why)

    def _closing(self, now: float, _: on.Closing) -> Commands:
        if self._done:
            return ()
        why = "the client was closed"
        return (*self._cancel_all(now, why), do.Fail(ClosedError(f"{why} during the call")))

    _handlers: ClassVar[dict[type[on.Occurrence], Callable[..., Commands]]] = {
        on.Begin: _begin,
        on.Opened: _opened,
        on.Got: _got,
        on.Ended: _ended,
        on.Failed: _failed,
        on.Tick: _tick,
        on.Wanted: _wanted,
        on.Abandoned: _abandoned,
        on.Closing: _closing,
    }
