"""Errors as whole sentences, what may mend them, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import FAULT_KINDS, NoCandidateError, PolicyError, RequestError

from .arguments import flag_of
from .terminal import fail, note

if TYPE_CHECKING:
    from llmroute.errors import LLMRouteError
    from llmroute.types.reply import Attempt

FAILED, USAGE, NO_MODEL = 1, 2, 3


def tell(error: LLMRouteError) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    if isinstance(error, PolicyError):
        for problem in error.problems:
            fail(str(problem))
        return USAGE
    if isinstance(error, RequestError):
        fail(flag_of(error.where) + str(error).removeprefix(error.where))
        return USAGE
    if isinstance(error, NoCandidateError):
        fail("no model may answer")
        note(str(error.plan))
        return NO_MODEL
    fail(str(error))
    attempts: tuple[Attempt, ...] = getattr(error, "attempts", ())
    for line in dict.fromkeys(_mend(attempt) for attempt in attempts):
        if line:
            note(line)
    return FAILED


def _mend(attempt: Attempt) -> str:
    """What a person can do about a failed attempt; empty when there is nothing to do."""
    mend = FAULT_KINDS[attempt.fault.kind].mend if attempt.fault else "nothing"
    return "" if mend.startswith("nothing") else f"  {attempt.model.name}: {mend}"
