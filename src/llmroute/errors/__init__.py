"""Every error that llmroute raises, one tree.

LLMRouteError
|- RequestError (ValueError)        the call itself is wrong
|- PolicyError (ValueError)         a policy file or declaration is wrong
|- NoCandidateError                 every model was refused
|- AttemptError                     one attempt failed; carries a fault with its remedy
|- AllFailedError                   every attempt failed
|- DeadlineExceededError (TimeoutError)
|- StreamBrokenError                a stream broke after text was shown
|- ClosedError                      the client or the stream is closed
`- ForkedError                      a client was used after fork
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from llmroute.types.faults import Fault, Remedy
from llmroute.types.frozen import replace

from .kinds import FAULT_KINDS, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.plans import Plan
    from llmroute.types.reply import Attempt, PartialReply

__all__ = [
    "FAULT_KINDS",
    "AllFailedError",
    "AttemptError",
    "ClosedError",
    "DeadlineExceededError",
    "ForkedError",
    "LLMRouteError",
    "NoCandidateError",
    "PolicyError",
    "Problem",
    "RequestError",
    "StreamBrokenError",
    "TransportError",
]

from .problems import Problem


def _rebuild(kind: type[LLMRouteError], state: dict[str, object], args: tuple[object]) -> object:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class LLMRouteError(Exception):
    """The root of the tree; `remedy` says as data what may be done."""

    remedy: Remedy = Remedy("none")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with all attributes, whatever the arguments of the class are."""
        return (_rebuild, (type(self), self.__dict__, self.args))


class TransportError(Exception):
    """What an HTTP library raised, scrubbed: its kind and text, no request, no headers."""

    def __init__(self, kind: str, text: str) -> None:
        """Keep `kind`, the library's class name, and `text`, a sentence without content."""
        super().__init__(kind, text)
        self.kind = kind
        self.text = text

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class RequestError(LLMRouteError, ValueError):
    """The call itself is wrong; `where` names the argument, `hint` says how to mend it."""

    remedy = Remedy("none", "request")

    def __init__(self, problem: str, *, where: str, hint: str = "") -> None:
        """Say what is wrong, where, and how to mend it."""
        super().__init__(f"{where}: {problem}" + (f". {hint}" if hint else ""))
        self.where = where
        self.hint = hint


class PolicyError(LLMRouteError, ValueError):
    """A policy file or a declaration is wrong; `problems` holds every problem found.

    `file`, `line`, `key` and `hint` are those of the first one; `line` is None when a problem has
    no place in a file, as in a policy written in Python.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Carry every problem, in the order of the file."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        first = self.problems[0]
        self.file, self.line, self.key, self.hint = first.file, first.line, first.key, first.hint


class NoCandidateError(LLMRouteError):
    """Every model was refused; `plan` says which and why."""

    def __init__(self, plan: Plan) -> None:
        """Carry the plan."""
        super().__init__(plan.why)
        self.plan = plan


class AttemptError(LLMRouteError):
    """One attempt failed; `fault` holds kind, reason and remedy."""

    fault: Fault

    def __init__(
        self,
        kind: str,
        reason: str,
        *,
        status: int | None = None,
        code: str | None = None,
        wait_s: float | None = None,
    ) -> None:
        """Say why; `kind` is a key of FAULT_KINDS, `wait_s` what the upstream asked for."""
        super().__init__(f"{kind}: {reason}")
        remedy = FAULT_KINDS[kind].remedy
        if wait_s is not None:
            remedy = replace(remedy, wait_s=wait_s)
        self.fault = Fault(kind, reason, remedy, status, code)
        self.remedy = remedy

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """Raise a fault that is already at hand."""
        error = cls(fault.kind, fault.reason, status=fault.status, code=fault.code)
        error.fault = fault
        error.remedy = fault.remedy
        return error


class _CallError(LLMRouteError):
    """What the errors of a whole call share: the plan and the attempts made."""

    def __init__(self, summary: str, *, plan: Plan, attempts: Sequence[Attempt]) -> None:
        super().__init__("; ".join([summary, *told(attempts)]))
        self.plan = plan
        self.attempts = tuple(attempts)


class AllFailedError(_CallError):
    """Every attempt failed; `attempts` says how, `plan` what had been planned.

    `remedy` is that of the last attempt. `partial` is the last answer that came to its end, but was
    not accepted; None when there was none.
    """

    def __init__(
        self,
        summary: str,
        *,
        plan: Plan,
        attempts: Sequence[Attempt],
        partial: PartialReply | None = None,
    ) -> None:
        """Carry the plan, the attempts and the answer that was not accepted."""
        super().__init__(summary, plan=plan, attempts=attempts)
        self.partial = partial
        last = next((one.fault for one in reversed(attempts) if one.fault is not None), None)
        self.remedy = last.remedy if last else Remedy("none")


class DeadlineExceededError(_CallError, TimeoutError):
    """The call's deadline passed; `partial` is what a stream had shown by then, else None."""

    def __init__(
        self,
        summary: str,
        *,
        plan: Plan,
        attempts: Sequence[Attempt],
        partial: PartialReply | None = None,
    ) -> None:
        """Carry the plan, the attempts and what was shown so far."""
        super().__init__(summary, plan=plan, attempts=attempts)
        self.partial = partial


class StreamBrokenError(_CallError):
    """A stream broke after text was shown; `partial` is that text, with its model and usage."""

    def __init__(
        self, summary: str, *, plan: Plan, attempts: Sequence[Attempt], partial: PartialReply
    ) -> None:
        """Carry the plan, the attempts and what was shown so far."""
        super().__init__(summary, plan=plan, attempts=attempts)
        self.partial = partial


class ClosedError(LLMRouteError):
    """The client or the stream was closed."""


class ForkedError(LLMRouteError):
    """A client was made in another process; make one in each process."""
