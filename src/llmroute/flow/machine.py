"""The state machine of one call: `step(now, occurrence) -> commands`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llmroute.errors import AttemptError, ClosedError
from llmroute.types.events import Finish as FinishEvent
from llmroute.types.events import Progress, Restarted, Resumed, UsageReport

from . import commands as do
from . import occurrences as on
from .choice import Choice
from .ending import past_deadline
from .ledger import Ledger
from .limiting import room_tokens, silent_until
from .outcome import judge
from .seam import may_go_on
from .starting import Starting

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.faults import Fault
    from llmroute.types.reply import Attempt, Outcome

    from .commands import Commands
    from .running import Running

STOPPED = AttemptError("interrupted", "it was stopped").fault
"""What the gate is told of an attempt that was cancelled: it blames nobody."""


class Flow(Starting):
    """One call from its plan to its reply; knows no clock, no I/O and no chance of its own.

    With hedging several attempts run at once: a driver then lets each run until the deadline, since
    limits are kept here, by `Tick` and `Cancel`.
    """

    __slots__ = ()

    def step(self, now: float, occurrence: on.Occurrence) -> Commands:
        """Take what happened at `now`, in seconds of any clock that never goes back."""
        return self._handlers[type(occurrence)](self, now, occurrence)

    def _begin(self, now: float, begin: on.Begin) -> Commands:
        self._snapshot = begin.snapshot
        self._request = begin.request
        self._wake = begin.wake
        self._deadline_at = now + begin.snapshot.limits.deadline_s
        self._choice = Choice(begin.plan.candidates, begin.snapshot)
        self._ledger = Ledger(begin.plan, now)
        return self._go_on(now)

    def _opened(self, now: float, opened: on.Opened) -> Commands:
        if opened.id in self._running:
            self._running[opened.id].opened_at = now
        return ()

    def _got(self, now: float, got: on.Got) -> Commands:
        running = self._running.get(got.id)
        if running is None:
            return ()
        shown = running.take(now, got.event, got.size)
        if running.room < 0:
            return self._endless(now, running)
        if shown is not None and running is self._shown:
            return (do.Emit(shown),)
        if isinstance(got.event, Progress):  # nothing to show, so nobody pulls anew
            return (*self._won(now, running), *self._wanted(now, on.WANTED))
        if shown is None or not self._snapshot.stream:
            return ()
        self._shown = running
        return (*self._won(now, running), *self._joined(running), do.Emit(shown))

    def _won(self, now: float, winner: Running) -> Commands:
        """End the race: the first content of a stream wins."""
        if not self._snapshot.stream:
            return ()
        self._hedge_at = None
        return self._cancel_others(now, winner) if len(self._running) > 1 else ()

    def _cancel_others(self, now: float, winner: Running) -> Commands:
        commands: Commands = ()
        for running in [one for one in self._running.values() if one is not winner]:
            commands += self._cancel(running, now, "another was faster")
        return commands

    def _endless(self, now: float, running: Running) -> Commands:
        most = room_tokens(self._snapshot, self._request)
        reason = f"the answer goes on after {most:,} tokens"
        fault = AttemptError("too_long", reason).fault
        return (*self._cancel(running, now, reason, fault), *self._lost(now, running, fault))

    def _joined(self, running: Running) -> Commands:
        """Show the seam, once, when the stream of the caller broke before."""
        seam, self._seam = self._seam, None
        if seam is None:
            return ()
        if running.goes_on is not None:
            return (do.Emit(Resumed(running.model)),)
        return (do.Emit(Restarted(running.model, "".join(seam.text))),)

    def _wanted(self, now: float, _: on.Wanted) -> Commands:
        if now >= self._deadline_at and not self._done:  # the caller took too long
            return self._past_deadline(now)
        wake_at = None
        others = len(self._ledger.plan.candidates) - 1
        for running in self._running.values():
            if running.first_token_at is not None and self._snapshot.stream:
                wake_at = silent_until(now, self._deadline_at, self._snapshot, others)
                running.limit("stalled", now, wake_at)
        return () if wake_at is None else (do.WakeAt(wake_at),)

    def _used(self, _: float, used: on.Used) -> Commands:
        if used.id in self._running:
            self._running[used.id].report(used.usage, used.service_tier)
        return ()

    def _ended(self, now: float, ended: on.Ended) -> Commands:
        running = self._running.pop(ended.id, None)
        if running is None:
            return self._late(ended)
        running.report(ended.usage, ended.service_tier)
        try:
            answer = judge(running, ended.end, self._request, self._snapshot.accept)
        except AttemptError as error:
            self._unaccepted = running
            return self._lost_to(now, running, error.fault)
        rest = self._cancel_others(now, running) if self._running else ()
        attempt = self._over(now, running, "answered")
        reply = self._ledger.reply(running, ended.end, answer, now)
        self._done = True
        if not self._snapshot.stream:
            return (*rest, do.Record(attempt), do.Finish(reply))
        return (
            *rest,
            *self._joined(running),
            do.Emit(UsageReport(reply.usage, running.service_tier)),
            do.Emit(FinishEvent(reply)),
            do.Record(attempt),
            do.Finish(reply),
        )

    def _failed(self, now: float, failed: on.Failed) -> Commands:
        running = self._running.pop(failed.id, None)
        if running is None:
            return self._late(failed)
        running.report(failed.usage, failed.service_tier)
        fault = failed.error.fault
        if fault.kind == "interrupted":  # the provider saw the timer run out before a Tick came
            if now >= self._deadline_at:
                attempt = self._over(now, running, "cancelled")
                return (do.Record(attempt), *self._past_deadline(now))
            fault = running.time_out_fault()
        return self._lost_to(now, running, fault)

    def _over(
        self, now: float, running: Running, outcome: Outcome, fault: Fault | None = None
    ) -> Attempt:
        """Write an attempt down, and tell the gate what became of it."""
        attempt = self._ledger.write(running, now, outcome, fault)
        told = STOPPED if outcome == "cancelled" else fault
        self._snapshot.gate.leave(now, running.permit, told, attempt.usage)
        return attempt

    def _lost_to(self, now: float, running: Running, fault: Fault) -> Commands:
        """Write a failed attempt down, and go on if there is time."""
        attempt = self._over(now, running, "failed", fault)
        if now >= self._deadline_at:
            return (do.Record(attempt), *self._past_deadline(now))
        return (do.Record(attempt), *self._lost(now, running, fault))

    def _late(self, over: on.Ended | on.Failed) -> Commands:
        """A cancelled attempt has come to its end: what it used by then counts."""
        running = self._cancelled.pop(over.id, None)
        if running is None:
            return ()
        running.report(over.usage, over.service_tier)
        return (do.Record(self._ledger.settle(running)),)

    def _lost(self, now: float, running: Running, fault: Fault) -> Commands:
        """Go on after an attempt failed: silently before the first content, else as declared."""
        self._choice.failed(running.index, fault.remedy, now)
        if running is self._shown:
            self._seam, self._shown = running, None
            most = None if self._request is None else self._request.sampling.max_tokens
            self._from_prefix = may_go_on(running, fault, self._snapshot.on_break, most)
            if not self._from_prefix and self._snapshot.on_break in {"raise", "continue"}:
                return self._give_up("the stream broke")
        if self._running:  # another one is under way
            return (do.WakeAt(min(one.limit_at for one in self._running.values())),)
        return self._go_on(now)

    def _tick(self, now: float, _: on.Tick) -> Commands:
        if self._done:
            return ()
        if now >= self._deadline_at:
            return self._past_deadline(now)
        if not self._running:
            return self._go_on(now)
        commands = self._time_out(now)
        if self._hedge_at is not None and now >= self._hedge_at and self._running:
            commands += self._hedge(now)
        return commands

    def _time_out(self, now: float) -> Commands:
        commands: Commands = ()
        for running in [one for one in self._running.values() if now >= one.limit_at]:
            fault = running.time_out_fault()
            commands += self._cancel(running, now, fault.reason, fault)
            commands += self._lost(now, running, fault)
        return commands

    def _cancel(
        self, running: Running, now: float, why: str, fault: Fault | None = None
    ) -> Commands:
        del self._running[running.id]
        self._cancelled[running.id] = running
        self._over(now, running, "failed" if fault else "cancelled", fault)
        return (do.Cancel(running.id, why),)

    def _cancel_all(self, now: float, why: str) -> Commands:
        self._done = True
        commands: Commands = ()
        for running in list(self._running.values()):
            commands += self._cancel(running, now, why)
        return commands

    def _past_deadline(self, now: float) -> Commands:
        commands = self._cancel_all(now, "the deadline passed")
        seconds = self._snapshot.limits.deadline_s
        summary = self._choice.told(f"no whole answer within the deadline of {seconds:.3g} s")
        error = past_deadline(self._ledger, summary, self._shown or self._seam)
        return (*commands, do.Fail(error))

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
        on.Used: _used,
        on.Ended: _ended,
        on.Failed: _failed,
        on.Tick: _tick,
        on.Wanted: _wanted,
        on.Abandoned: _abandoned,
        on.Closing: _closing,
    }
