"""Every fault of the fault server, in both APIs and colors, whole and streamed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from llmroute.types.events import End, Opened, Text, UsageReport
from llmroute.types.limits import Limits
from tests.faults.scenarios import SCENARIOS
from tests.faults.server import FaultServer
from tests.providers.calls import (
    APIS,
    KEY,
    How,
    aoutcome,
    call_to,
    outcome,
    provider_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.calls import Outcome

ANSWER = "The answer is forty-two."
# fault -> the kind of fault of a whole answer, of a stream; "" is a good answer.
KINDS = {
    "normal": ("", ""),
    "close_after": ("", ""),
    "cut_length": ("", ""),
    "no_usage": ("", ""),
    "no_done": ("", ""),
    "open_end": ("", ""),
    "eof_after_finish": ("", ""),
    "many": ("", ""),
    "bad_after_finish": ("", ""),
    "bad_after_words": ("bad_response", "bad_response"),
    "rate_limit": ("rate_limit", "rate_limit"),
    "rate_limit_far": ("rate_limit", "rate_limit"),
    "quota": ("quota_exhausted", "quota_exhausted"),
    "context_length": ("context_length", "context_length"),
    "content_filter_400": ("content_filtered", "content_filtered"),
    "auth_401": ("bad_key", "bad_key"),
    "not_found": ("model_not_found", "model_not_found"),
    "status": ("server_error", "server_error"),
    "overloaded": ("overloaded", "overloaded"),
    "no_retry_500": ("server_error", "server_error"),
    "html_502": ("server_error", "server_error"),
    "redirect": ("redirected", "redirected"),
    "html_200": ("bad_response", "bad_response"),
    "empty_body": ("bad_response", "bad_response"),
    "bad_json": ("bad_response", "bad_response"),
    "wrong_types": ("bad_response", "bad_response"),
    "empty_choices": ("bad_response", "cut_short"),
    "error_in_body_200": ("overloaded", "overloaded"),
    "error_in_stream": ("server_error", "server_error"),
    "truncated_clean": ("cut_short", "cut_short"),
    "done_without_finish": ("cut_short", "cut_short"),
    "gzip_bomb": ("too_long", "too_long"),
    "big_body": ("too_long", "too_long"),
    "big_event": ("too_long", "too_long"),
    "reset_at_once": ("cut_short", "cut_short"),
    "close_at_once": ("cut_short", "cut_short"),
    "reset_midstream": ("cut_short", "cut_short"),
    "eof_midstream": ("cut_short", "cut_short"),
    "short_body": ("cut_short", "cut_short"),
    "not_http": ("bad_response", "bad_response"),
    "stall_headers": ("interrupted", "interrupted"),
    "stall_error_body": ("overloaded", "overloaded"),
    "stall_first": ("interrupted", "interrupted"),
    "stall_midstream": ("interrupted", "interrupted"),
    "stall_pings": ("interrupted", "interrupted"),
    "slow_drip": ("interrupted", "interrupted"),
    "endless": ("interrupted", "interrupted"),
}
# What chat completions only can say, or what the Responses API says otherwise.
CHAT_ONLY = {"null_content", "no_done", "eof_after_finish"}
SECONDS = 0.1


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """One fault server for all."""
    with FaultServer() as running:
        yield running


def try_fault(server: FaultServer, fault: str, how: How) -> tuple[Outcome, Outcome]:
    """Meet `fault` once in a thread and once in a task."""
    provider = provider_for(how.api)
    url = server.url_for(fault)
    try:
        sync = outcome(provider.events(call_to(url, how)))
        return sync, asyncio.run(aoutcome(provider.aevents(call_to(url, how))))
    finally:
        provider.close()


def test_the_table_is_complete() -> None:
    """Every fault that the server knows is in the table."""
    assert set(KINDS) | {"null_content"} == set(SCENARIOS)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", KINDS)
def test_each_fault_has_its_kind(
    server: FaultServer, api: str, fault: str, *, stream: bool
) -> None:
    """A fault is the same typed error in both colors, within the attempt's time."""
    if api == "openai-responses" and fault in CHAT_ONLY:
        pytest.skip("only chat completions can fail like this")
    time_s = SECONDS if KINDS[fault][stream] in {"interrupted", "overloaded"} else 10.0
    began = time.monotonic()
    sync, task = try_fault(server, fault, How(api=api, stream=stream, time_s=time_s))
    took = time.monotonic() - began
    assert (sync.kind, task.kind) == (KINDS[fault][stream],) * 2
    assert took < 2.0  # a hang would be seen; the machine may be busy
    if sync.kind != "interrupted":  # else it is chance how much came in time
        assert sync.events == task.events
    if sync.error is None:
        assert sync.events[0] == Opened()
        assert isinstance(sync.events[-1], End)
        assert sync.text in {ANSWER, "word " * 200}
    else:
        assert not any(isinstance(event, End) for event in sync.events)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_null_content_is_an_empty_answer(server: FaultServer, *, stream: bool) -> None:
    """Null content with a finish reason is an answer without text, also to a streaming call."""
    sync, task = try_fault(server, "null_content", How(stream=stream))
    assert sync.events == task.events == [Opened(), End("stop")]


