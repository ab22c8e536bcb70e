"""What the errors of the Messages API mean, and what of them may be repeated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from llmroute.providers import open_codec
from llmroute.providers.wire import HttpFailure
from llmroute.types.messages import Message
from llmroute.types.requests import Request
from tests.providers.calls import KEY
from tests.providers.natives import Native

if TYPE_CHECKING:
    from llmroute.errors import AttemptError

API = "anthropic-messages"
PROMPT = "My account number is 4711-0815, tell nobody.\nNot even the provider."


def failure(
    status: int,
    kind: str = "",
    message: str = "No.",
    headers: dict[str, str] | None = None,
    *,
    raw: bytes = b"",
) -> AttemptError:
    """Read an answer with an error status."""
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    call = Native(API).call(Request((Message.user(PROMPT),)))
    body = raw or json.dumps(error).encode()
    return open_codec(API).failure(call, HttpFailure(status, headers or {}, body))


@pytest.mark.parametrize(
    ("status", "kind", "message", "means"),
    [
        (400, "invalid_request_error", "max_tokens: must be positive", "bad_request"),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 9 > 8 maximum",
            "context_length",
        ),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            "context_length",
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            "content_filtered",
        ),
        (400, "invalid_request_error", "Your credit balance is too low", "payment_required"),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits",
            "quota_exhausted",
        ),
        (401, "authentication_error", "invalid x-api-key", "bad_key"),
        (402, "billing_error", "Pay.", "payment_required"),
        (403, "permission_error", "Not yours.", "forbidden"),
        (404, "not_found_error", "model: claude-9", "model_not_found"),
        (413, "request_too_large", "Too large.", "too_large"),
        (429, "rate_limit_error", "Slow down.", "rate_limit"),
        (500, "api_error", "Internal server error", "server_error"),
        (504, "timeout_error", "Too late.", "server_error"),
        (529, "overloaded_error", "Overloaded", "overloaded"),
        (418, "teapot", "Tea.", "bad_request"),
    ],
)
def test_kinds(status: int, kind: str, message: str, means: str) -> None:
    """Each documented error is one of ours, with its type as the code."""
    fault = failure(status, kind, message).fault
    assert (fault.kind, fault.status, fault.code) == (means, status, kind)


@pytest.mark.parametrize(
    ("status", "raw", "means"),
    [
        (502, b"<html>Bad gateway</html>", "server_error"),
        (529, b"", "overloaded"),
        (404, b"[]", "model_not_found"),
        (400, b'{"error": "no"}', "bad_request"),
        (400, b'{"error": {"type": 7, "message": 7}}', "bad_request"),
    ],
)
def test_bodies_of_others(status: int, raw: bytes, means: str) -> None:
    """A body that is not the API's leaves the meaning to the status."""
    assert failure(status, raw=raw or b" ").fault.kind == means


def test_waits() -> None:
    """`retry-after` is kept to, and `x-should-retry` obeyed."""
    error = failure(429, "rate_limit_error", headers={"retry-after": "7"})
    assert (error.fault.remedy.wait_s, error.fault.remedy.next) == (7.0, "same")
    error = failure(529, "overloaded_error", headers={"x-should-retry": "false"})
    assert error.fault.remedy.next == "other_model"


def test_words_are_quoted_with_care() -> None:
    """The upstream's words are quoted, unless they hold the key or the prompt."""
    assert "max_tokens: required" in str(
        failure(400, "invalid_request_error", "max_tokens: required")
    )
    for secret in (f"bad key {KEY}", f"cannot read: {PROMPT}", "4711-0815, tell nobody.\\nNot"):
        error = failure(400, "invalid_request_error", secret)
        assert "tell nobody" not in str(error)
        assert KEY[3:20] not in str(error)
