"""The table of faults: each row says what the primary does, and what must come of it.

A call has two models: the primary, which fails, and a healthy second. `whole` and `stream` are the
kinds of the primary's fault (keys of FAULT_KINDS) for a whole answer and for a stream; "" means
that its answer stands. What ends a row is an event, or one of the call's limits.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Bound = Literal["", "connect", "first_token", "between_tokens", "share", "deadline", "error_body"]
"""The limit that ends an attempt; "" for faults that show at once."""
OPENAI = ("chat", "responses")
NATIVE = ("messages", "gemini")
ALL = (*OPENAI, *NATIVE)


class Row(NamedTuple):
    """A fault; `shown` says that a stream has shown content by then."""

    name: str
    whole: str
    stream: str
    fault: str = ""
    shown: bool = False
    whole_ends: Bound = ""
    stream_ends: Bound = ""
    apis: tuple[str, ...] = ALL
    differing: tuple[tuple[str, str], ...] = ()

    @property
    def asked(self) -> str:
        """What the server is asked for, with its options."""
        return self.fault or self.name

    def kind(self, api: str, *, stream: bool) -> str:
        """The kind of the primary's fault on the wire `api`."""
        return dict(self.differing).get(api, self.stream if stream else self.whole)

    def ends(self, *, stream: bool) -> Bound:
        """The limit that ends the primary's attempt."""
        return self.stream_ends if stream else self.whole_ends


def same(name: str, kind: str, fault: str = "", **others: str) -> Row:
    """Fail in the same way whole and streamed; `others` are kinds of wires that say otherwise."""
    return Row(name, kind, kind, fault, differing=tuple(others.items()))


def broken(name: str, kind: str, fault: str = "", whole: str = "cut_short") -> Row:
    """Break off after the first words."""
    return Row(name, whole, kind, fault, shown=True)


def unconnected(name: str) -> Row:
    """Hold the connection up."""
    kind = "connect_timeout"
    return Row(name, kind, kind, whole_ends="connect", stream_ends="connect")


def hanging(name: str) -> Row:
    """Send nothing that counts."""
    row = Row(name, "answer_timeout", "first_token_timeout")
    return row._replace(whole_ends="share", stream_ends="first_token")


def stalling(name: str, fault: str = "") -> Row:
    """Send nothing that counts any more, after the first words."""
    row = Row(name, "answer_timeout", "stalled", fault, shown=True)
    return row._replace(whole_ends="share", stream_ends="between_tokens")


REFUSED = (
    same("rate_limit", "rate_limit"),
    same("rate_limit_far", "rate_limit"),
    same("rate_limit_ms", "rate_limit"),
    same("rate_limit_date", "rate_limit"),
    same("rate_limit_garbage", "rate_limit"),
    same("quota", "quota_exhausted", gemini="forbidden"),
    same("quota_in_words", "rate_limit"),
    same("context_length", "context_length"),
    same("context_length_in_words", "context_length"),
    same("content_filter_400", "content_filtered"),
    same("bad_request", "bad_request"),
    same("auth_401", "bad_key"),
    same("payment_402", "payment_required")._replace(apis=(*OPENAI, "messages")),
    same("perm_403", "forbidden"),
    same("model_404", "model_not_found"),
    same("not_found", "model_not_found"),
    same("timeout_408", "server_error"),
    same("retry_409", "server_error"),
    same("too_large_413", "too_large"),
    same("err_500", "server_error", "status;code=500"),
    same("empty_500", "server_error"),
    same("no_retry_500", "server_error"),
    same("html_502", "server_error"),
    same("overloaded_503", "overloaded", "overloaded"),
    same("overloaded_529", "overloaded"),
    same("redirect_307", "redirected", "redirect"),
)
CONNECTION = (
    same("refused", "connect"),
    same("dns_fail", "dns"),
    unconnected("dns_hang"),
    unconnected("black_hole"),
    same("tls_to_plain", "tls"),
    unconnected("tls_hang"),
    same("reset_at_once", "cut_short"),
    same("close_at_once", "cut_short"),
    same("eof_in_headers", "cut_short"),
    same("not_http", "bad_response"),
    same("short_body", "cut_short"),
    broken("reset_midstream", "cut_short"),
    broken("eof_midstream", "cut_short"),
    broken("eof_in_event", "cut_short"),
    broken("bad_chunk", "bad_response"),
)
TIME = (
    hanging("stall_headers"),
    hanging("slow_headers"),
    same("stall_error_body", "overloaded")._replace(
        whole_ends="error_body", stream_ends="first_token"
    ),
    hanging("stall_first"),
    hanging("slow_body"),
    hanging("stall_pings"),
    hanging("stall_empty"),
    stalling("stall_midstream"),
    stalling("stall_pings_midstream", "stall_pings;after=3"),
    stalling("stall_empty_midstream", "stall_empty;after=3"),
    Row("slow_drip", "answer_timeout", "deadline", shown=True)._replace(
        whole_ends="share", stream_ends="deadline"
    ),
    Row("endless", "too_long", "too_long", shown=True),
)
BROKEN = (
    same("html_200", "bad_response"),
    same("empty_body", "bad_response"),
    same("no_content_204", "bad_response"),
    same("bad_json", "bad_response"),
    same("deep_json", "bad_response"),
    same("bad_sse", "bad_response", "bad_sse;after=0")._replace(whole="cut_short"),
    broken("bad_sse_midstream", "bad_response", "bad_sse"),
    broken("bad_after_words", "bad_response", whole="bad_response"),
    same("wrong_types", "bad_response"),
    Row("empty_choices", "bad_response", "cut_short"),
    same("error_in_body_200", "overloaded"),
    same("error_in_stream", "server_error", "error_in_stream;after=1"),
    broken("error_midstream", "server_error", "error_in_stream", whole="server_error"),
    same("truncated_at_once", "cut_short", "truncated_clean;after=1"),
    broken("truncated_clean", "cut_short"),
    broken("done_without_finish", "cut_short"),
    same("gzip_bomb", "too_long"),
    same("gzip_broken", "bad_response"),
    same("strange_encoding", "bad_response"),
    same("big_body", "too_long"),
    same("big_event", "too_long"),
    same("big_headers", "bad_response"),
)
USELESS = (
    broken("only_thoughts", "empty_after_reasoning", whole="empty_after_reasoning"),
    same("filtered_at_once", "content_filtered"),
    broken("filtered", "content_filtered", whole="content_filtered"),
    same(
        "empty_text",
        "empty_answer",
        chat="empty_after_reasoning",
        responses="empty_after_reasoning",
    ),
    same("null_content", "empty_answer")._replace(apis=("chat",)),
)
SOUND = (
    same("normal", ""),
    same("close_after", ""),
    same("cut_length", ""),
    same("no_usage", ""),
    same("no_done", "")._replace(apis=("chat", "messages")),
    same("open_end", "")._replace(apis=(*OPENAI, "messages")),
    same("bad_after_finish", ""),
    same("eof_after_finish", "")._replace(apis=("chat", "messages")),
    same("many", ""),
)
GROUPS = {
    "Refused by status": REFUSED,
    "No connection, or a broken one": CONNECTION,
    "Too slow, or without end": TIME,
    "Answers that are none": BROKEN,
    "Answers of no use": USELESS,
}
FAULTS = tuple(row for rows in GROUPS.values() for row in rows)