def test_the_order_of_events(server: FaultServer) -> None:
    """First `Opened`, then content, then the usage, then `End`."""
    sync, _ = try_fault(server, "normal", How())
    kinds = [type(event) for event in sync.events]
    assert kinds == [Opened, *[Text] * 6, UsageReport, End]


def test_what_was_said_before_a_break_is_kept(server: FaultServer) -> None:
    """Events that came before the break are yielded before the error."""
    broken = ("reset_midstream", "eof_midstream", "stall_midstream", "error_in_stream")
    for fault in (*broken, "bad_after_words"):
        sync, task = try_fault(server, fault, How(time_s=0.5))
        assert sync.text == task.text == "The answer "


def test_remedies_carry_what_the_upstream_said(server: FaultServer) -> None:
    """Retry-After, x-should-retry, the status and the code reach the fault."""
    far, _ = try_fault(server, "rate_limit_far", How())
    assert far.fault.remedy.wait_s == 3600.0
    assert (far.fault.status, far.fault.code) == (429, "rate_limit_exceeded")
    no_retry, _ = try_fault(server, "no_retry_500", How())
    assert no_retry.fault.remedy.next == "other_model"


def test_a_redirect_is_not_followed(server: FaultServer) -> None:
    """A redirect is an error, and nothing is sent to where it points."""
    with FaultServer() as elsewhere:
        sync, task = try_fault(server, f"redirect;to={elsewhere.port}", How())
        assert sync.kind == task.kind == "redirected"
        assert elsewhere.requests == []


def test_what_is_sent(server: FaultServer) -> None:
    """The key stands in the Authorization header alone; no compression is asked for."""
    server.requests.clear()
    try_fault(server, "normal", How(stream=False))
    for received in server.requests:
        assert received.path.endswith("/v1/chat/completions")
        headers = received.headers
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["accept-encoding"] == "identity"
        assert headers["content-type"] == headers["accept"] == "application/json"
        assert headers["host"] == f"127.0.0.1:{server.port}"
        assert KEY.encode() not in received.body
    assert len(server.requests) == 2


def test_no_key_no_header(server: FaultServer) -> None:
    """A call without a key sends no Authorization header."""
    server.requests.clear()
    try_fault(server, "normal", How(key=None))
    assert all("authorization" not in received.headers for received in server.requests)


def test_limits_of_size_are_the_calls_own(server: FaultServer) -> None:
    """`body_bytes` and `event_bytes` end an answer early."""
    small = How(limits=Limits(body_bytes=100))
    assert [one.kind for one in try_fault(server, "normal", small)] == ["too_long"] * 2
    small = How(limits=Limits(event_bytes=50))
    assert [one.kind for one in try_fault(server, "normal", small)] == ["too_long"] * 2


def test_a_bomb_is_not_expanded(server: FaultServer) -> None:
    """A compressed answer costs no more memory than the limit lets through."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    how = How(stream=False, limits=Limits(body_bytes=4 * 1024 * 1024))
    sync, task = try_fault(server, "gzip_bomb;mb=256", how)
    assert sync.kind == task.kind == "too_long"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
