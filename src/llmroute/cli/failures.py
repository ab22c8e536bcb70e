"""Errors as whole sentences, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import NoCandidateError, PolicyError, RequestError

from .arguments import flag_of
from .terminal import fail, note

if TYPE_CHECKING:
    from llmroute.errors import LLMRouteError

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
    return FAILED
