"""What an OpenAI-compatible server's errors mean: by status and code, never by wording alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError

from .quoting import quotable, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.calls import Call

    from .shapes import Json
    from .wire import HttpFailure

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
BY_STATUS = {
    401: "bad_key",
    402: "payment_required",
    403: "forbidden",
    404: "model_not_found",
    408: "server_error",
    409: "server_error",
    413: "too_large",
    429: "rate_limit",
    503: "overloaded",
    529: "overloaded",
}
# vLLM and others answer 400 without a code; the status narrows it down before the words are read.
_WINDOW = re.compile(
    r"maximum context length|context window|context size|max_model_len", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+(\.\d+)?", re.ASCII)
LONGEST_WAIT_S = 31_536_000.0
"""A year: an upstream that asks for more is as far away as one that asks for this."""


class Said(NamedTuple):
    """What an error object says; empty where it says nothing."""

    code: str
    type: str
    message: str


def failure_of(call: Call, failure: HttpFailure) -> AttemptError:
    """Make the error of an answer with an error status."""
    said = _said(_object(failure.body))
    kind = _kind(failure.status, said)
    words = quote(call, said.message)
    error = AttemptError(
        kind,
        f"the upstream answered {failure.status}" + (f": {words}" if words else ""),
        status=failure.status,
        code=_code(call, said),
        wait_s=wait_s(failure.headers),
    )
    return _with_advice(error, failure.headers.get("x-should-retry", ""))


def error_inside(call: Call, error: object) -> AttemptError:
    """Make the error of an error object that stands inside an answer with a good status."""
    said = _said({"error": error})
    status = int(said.code) if said.code in _STATUS_CODES else 500
    words = quote(call, said.message)
    return AttemptError(
        _kind(status, said) if status != 500 else _by_words(said) or "server_error",  # noqa: PLR2004
        "the upstream sent an error inside its answer" + (f": {words}" if words else ""),
        code=_code(call, said),
    )


_STATUS_CODES = {str(status) for status in range(400, 600)}


def wait_s(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds the upstream wants to be left alone; None when it does not say.

    `retry-after-ms` goes before `Retry-After`. A date is taken relative to the answer's own Date,
    so that a wrong clock on either side does not matter. Garbage and the past count as nothing,
    more than a year as a year.
    """
    seconds = _asked_s(headers)
    return None if seconds is None else min(seconds, LONGEST_WAIT_S)


def _asked_s(headers: Mapping[str, str]) -> float | None:
    milliseconds = headers.get("retry-after-ms", "").strip()
    if _DIGITS.fullmatch(milliseconds):
        return float(milliseconds) / 1000.0
    after = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(after):
        return float(after)
    return _seconds_between(headers.get("date", ""), after) if after else None


def _seconds_between(start: str, end: str) -> float | None:
    from email.utils import parsedate_to_datetime  # only dates need it

    try:
        seconds = (parsedate_to_datetime(end) - parsedate_to_datetime(start)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, or only one with a time zone
        return None
    return seconds if seconds >= 0.0 else None


def _with_advice(error: AttemptError, should_retry: str) -> AttemptError:
    """Obey `x-should-retry`, where the kind leaves it open."""
    remedy = error.remedy
    if should_retry == "false" and remedy.next == "same":
        remedy = replace(remedy, next="other_model")
    elif should_retry == "true" and not remedy.disable:
        remedy = replace(remedy, next="same")
    return AttemptError.of(replace(error.fault, remedy=remedy))


def _object(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("Json", value) if isinstance(value, dict) else {}


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
    if status in BY_STATUS:
        return BY_STATUS[status]
    return "server_error" if status >= 500 else "bad_request"  # noqa: PLR2004 - HTTP's own line


def _by_words(said: Said) -> str | None:
    known = BY_CODE.get(said.code.lower()) or BY_CODE.get(said.type.lower())
    return known or BY_TYPE.get(said.type.lower())


def _code(call: Call, said: Said) -> str | None:
    return next((one for one in (said.code, said.type) if quotable(call, one)), None)
