"""What an OpenAI-compatible server's errors mean: by status and code, never by wording alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from ..failures import Said, failed, failed_inside, kind_of_status, object_in

if TYPE_CHECKING:
    from llmroute.errors import AttemptError
    from llmroute.types.calls import Call

    from ..shapes import Json
    from ..wire import HttpFailure

# `error.code` or `error.type`, whichever is known first.
BY_CODE = {
    "insufficient_quota": "quota_exhausted",
    "billing_hard_limit_reached": "quota_exhausted",
    "quota_exceeded": "quota_exhausted",
    "billing_not_active": "payment_required",
    "insufficient_balance": "payment_required",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "too_many_requests": "rate_limit",
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",
    "string_above_max_length": "context_length",
    "content_filter": "content_filtered",
    "content_policy_violation": "content_filtered",
    "responsibleaipolicyviolation": "content_filtered",
    "invalid_prompt": "content_filtered",
    "model_not_found": "model_not_found",
    "deploymentnotfound": "model_not_found",
    "invalid_api_key": "bad_key",
    "authentication_error": "bad_key",
    "account_deactivated": "forbidden",
    "permission_error": "forbidden",
    "insufficient_permissions": "forbidden",
    "unsupported_country_region_territory": "forbidden",
    "overloaded_error": "overloaded",
    "engine_overloaded": "overloaded",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "request_too_large": "too_large",
}
# Types that say no more than a status does; they count only where there is no error status.
BY_TYPE = {
    "invalid_request_error": "bad_request",
    "badrequesterror": "bad_request",
    "not_found_error": "model_not_found",
    "notfounderror": "model_not_found",
    "unavailable_error": "overloaded",
    "vector_store_timeout": "server_error",
}
# vLLM and others answer 400 without a code; the status narrows it down before the words are read.
_WINDOW = re.compile(
    r"maximum context length|context window|context size|max_model_len", re.IGNORECASE
)


def failure_of(call: Call, failure: HttpFailure) -> AttemptError:
    """Make the error of an answer with an error status."""
    said = _said(object_in(failure.body))
    return failed(call, failure, _kind(failure.status, said), said)


def error_inside(call: Call, error: object) -> AttemptError:
    """Make the error of an error object that stands inside an answer with a good status."""
    said = _said({"error": error})
    if said.code in _STATUS_CODES:
        return failed_inside(call, _kind(int(said.code), said), said)
    return failed_inside(call, _by_words(said) or "server_error", said)


_STATUS_CODES = {str(status) for status in range(400, 600)} - {"500"}


def _said(answer: Json) -> Said:
    """Read what servers write: an object under "error", a string there, or fields at the top."""
    error = answer.get("error", answer)
    if isinstance(error, str):
        return Said("", "", error)
    fields = cast("Json", error) if isinstance(error, dict) else {}
    code, kind, message = (fields.get(name) for name in ("code", "type", "message"))
    if not isinstance(message, str):
        message = fields.get("detail")
    return Said(
        str(code) if isinstance(code, str | int) else "",
        kind if isinstance(kind, str) else "",
        message if isinstance(message, str) else "",
    )


def _kind(status: int, said: Said) -> str:
    known = BY_CODE.get(said.code.lower()) or BY_CODE.get(said.type.lower())
    if known:
        return known
    if status in {400, 413, 422} and _WINDOW.search(said.message):
        return "context_length"
    return kind_of_status(status)


def _by_words(said: Said) -> str | None:
    known = BY_CODE.get(said.code.lower()) or BY_CODE.get(said.type.lower())
    return known or BY_TYPE.get(said.type.lower())
