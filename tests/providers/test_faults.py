"""Every fault of the fault server, in both APIs and colors, whole and streamed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from llmroute.types.events import End, Opened, Text, UsageReport
from llmroute.types.limits import Limits
from tests.faults.places import PLACES
from tests.faults.server import FaultServer
from tests.faults.table import FAULTS, SOUND
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

TEXTS = {"The answer is forty-two.", "word " * 200, "The answer ", ""}
TIMED = {"answer_timeout", "first_token_timeout", "stalled", "deadline"}
"""Kinds that the flow makes of an attempt whose time was up."""
JUDGED = {"empty_after_reasoning", "empty_answer"}
"""Kinds that the flow makes of a complete answer; it also judges one that a filter cut."""
ROWS = {row.asked: row for row in (*FAULTS, *SOUND) if row.asked not in PLACES}
# What chat completions only can say, or what the Responses API says otherwise.
CHAT_ONLY = {"no_done", "eof_after_finish", "null_content"}
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


def kind_of(fault: str, api: str, *, stream: bool) -> str:
    """The kind of fault that a provider raises, when it has no more than `SECONDS`."""
    kind = ROWS[fault].kind(api.removeprefix("openai-"), stream=stream)
    if kind in TIMED or fault == "endless":
        return "interrupted"
    return "" if kind in JUDGED or fault == "filtered" else kind


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", ROWS)
def test_each_fault_has_its_kind(
    server: FaultServer, api: str, fault: str, *, stream: bool
) -> None:
    """A fault is the same typed error in both colors, within the attempt's time."""
    if api == "openai-responses" and fault in CHAT_ONLY:
        pytest.skip("only chat completions can fail like this")
    kind = kind_of(fault, api, stream=stream)
    time_s = SECONDS if kind in {"interrupted", "overloaded"} else 10.0
    began = time.monotonic()
    sync, task = try_fault(server, fault, How(api=api, stream=stream, time_s=time_s))
    took = time.monotonic() - began
    assert (sync.kind, task.kind) == (kind, kind)
    assert took < 2.0  # a hang would be seen; the machine may be busy
    if sync.kind != "interrupted":  # else it is chance how much came in time
        assert sync.events == task.events
    if sync.error is None:
        assert sync.events[0] == Opened()
        assert isinstance(sync.events[-1], End)
        assert sync.text in TEXTS
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
