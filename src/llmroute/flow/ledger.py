"""What was tried and what it cost; the reply is written from it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from llmroute.types.frozen import replace
from llmroute.types.prices import EXACT
from llmroute.types.reply import PartialReply, Reply
from llmroute.types.usage import Usage

from .running import TIMED_OUT

if TYPE_CHECKING:
    from llmroute.types.events import End
    from llmroute.types.faults import Fault
    from llmroute.types.plans import Plan
    from llmroute.types.reply import Attempt, Outcome

    from .outcome import Answer
    from .running import Running


class Ledger:
    """The attempts of one call, in the order of their start."""

    __slots__ = ("_attempts", "_began_at", "_count", "plan")

    def __init__(self, plan: Plan, began_at: float) -> None:
        """Begin at `began_at`, a moment."""
        self.plan = plan
        self._began_at = began_at
        self._count = 0
        self._attempts: dict[int, Attempt] = {}

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt that was written down; of two at once the later may end first."""
        attempts = self._attempts
        if len(attempts) == 1:  # as a rule
            return tuple(attempts.values())
        return tuple(attempt for _, attempt in sorted(attempts.items()))

    def next_id(self) -> int:
        """Number the attempts from 1."""
        self._count += 1
        return self._count

    def write(
        self, running: Running, now: float, outcome: Outcome, fault: Fault | None = None
    ) -> Attempt:
        """Write an attempt down as it stands at `now`."""
        taken = outcome != "failed" or (fault is not None and fault.kind in TIMED_OUT)
        usage = self._usage(running, complete=taken)
        attempt = running.attempt(self._began_at, now, usage, outcome, fault)
        self._attempts[running.id] = attempt
        return attempt

    def settle(self, running: Running) -> Attempt:
        """Write a cancelled attempt down again, with what it used; it ended when cancelled."""
        usage = self._usage(running, complete=True)
        settled = self._attempts[running.id] = replace(
            self._attempts[running.id],
            usage=usage,
            cost_usd=running.cost_usd(usage),
            service_tier=running.service_tier,
        )
        return settled

    def partial(self, running: Running) -> PartialReply:
        """What was shown of an answer that broke off."""
        usage = self._usage(running, complete=False)
        cost = running.cost_usd(usage)
        before = running.goes_on
        while before is not None:  # what was gone on from was paid for as well
            used = self._usage(before, complete=False)
            paid = before.cost_usd(used)
            cost = None if cost is None or paid is None else EXACT.add(cost, paid)
            usage, before = usage + used, before.goes_on
        text, reasoning = "".join(running.text), "".join(running.reasoning)
        return PartialReply(text, running.model, usage, cost, reasoning)

    def reply(self, running: Running, end: End, answer: Answer, now: float) -> Reply[object]:
        """The reply that `running` completed; its cost is that of all attempts.

        Its usage is that of every attempt whose text stands in it.
        """
        attempts = self.attempts
        usage = self._attempts[running.id].usage or Usage()
        before = running.goes_on
        while before is not None:
            usage += self._attempts[before.id].usage or Usage()
            before = before.goes_on
        return Reply(
            "".join(running.text),
            running.model,
            usage,
            total_usd(attempts),
            end.finish_reason,
            self.plan,
            attempts,
            now - self._began_at,
            "".join(running.reasoning),
            end.refused,
            self.plan.candidates[running.index].warnings,
            answer.parts,
            answer.output,
        )

    def _usage(self, running: Running, *, complete: bool) -> Usage:
        own = self.plan.candidates[running.index].tokens
        return running.usage((own or self.plan.tokens).value, complete=complete)


def total_usd(attempts: tuple[Attempt, ...]) -> Decimal | None:
    """The cost of all attempts; None when that of one is not known."""
    if len(attempts) == 1:
        return attempts[0].cost_usd
    total = Decimal(0)
    for attempt in attempts:
        if attempt.cost_usd is None:
            return None
        total = EXACT.add(total, attempt.cost_usd)
    return total
