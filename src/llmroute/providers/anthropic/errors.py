"""What the errors of the Messages API mean: by type, and by wording where that says too little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from ..failures import Said, failed, failed_inside, kind_of_status, object_in

if TYPE_CHECKING:
    from llmroute.errors import AttemptError
    from llmroute.types.calls import Call

    from ..shapes import Json
    from ..wire import HttpFailure

BY_TYPE = {
    "authentication_error": "bad_key",
    "billing_error": "payment_required",
    "permission_error": "forbidden",
    "not_found_error": "model_not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "timeout_error": "server_error",
    "api_error": "server_error",
    "overloaded_error": "overloaded",
}
# invalid_request_error is the type of these too.
BY_WORDS = (
    (
        re.compile(
            r"prompt is too long|exceed\w* (the )?context (limit|window)|context window",
            re.IGNORECASE,
        ),
        "context_length",
    ),
    (re.compile(r"blocked by content filtering", re.IGNORECASE), "content_filtered"),
    (re.compile(r"credit balance is too low", re.IGNORECASE), "payment_required"),
    (re.compile(r"API usage limits|spend limit", re.IGNORECASE), "quota_exhausted"),
)


def failure_of(call: Call, failure: HttpFailure) -> AttemptError:
    """Make the error of an answer with an error status."""
    said = _said(object_in(failure.body))
    kind = BY_TYPE.get(said.type) or _by_words(said) or kind_of_status(failure.status)
    return failed(call, failure, kind, said)


def error_inside(call: Call, part: Json) -> AttemptError:
    """Make the error of an event "error", or of an error with a good status."""
    said = _said(part)
    kind = BY_TYPE.get(said.type) or _by_words(said)
    if kind is None:
        kind = "bad_request" if said.type == "invalid_request_error" else "server_error"
    return failed_inside(call, kind, said)


def _said(answer: Json) -> Said:
    error = answer.get("error")
    fields = cast("Json", error) if isinstance(error, dict) else {}
    kind, message = fields.get("type"), fields.get("message")
    return Said(
        "",
        kind if isinstance(kind, str) else "",
        message if isinstance(message, str) else "",
    )


def _by_words(said: Said) -> str | None:
    if said.type not in {"invalid_request_error", "rate_limit_error"}:
        return None
    return next((kind for words, kind in BY_WORDS if words.search(said.message)), None)
