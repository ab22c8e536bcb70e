"""What the errors of Google's APIs mean: by status and reason, and by wording where they say less.

Source: https://ai.google.dev/gemini-api/docs/troubleshooting and google.rpc's error details.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from ..failures import LONGEST_WAIT_S, Said, failed, failed_inside, kind_of_status, object_in

if TYPE_CHECKING:
    from llmroute.errors import AttemptError
    from llmroute.types.calls import Call

    from ..shapes import Json
    from ..wire import HttpFailure

BY_STATUS = {
    "INVALID_ARGUMENT": "bad_request",
    "OUT_OF_RANGE": "bad_request",
    "FAILED_PRECONDITION": "forbidden",  # a free tier that is not for this country
    "UNAUTHENTICATED": "bad_key",
    "PERMISSION_DENIED": "forbidden",
    "NOT_FOUND": "model_not_found",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "CANCELLED": "server_error",
    "ABORTED": "server_error",
    "UNKNOWN": "server_error",
    "INTERNAL": "server_error",
    "UNAVAILABLE": "overloaded",
    "DEADLINE_EXCEEDED": "server_error",
}
BY_REASON = {"API_KEY_INVALID": "bad_key", "API_KEY_EXPIRED": "bad_key"}
_WINDOW = re.compile(r"token count.*exceeds the maximum|context (length|window)", re.IGNORECASE)
_NOT_IN_PLAN = re.compile(r"\blimit: 0\b")  # the key's plan does not have the model at all
_SECONDS = re.compile(r"(\d{1,12}(?:\.\d+)?)s", re.ASCII)


def failure_of(call: Call, failure: HttpFailure) -> AttemptError:
    """Make the error of an answer with an error status."""
    error = _error(object_in(failure.body))
    said = _said(error)
    kind = _kind(error, said) or kind_of_status(failure.status)
    return failed(call, failure, kind, said, _retry_delay_s(error))


def error_inside(call: Call, value: object) -> AttemptError:
    """Make the error of an error object that stands inside an answer with a good status."""
    error = _error({"error": value})
    said = _said(error)
    return failed_inside(call, _kind(error, said) or "server_error", said)


def _error(answer: Json) -> Json:
    error = answer.get("error")
    return cast("Json", error) if isinstance(error, dict) else {}


def _said(error: Json) -> Said:
    status, message = error.get("status"), error.get("message")
    return Said(
        status if isinstance(status, str) else "",
        "",
        message if isinstance(message, str) else "",
    )


def _kind(error: Json, said: Said) -> str | None:
    reasons = [BY_REASON.get(str(detail.get("reason"))) for detail in _details(error)]
    known = next(filter(None, reasons), None)
    if known is not None:
        return known
    if said.code == "INVALID_ARGUMENT" and _WINDOW.search(said.message):
        return "context_length"
    if said.code == "RESOURCE_EXHAUSTED" and _NOT_IN_PLAN.search(said.message):
        return "forbidden"
    return BY_STATUS.get(said.code)


def _retry_delay_s(error: Json) -> float | None:
    """How many seconds RetryInfo asks for ("34.07s"); None when it does not."""
    for detail in _details(error):
        if delay := _SECONDS.fullmatch(str(detail.get("retryDelay", ""))):
            return min(float(delay[1]), LONGEST_WAIT_S)
    return None


def _details(error: Json) -> list[Json]:
    details = error.get("details")
    found = cast("list[object]", details) if isinstance(details, list) else []
    return [cast("Json", one) for one in found if isinstance(one, dict)]
