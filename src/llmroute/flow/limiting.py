"""The limits of one attempt: how long it may connect, stay silent, run, and how much it may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choice import share_at

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.requests import Request

    from .choice import Turn
    from .occurrences import Snapshot
    from .running import LimitKind

CONNECT_S = (2.0, 5.0)
"""Default limit of connecting, in seconds: while another candidate is left, and for the last."""
FIRST_TOKEN_S = (15.0, 60.0)
"""Default limit of the first token, likewise."""
LEAST_SILENCE_S = 1.0
"""What an answer may be silent at least, in seconds, whoever waits to take over."""
LEAST_ROOM_TOKENS = 64
"""Tokens that an answer may have on top of twice what was asked for."""


def bounds(
    now: float, deadline_at: float, snapshot: Snapshot, model: Model, turn: Turn
) -> tuple[LimitKind, float, float]:
    """The limit of an attempt that begins now, its moment, and the seconds to connect.

    Each is within its share of the time left.
    """
    limits, last = snapshot.limits, turn.others == 0
    limit_at = share_at(now, deadline_at, turn.others)
    if snapshot.stream:
        first_token_s = limits.first_token_s
        if first_token_s is None and not model.local:
            first_token_s = FIRST_TOKEN_S[last]
        if first_token_s is not None:
            limit_at = min(limit_at, now + first_token_s)
    connect_s = CONNECT_S[last] if limits.connect_s is None else limits.connect_s
    kind: LimitKind = "first_token_timeout" if snapshot.stream else "answer_timeout"
    return kind, limit_at, min(connect_s, limit_at - now)


def room_tokens(snapshot: Snapshot, request: Request | None) -> int:
    """How many tokens an answer may have, which is an endless one if it goes on."""
    most = snapshot.limits.answer_tokens
    asked = None if request is None else request.sampling.max_tokens
    return most if asked is None else min(most, 2 * asked + LEAST_ROOM_TOKENS)


def silent_until(now: float, deadline_at: float, snapshot: Snapshot, others: int) -> float:
    """Until when an answer may be silent behind its first word.

    Where a broken stream begins anew or goes on, and `others` may do so, half of the time left is
    kept for them, unless the silence could then not last a second.
    """
    until = now + snapshot.limits.between_tokens_s
    if others > 0 and snapshot.on_break != "raise":
        until = min(until, max(now + LEAST_SILENCE_S, share_at(now, deadline_at, 1)))
    return min(deadline_at, until)
