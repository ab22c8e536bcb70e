# ruff: noqa: INP001, E501 - a script that stands beside the pages; rows of tables are long
"""The page of faults; `python -m benchmarks.faults --page` writes it from a run of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Line(NamedTuple):
    """What was measured of a fault; `whole_s` and `stream_s` are medians, in seconds.

    `ends` are the limits, in words, that end it in whole answers and in streams; "" for none.
    """

    name: str
    kinds: tuple[str, ...]
    whole: str
    stream: str
    requests: int
    whole_s: float
    stream_s: float
    ends: tuple[str, str]


class Totals(NamedTuple):
    """Counts over every call of the run; `added_s` is the median that a fallback added."""

    rows: int
    calls: int
    answered: int
    stopped: int
    silent: int
    hung: int
    late: int
    twice: int
    requests: int
    added_s: float


HEAD = """\
# The table of faults

<!-- written by `python -m benchmarks.faults --page`; change tests/faults or docs/faults_page.py -->

What happens to a call when its first model fails, and how that can go wrong without anybody
noticing. Every row is a way in which a provider fails. It is played over real sockets, against a
server that fails in exactly this way, with a second model behind it that is sound.

**What is measured.** Each row is played as a whole answer and as a stream, by `Client` and by
`AsyncClient`, on four wires where they can fail so: chat completions, Responses, Anthropic's
Messages and Gemini's own API. A row is good when

- the second model's answer comes, whole and once, or, in a stream that broke after content was
  shown, a typed error with the text so far (`on_break="raise"`, the default), the second model's
  answer after a visible restart (`"restart"`), or the text so far and what the second model adds
  to it (`"continue"`);
- nothing broken is passed off as an answer: that is what *silent* means below;
- no token is shown twice;
- the first model gets one request, because another one is there to answer;
- what ends a slow row is the limit that was set, and at most a tenth more. Here that is
  {connect_s:g} s to connect, {first_token_s:g} s for the first token, {between_tokens_s:g} s between
  tokens, {deadline_s:g} s for the whole call, of which the first of two models gets half.

The tests play all of it (`tests/faults`), so that a row that goes wrong is a failed build. The
seconds are of one run on two shared cores, client and servers in one process; counts matter more.

**The others.** The same kinds of faults were given in November 2026 to openai 2.54, litellm's
Router 1.106.2, pydantic-ai's FallbackModel 2.68 and any-llm 1.40, with a time-out of 2 s, everything
else as it comes, and a sound second model where the client takes one. A call that took more than
20 s counts as a hang. They were given chat completions alone, in 78 rows, whole answers and streams
counted apart; here there would be {forms} of those. An empty cell was not measured. Software
changes; if a cell is no longer true, please say so.

## In short

| client | calls | whole answers | typed stops or errors | silent | hangs | requests at the first model |
|---|---|---|---|---|---|---|
"""

OTHERS = """\
| openai 2.54 (no fallback) | 78 | 0 | 64 | 11 | 3 | 128 |
| any-llm 1.40 (no fallback) | 78 | 0 | 65 | 11 | 2, perhaps 3 | 129 |
| litellm Router 1.106.2 | 78 | 58 (16 within 3 s) | 6 | 11 | 3 | 150 |
| pydantic-ai FallbackModel 2.68 | 78 | 54 (50 within 3 s) | 15 | 6 | 3 (none with its two deadlines set) | 128 |

Falling back took litellm 4.7 s and pydantic-ai 1.6 s (medians), mostly spent asleep before trying a
sick server again. It adds {added} to a call of llmroute (median over the rows that show at once).

Typed stops of llmroute are streams that broke after content was shown, as declared, and streams
that flow on and on until the deadline; every other call was answered by the second model.
"""

COLUMNS = """
| fault | what the first model's server does | kind of fault | whole answer | stream | took | openai | litellm Router | pydantic-ai |
|---|---|---|---|---|---|---|---|---|
"""

TAIL = """
*Answered*: the second model's answer. *Stops*: a typed error with the text so far; with
`on_break="restart"` the second model's answer, with `"continue"` the text so far and the second
model's rest of it, unless it is endless, filtered or no more than thoughts. *Took*: until the second model begins, or the call
stops; whole answer / stream, and in parentheses the limit that ended it. The kinds are explained in
[Errors](errors.md).

Of the others: *error* is an exception, *answered* the second model's answer; "3 requests" came to
the sick server; a time is how long the call took.

## Answers without end

Under the limits that hold unless something else is said, 32 MiB of an answer and 4 MiB of an event,
256 MiB of zeros in gzip cost 35 MiB of memory, JSON without end 33, a stream without end 20, a line
of 64 MiB 5, headers without end next to nothing; each ends in a typed error. A deadline of 1 s over
servers that stop, drip, flood or never connect was late by 16 ms at most, in threads as in tasks.
`python -m benchmarks.limits` measures that.

## Run it yourself

