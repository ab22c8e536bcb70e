"""What error statuses and their bodies mean, and what of them may be repeated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from llmroute.providers import open_codec
from llmroute.providers.failures import wait_s
from llmroute.providers.wire import HttpFailure
from llmroute.types.messages import Message
from llmroute.types.requests import Request
from tests.providers.calls import KEY, call_to

if TYPE_CHECKING:
    from llmroute.errors import AttemptError

URL = "https://api.example.com/v1"
CODEC = open_codec("openai-chat")
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"
PROMPT = "My account number is 4711-0815, tell nobody.\nNot even the provider."


def failure(
    status: int, error: object = None, headers: dict[str, str] | None = None, *, raw: bytes = b""
) -> AttemptError:
    """Read an answer with an error status."""
    body = raw or json.dumps({"error": error}).encode()
    call = call_to(URL, request=Request((Message.user(PROMPT),)))
    return CODEC.failure(call, HttpFailure(status, headers or {}, body))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "bad parameter"}, "bad_request"),
        (400, {"code": "context_length_exceeded"}, "context_length"),
        (400, {"type": "exceed_context_size_error"}, "context_length"),
        (400, {"message": "This model's maximum context length is 4096"}, "context_length"),
        (400, {"code": "content_filter"}, "content_filtered"),
        (400, {"code": "invalid_api_key"}, "bad_key"),
        (401, {"type": "invalid_request_error", "code": "invalid_api_key"}, "bad_key"),
        (401, None, "bad_key"),
        (402, None, "payment_required"),
        (403, {"code": "unsupported_country_region_territory"}, "forbidden"),
        (403, None, "forbidden"),
        (404, {"code": "model_not_found"}, "model_not_found"),
        (404, None, "model_not_found"),
        (408, None, "server_error"),
        (413, None, "too_large"),
        (418, None, "bad_request"),
        (422, {"message": "prompt exceeds the context window"}, "context_length"),
        (429, None, "rate_limit"),
        (429, {"code": "rate_limit_exceeded", "type": "tokens"}, "rate_limit"),
        (429, {"type": "insufficient_quota", "code": None}, "quota_exhausted"),
        (429, {"code": "insufficient_quota"}, "quota_exhausted"),
        (429, {"message": "INSUFFICIENT QUOTA: per-minute limit", "code": "rl"}, "rate_limit"),
        (500, None, "server_error"),
        (500, {"type": "invalid_request_error"}, "server_error"),
        (502, None, "server_error"),
        (503, None, "overloaded"),
        (503, {"type": "server_error", "message": "maximum context length"}, "overloaded"),
        (529, {"type": "overloaded_error"}, "overloaded"),
        (599, "text", "server_error"),
        (400, 7, "bad_request"),
        (400, ["x"], "bad_request"),
        (429, {"code": 429, "type": 7, "message": {}}, "rate_limit"),
    ],
)
def test_status_and_code_make_the_kind(status: int, error: object, kind: str) -> None:
    """The code decides, then the status; words decide nothing between limit and quota."""
    fault = failure(status, error).fault
    assert (fault.kind, fault.status) == (kind, status)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"detail": "No"}']
)
def test_any_body_is_survived(raw: bytes) -> None:
    """A body that is no error object leaves the status to speak."""
    assert failure(503, raw=raw or b" ").fault.kind == "overloaded"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": "\u0663"}, None),
        ({"retry-after": "9" * 20}, 31_536_000.0),
        ({"retry-after": "9" * 400}, 31_536_000.0),
        ({"retry-after-ms": "9" * 400}, 31_536_000.0),
        ({"retry-after": "Mon, 23 Nov 9026 12:00:30 GMT", "date": DATE}, 31_536_000.0),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:59:00 GMT", "date": DATE}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30", "date": DATE}, None),
        ({"retry-after": "Mon, 99 Nov 2026 12:00:30 GMT", "date": DATE}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds go before seconds, dates count from Date, garbage is nothing, far is a year."""
    assert wait_s(headers) == seconds
    assert failure(429, None, headers).remedy.wait_s == seconds


def test_the_upstream_may_say_whether_to_retry() -> None:
    """`x-should-retry` is obeyed where the kind leaves it open, never for a useless key."""
    no = {"x-should-retry": " False "}
    yes = {"x-should-retry": "true"}
    assert failure(500).remedy.next == "same"
    assert failure(500, None, no).remedy.next == "other_model"
    assert failure(301, None, no).remedy.next != "other_upstream"
    assert failure(400, None, yes).remedy.next == "same"
    assert failure(400, {"code": "context_length_exceeded"}, no).remedy.next == "larger_window"
    assert failure(401, None, yes).remedy.next == "other_upstream"


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        ("Rate limit reached", "Rate limit reached"),
        ("line\none\ttwo\0", "line one two"),
        ("Key sk-proj-abcdEFGH1234 is wrong", "Key *** is wrong"),
        ("Key abcd****wxyz is wrong", "Key *** is wrong"),
        ("Header Bearer zyxwvuts is wrong", "Header *** is wrong"),
        (f"Incorrect API key provided: {KEY}.", ""),
        (f"It begins with {KEY[:12]}", ""),
        ("You said: My account number is 4711", ""),
        ("You said: my_account_number_is_4711_0815", ""),
        ("You said: tell nobody.\\nNot even", ""),
        ("My account is fine", "My account is fine"),
        ("x" * 500, "x" * 200),
    ],
)
def test_what_may_be_quoted(message: str, quoted: str) -> None:
    """The upstream's words are quoted, printable and short, without key and without prompt."""
    reason = failure(400, {"message": message}).fault.reason
    assert reason == "the upstream answered 400" + (f": {quoted}" if quoted else "")


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("some_code", "some_code"),
        (KEY, None),
        ("a b", None),
        ("x" * 65, None),
        (f"code_{KEY}", None),
        (17, "17"),
    ],
)
def test_a_code_is_kept_if_it_is_one(code: object, kept: str | None) -> None:
    """An error code is a short word; nothing else gets into the fault."""
    assert failure(400, {"code": code}).fault.code == kept
