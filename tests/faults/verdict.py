"""What a played row amounts to, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from llmroute.errors import DeadlineExceededError, StreamBrokenError

from .play import ERROR_BODY_S, SECOND

if TYPE_CHECKING:
    from llmroute import Limits

    from .play import Played
    from .table import Bound

Outcome = Literal["answered", "stopped", "kept", "lost", "silent"]
"""By the second; a typed stop as declared; the primary's own; an error; a wrong answer as good."""
NOTHING_TO_GO_ON_FROM = {"too_long", "empty_after_reasoning", "content_filtered"}
"""Kinds of faults after which no other model goes on with the text."""


def outcome(played: Played) -> Outcome:
    """Say what came of a row."""
    seen = played.seen
    if isinstance(seen.error, StreamBrokenError | DeadlineExceededError) and _partial(seen.error):
        return "stopped"
    if seen.error is not None:
        return "lost"
    if seen.valid == seen.kept + "".join(SECOND):
        return "answered"
    return "silent" if played.row.kind(played.way.api, stream=played.way.stream) else "kept"


def wanted(played: Played) -> Outcome:
    """Say what must come of it."""
    way, row = played.way, played.row
    kind = row.kind(way.api, stream=way.stream)
    if not kind:
        return "kept"
    stops = kind == "deadline" or way.on_break == "raise"
    stops = stops or (way.on_break == "continue" and kind in NOTHING_TO_GO_ON_FROM)
    return "stopped" if way.stream and row.shown and stops else "answered"


def bound_s(ends: Bound, limits: Limits) -> float:
    """The seconds that a row may take until the second model begins, or the call ends."""
    return {
        "": 0.0,
        "connect": limits.connect_s or 0.0,
        "first_token": limits.first_token_s or 0.0,
        "between_tokens": limits.between_tokens_s,
        "share": limits.deadline_s / 2,
        "deadline": limits.deadline_s,
        "error_body": ERROR_BODY_S,
    }[ends]


def over_s(played: Played, limits: Limits) -> float:
    """How many seconds the primary's attempt took beyond what ends its row."""
    ends = played.row.ends(stream=played.way.stream)
    first = played.seen.attempts[0]
    begun = first.started_s
    if ends == "between_tokens":
        begun = first.first_token_s or begun
    return first.ended_s - begun - bound_s(ends, limits)


def faults(played: Played, limits: Limits, slack_s: float) -> list[str]:
    """List what is wrong with a row; lateness counts from a tenth of the limit and `slack_s` on."""
    seen, row, way = played.seen, played.row, played.way
    if not seen.attempts:
        return [f"there was no attempt: {seen.error!r}"]
    wrong: list[str] = []
    if outcome(played) != wanted(played):
        wrong.append(
            f"{outcome(played)} instead of {wanted(played)}: {seen.error!r} {seen.valid[:99]!r}"
        )
    kind = row.kind(way.api, stream=way.stream)
    if kind != "deadline" and played.kinds[0] != kind:
        wrong.append(f"the fault is {played.kinds[0]!r} instead of {kind!r}")
    if played.requests != 1:
        wrong.append(f"{played.requests} requests came to the primary")
    if way.stream and row.shown != bool(seen.restarts or seen.resumed or seen.error):
        wrong.append("content was shown, or was not")
    if twice(played):
        wrong.append(f"a token came twice: {seen.shown[:99]!r}")
    bound = bound_s(row.ends(stream=way.stream), limits)
    if over_s(played, limits) > bound / 10 + slack_s:
        wrong.append(f"late by {over_s(played, limits):.3f} s after {bound:.3f} s")
    return wrong


def _partial(error: StreamBrokenError | DeadlineExceededError) -> bool:
    return error.partial is not None


def twice(played: Played) -> bool:
    """Whether what was shown is anything else than a beginning of the first, then the second."""
    seen = played.seen
    if seen.error is not None:
        partial = getattr(seen.error, "partial", None)
        return partial is not None and partial.text != seen.shown
    kept = seen.shown.removesuffix(seen.valid) if seen.shown else ""
    return kept != seen.discarded