`python -m benchmarks.faults` plays the table and prints the counts, as a table and as one line of
JSON; with `--page` it writes this page. `python -m tests.faults.server` runs the server alone: point
any client at it, with the fault as the model's name.
"""

MEANS: dict[str, str] = {
    "rate_limit": "429, Retry-After 1 s",
    "rate_limit_far": "429, Retry-After an hour",
    "rate_limit_ms": "429, retry-after-ms",
    "rate_limit_date": "429, Retry-After a date, by a clock that is years behind",
    "rate_limit_garbage": "429, Retry-After without meaning",
    "quota": "no quota left, by its code",
    "quota_in_words": "a rate limit whose words speak of quota",
    "context_length": "the prompt is too long",
    "context_length_in_words": "the same, in words alone",
    "content_filter_400": "a filter refuses the prompt",
    "bad_request": "400, a parameter",
    "auth_401": "the key is refused",
    "payment_402": "the account must be paid for",
    "perm_403": "the key may not do this",
    "model_404": "no such model",
    "not_found": "404 of a web framework",
    "timeout_408": "the server's own time-out, 408 or 504",
    "retry_409": "409, x-should-retry: true",
    "too_large_413": "the request is too large",
    "err_500": "500",
    "empty_500": "500 without a body",
    "no_retry_500": "500, x-should-retry: false",
    "html_502": "502, a gateway's HTML",
    "overloaded_503": "503",
    "overloaded_529": "529",
    "redirect_307": "a redirect to another port",
    "refused": "nobody listens",
    "dns_fail": "the name cannot be resolved",
    "dns_hang": "the resolver does not answer",
    "black_hole": "connecting is never answered",
    "tls_to_plain": "the server speaks no TLS",
    "tls_hang": "the TLS handshake is never answered",
    "reset_at_once": "resets the connection",
    "close_at_once": "closes the connection",
    "eof_in_headers": "closes within the headers",
    "not_http": "speaks another protocol",
    "short_body": "sends less than it promised",
    "reset_midstream": "resets after some words",
    "eof_midstream": "closes after some words",
    "eof_in_event": "ends properly, within the event that would end the answer",
    "bad_chunk": "breaks the framing of HTTP after some words",
    "stall_headers": "takes the request, says nothing",
    "slow_headers": "sends headers without end",
    "stall_error_body": "503, and never the body",
    "stall_first": "sends headers, then nothing",
    "slow_body": "sends spaces instead of an answer",
    "stall_pings": "sends comments only",
    "stall_empty": "sends events that say nothing",
    "stall_midstream": "stops after some words",
    "stall_pings_midstream": "sends comments after some words",
    "stall_empty_midstream": "sends empty events after some words",
    "slow_drip": "sends a word now and then, without end",
    "endless": "sends words as fast as it can, without end",
    "html_200": "200, a login page",
    "empty_body": "200, nothing",
    "no_content_204": "204",
    "bad_json": "200, JSON that breaks off",
    "deep_json": "200, 100,000 brackets",
    "bad_sse": "an event that is no JSON",
    "bad_sse_midstream": "the same after some words",
    "bad_after_words": "words, broken JSON and the rest in one packet",
    "wrong_types": "JSON whose fields have other types",
    "empty_choices": "200, no choice in it",
    "error_in_body_200": "200, an error object",
    "error_in_stream": "an error event in a stream",
    "error_midstream": "the same after some words",
    "truncated_at_once": "ends properly before the first word",
    "truncated_clean": "ends properly after some words, without finish reason",
    "done_without_finish": "the same with [DONE]",
    "gzip_bomb": "64 MiB of zeros in 64 KiB of gzip",
    "gzip_broken": "gzip that is none",
    "strange_encoding": "a compression that was not asked for",
    "big_body": "JSON without end",
    "big_event": "one event without end",
    "big_headers": "headers without end, of 8 KiB each",
    "only_thoughts": "thinks, and then says nothing",
    "filtered_at_once": "a filter leaves nothing of the answer",
    "filtered": "a filter cuts the answer",
    "empty_text": "an empty text, called complete",
    "null_content": "null for a text, called complete",
}
THREE = "answered, 3 requests, {}"
SLOW = ("error, 3 requests", THREE.format("4 to 5.7 s"), THREE.format("1.4 to 2.5 s"))
ONCE = ("error", "answered", "answered")
GONE = ("error, 1.3 to 1.6 s", "answered, 4.4 to 6.6 s", "answered, 1.5 to 2.1 s")
HANG = ("**hangs**", "**hangs**", "**hangs**")
SILENT = ("**silent**", "**silent**", "**silent**")
RIVALS: dict[str, tuple[str, str, str]] = {
    "rate_limit": (
        "error, 3 requests, 2.3 s",
        THREE.format("4.7 to 5 s"),
        THREE.format("3 to 3.7 s"),
    ),
    "rate_limit_far": ("error", THREE.format("4.6 s"), "answered, 0.2 s"),
    "quota": ("error, 3 requests", THREE.format("5 s"), "answered, 3 requests"),
    "context_length": ONCE,
    "content_filter_400": ONCE,
    "auth_401": ONCE,
    "payment_402": ONCE,
    "model_404": ONCE,
    "too_large_413": ONCE,
    "perm_403": ("error", THREE.format("4.5 s"), "answered"),
    "err_500": SLOW,
    "html_502": SLOW,
    "overloaded_503": SLOW,
    "overloaded_529": SLOW,
    "timeout_408": SLOW,
    "no_retry_500": ("error", "answered, 3 requests", "answered"),
    "refused": GONE,
    "dns_fail": GONE,
    "tls_to_plain": GONE,
    "reset_at_once": GONE,
    "close_at_once": GONE,
    "short_body": GONE,
    "black_hole": ("error, 7.5 s", "answered, 11.4 s", "answered, 8 s (2.1 s with a deadline)"),
    "stall_headers": ("error, 7.5 s", "answered, 11 s", "answered, 8.1 s (2.1 s with a deadline)"),
    "stall_first": ("error, 2.1 s", "answered, 2.1 s", "error (answered with a deadline)"),
    "stall_midstream": ("error, 2.1 s", "error, 2 s", "error, 2.9 s"),
    "stall_pings": HANG,
    "slow_drip": HANG,
    "endless": HANG,
    "reset_midstream": ("raw ReadError", "error", "raw ReadError"),
    "eof_midstream": ("raw RemoteProtocolError", "error", "raw RemoteProtocolError"),
    "truncated_clean": SILENT,
    "bad_sse": ("error", "error", "error"),
    "error_in_stream": ("error", "error", "error"),
    "html_200": ("AttributeError / **silent**", "answered, 5.2 s / **silent**", "error / error"),
    "empty_body": ("error / **silent**", "answered, 5 s / **silent**", "answered / error"),
    "bad_json": ("error / **silent**", "answered, 5 s / **silent**", "answered / error"),
    "empty_choices": (
        "IndexError / **silent**",
        "IndexError / **silent**",
        "IndexError / **silent**",
    ),
    "wrong_types": ("AttributeError", "answered, 3 requests", "error"),
    "filtered": SILENT,
    "null_content": SILENT,
    "gzip_bomb": ("taken, +782 MiB", "taken, +1,024 MiB", "taken, +769 MiB, 30 s"),
}
"""openai 2.54, litellm Router 1.106.2, pydantic-ai FallbackModel 2.68, as measured in 2026-11; whole
answer / stream where they differ. The bomb was of 256 MiB."""


def faults_page(
    groups: Mapping[str, Sequence[Line]], totals: Totals, limits: Mapping[str, float]
) -> str:
    """Write the page."""
    sections = [
        f"\n## {title}\n{COLUMNS}" + "".join(map(_row, lines)) for title, lines in groups.items()
    ]
    head = HEAD.format(forms=2 * totals.rows, **limits) + _total(totals)
    return head + OTHERS.format(added=seconds(totals.added_s)) + "".join(sections) + TAIL


CELLS, TOOK = 11, 6
OURS = ("| **llmroute**", "sick server again")
"""How many pieces a row with nine cells falls into, which holds times; lines of counts and times."""


def without_times(page: str) -> str:
    """The page without what differs from run to run: our own times."""
    lines = page.splitlines()
    return "\n".join("|".join(_cells(line)) for line in lines)


def _cells(line: str) -> Iterator[str]:
    """The cells of a line, empty where they hold times."""
    cells = line.split("|")
    for place, cell in enumerate(cells):
        timed = len(cells) == CELLS and place == TOOK
        yield "" if timed or line.startswith(OURS) else cell


IN_MS = 0.0995


def seconds(value: float) -> str:
    """Write seconds as people do."""
    return f"{value * 1000:.0f} ms" if value < IN_MS else f"{value:.2f} s"


def _total(totals: Totals) -> str:
    cells = (
        f"**llmroute**, {totals.rows} kinds of fault",
        f"{totals.calls:,}",
        f"{totals.answered:,}",
        f"{totals.stopped:,}",
        totals.silent,
        totals.hung,
        f"{totals.requests:,}",
    )
    return "| " + " | ".join(map(str, cells)) + " |\n"


def _row(line: Line) -> str:
    took = f"{_took(line.whole_s, line.ends[0])} / {_took(line.stream_s, line.ends[1])}"
    kinds = ", ".join(f"`{kind}`" if kind else "the deadline" for kind in line.kinds)
    others = RIVALS.get(line.name, ("", "", ""))
    cells = (f"`{line.name}`", MEANS[line.name], kinds, line.whole, line.stream, took, *others)
    return "| " + " | ".join(cells) + " |\n"


def _took(value: float, ends: str) -> str:
    return seconds(value) + (f" ({ends})" if ends else "")
