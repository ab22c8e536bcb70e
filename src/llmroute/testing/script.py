"""What an attempt of a scripted provider is made of, and how it is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from llmroute.errors import FAULT_KINDS, AttemptError, RequestError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import kind_of
from llmroute.types.events import (
    End,
    FinishReason,
    Opened,
    Progress,
    ProviderEvent,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallPart,
    UsageReport,
    Vectors,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.calls import Call
    from llmroute.types.usage import Usage


def _check_seconds(seconds: object, where: str) -> None:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not (is_number and cast("float", seconds) >= 0):
        raise RequestError(f"{seconds!r} is not a duration", where=where)


@dataclass(frozen=True, slots=True)
class Delay:
    """Nothing comes for `seconds` of the call's clock; `math.inf` hangs until it is stopped.

    Raises RequestError for what is no number of seconds from 0.
    """

    seconds: float

    def __post_init__(self) -> None:
        _check_seconds(self.seconds, "Delay(seconds)")


@dataclass(frozen=True, slots=True)
class Fail:
    """The attempt fails here with a fault of `kind`, a key of `llmroute.errors.FAULT_KINDS`.

    `status` is the HTTP status, `code` the provider's error code, `wait_s` the seconds it asked to
    be left alone; None means that there was none. Raises RequestError for an unknown kind, and for
    a `wait_s` that is no number of seconds from 0.
    """

    kind: str
    reason: str = "as scripted"
    status: int | None = None
    code: str | None = None
    wait_s: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise RequestError(
                f"there is no kind of fault {self.kind!r}",
                where="Fail(kind)",
                hint=nearest(self.kind, FAULT_KINDS),
            )
        if self.wait_s is not None:
            _check_seconds(self.wait_s, "Fail(wait_s)")

    def error(self) -> AttemptError:
        """Make the error that a provider raises for it."""
        return AttemptError(
            self.kind, self.reason, status=self.status, code=self.code, wait_s=self.wait_s
        )


@dataclass(frozen=True, slots=True)
class CutShort:
    """The connection ends here, without an error and without the end of the answer."""


Spelled = ProviderEvent | Delay | Fail | CutShort
Step = str | Spelled
"""One thing that happens in an attempt; a string is a piece of the answer."""

Steps = Step | Sequence[Step]
"""One step, or several in order."""

Script = Steps | Callable[["Call"], Steps]
"""What one attempt does, or a function of the call that says so."""

_CONTENT = (Text, Reasoning, ReasoningEnd, ToolCallPart, Progress, Vectors, UsageReport, End)
_SINGLE = (str, *_CONTENT, Opened, Delay, Fail, CutShort)
_REASONS: tuple[str, ...] = get_args(FinishReason)
_LAST = (End, Fail, CutShort)


class Until(NamedTuple):
    """Asks whoever plays the script to sleep until `moment` of the call's clock."""

    moment: float


def whole(steps: Steps, usage: Usage | None) -> list[Spelled]:
    """Spell `steps` out: strings as `Text`; `Opened`, `usage` and `End` where they are left out.

    Raises RequestError for what is no step, for an unknown finish reason, and when something
    follows the end of the attempt.
    """
    listed: Sequence[Step] = [steps] if isinstance(steps, _SINGLE) else steps
    _check(listed)
    spelled: list[Spelled] = [Text(step) if isinstance(step, str) else step for step in listed]
    if not spelled or not isinstance(spelled[-1], _LAST):
        spelled.append(End("stop"))
    if any(isinstance(step, _LAST) for step in spelled[:-1]):
        raise RequestError(
            "a step follows the end of its attempt",
            where="ScriptedProvider",
            hint="Each argument is one attempt; nothing follows End, Fail or CutShort in it",
        )
    _insert_usage(spelled, usage)
    _insert_opened(spelled)
    return spelled


def _check(steps: object) -> None:
    """Refuse what a type checker would refuse, and would be found in the middle of a call."""
    if not isinstance(steps, list | tuple):
        raise _no_step(steps)
    for step in cast("Sequence[object]", steps):
        if not isinstance(step, _SINGLE):
            raise _no_step(step)
        if isinstance(step, End) and step.finish_reason not in _REASONS:
            raise RequestError(
                f"there is no finish reason {step.finish_reason!r}",
                where="End(finish_reason)",
                hint=nearest(str(step.finish_reason), _REASONS),
            )


def _no_step(given: object) -> RequestError:
    return RequestError(
        f"{kind_of(given)} is no step of an answer",
        where="ScriptedProvider",
        hint='A step is a string, Delay, Fail("server_error"), CutShort or an event',
    )


def _insert_usage(steps: list[Spelled], usage: Usage | None) -> None:
    reported = any(isinstance(step, UsageReport) for step in steps)
    if usage is not None and not reported and isinstance(steps[-1], End):
        steps.insert(-1, UsageReport(usage))


def _insert_opened(steps: list[Spelled]) -> None:
    for number, step in enumerate(steps):
        if isinstance(step, Opened):
            return
        if isinstance(step, _CONTENT):
            steps.insert(number, Opened())
            return


def play(steps: Sequence[Spelled], call: Call) -> Iterator[ProviderEvent | Until]:
    """Yield the events of an attempt, and `Until` wherever it has to sleep; never sleeps itself.

    Raises AttemptError as scripted, and of kind "interrupted" when `call.cancel` is set or
    `call.timer` runs out in a delay.
    """
    for step in steps:
        if call.cancel.is_set:
            raise AttemptError("interrupted", "it was cancelled")
        if isinstance(step, Delay):
            yield from _pause(step.seconds, call)
        elif isinstance(step, Fail):
            raise step.error()
        elif not isinstance(step, CutShort):
            yield step


def _pause(seconds: float, call: Call) -> Iterator[Until]:
    moment = call.clock.now() + seconds
    while (now := call.clock.now()) < moment:
        if now >= call.timer.at:
            raise AttemptError("interrupted", "its time was up")
        yield Until(min(moment, call.timer.at))
        if call.cancel.is_set:
            raise AttemptError("interrupted", "it was cancelled")
