"""What every wire API's errors share: statuses, waits, and the words that may be repeated."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError
from llmroute.types.frozen import replace

from .quoting import looks_like_code, quotes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.calls import Call

    from .shapes import Json
    from .wire import HttpFailure

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
LONGEST_WAIT_S = 31_536_000.0
"""A year: an upstream that asks for more is as far away as one that asks for this."""

AGAIN = ("same", "other_upstream")
"""What a remedy says where the same model may be asked again when no other one is left."""

_DIGITS = re.compile(r"\d+(\.\d+)?", re.ASCII)


class Said(NamedTuple):
    """What an error object says; empty where it says nothing."""

    code: str
    type: str
    message: str


def failed(
    call: Call, failure: HttpFailure, kind: str, said: Said, asked_s: float | None = None
) -> AttemptError:
    """Make the error, of a kind, of an answer with an error status.

    `asked_s` is how many seconds the body asks to wait; None: the headers say, or nothing does.
    """
    words, code = _quoted(call, said)
    error = AttemptError(
        kind,
        f"the upstream answered {failure.status}" + (f": {words}" if words else ""),
        status=failure.status,
        code=code,
        wait_s=wait_s(failure.headers) if asked_s is None else asked_s,
    )
    return _with_advice(error, failure.headers.get("x-should-retry", ""))


def failed_inside(call: Call, kind: str, said: Said) -> AttemptError:
    """Make the error of an error object that stands inside an answer with a good status."""
    words, code = _quoted(call, said)
    return AttemptError(
        kind,
        "the upstream sent an error inside its answer" + (f": {words}" if words else ""),
        code=code,
    )


def kind_of_status(status: int) -> str:
    """Say what a status means where the body says no more."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    return "server_error" if status >= 500 else "bad_request"  # noqa: PLR2004 - HTTP's own line


def object_in(body: bytes) -> Json:
    """Read the JSON object of an error's body, also alone in a list; empty when there is none."""
    try:
        value = cast("object", json.loads(body))
    except (ValueError, RecursionError):
        return {}
    if isinstance(value, list) and len(alone := cast("list[object]", value)) == 1:
        value = alone[0]
    return cast("Json", value) if isinstance(value, dict) else {}


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
    remedy, advice = error.remedy, should_retry.strip().lower()
    if advice == "false" and remedy.next in AGAIN:
        remedy = replace(remedy, next="other_model")
    elif advice == "true" and not remedy.disable:
        remedy = replace(remedy, next="same")
    return AttemptError.of(replace(error.fault, remedy=remedy))


def _quoted(call: Call, said: Said) -> tuple[str, str | None]:
    """What may be repeated of the message, and the first of code and type that may."""
    words, *codes = quotes(call, [said.message, said.code, said.type])
    whole = zip(codes, (said.code, said.type), strict=True)
    fit = (fit for fit, code in whole if fit == code and looks_like_code(code))
    return words, next(fit, None)
