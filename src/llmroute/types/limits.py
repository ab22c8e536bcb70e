"""How long, how much and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .frozen import dataclass
from .tuples import NamedTuple

if TYPE_CHECKING:
    from .requests import OnBreak

WhenFull = Literal["wait", "next"]


class RateLimits(NamedTuple):
    """How much a model's upstream is asked at most; None: no limit.

    `in_flight` requests at once, `requests_per_minute` and `tokens_per_minute` in any 60 s.
    `when_full` says whether a call waits for its turn, within its deadline and its share of the
    time, or goes on to the next model; one that has no other model left waits.
    """

    in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    when_full: WhenFull = "wait"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a call; every `_s` is in seconds.

    `deadline_s` bounds the whole call: retries, fallbacks and the stream included. (An answer of an
    application's own provider that ignores it, and comes whole but late, is given all the same.)
    `connect_s` covers DNS, TCP and TLS; None means 2 while another candidate is left, else 5.
    `first_token_s` and `between_tokens_s` hold for streams and count content only; `first_token_s`
    of None means 15 while another candidate is left, else 60, and no such limit for local models,
    which may have to load first. While another candidate is left, an attempt also gets no more than
    its share of the time left, and where a broken stream begins anew or goes on, a silence no more
    than half of it, if that is a second or more. `attempts_per_model` bounds how often one model is
    tried in one call. `body_bytes` caps a decoded answer, `event_bytes` a single event of a stream,
    `answer_tokens` the tokens of an endless one (a request with `max_tokens` gets twice as many).

    `hedge_after_s` starts the next candidate beside one that has shown nothing for so long; None:
    never. `hedge_percentile` says when by what was observed: 95 waits as long as 95 of the last 100
    answers of the plan's first model took to begin (streams) or to come (whole answers), so that
    one in twenty is hedged; until 20 of its kind were seen, `hedge_after_s` holds.
    """

    deadline_s: float = 120.0
    connect_s: float | None = None
    first_token_s: float | None = None
    between_tokens_s: float = 30.0
    on_break: OnBreak = "raise"
    attempts_per_model: int = 3
    body_bytes: int = 32 * 1024 * 1024
    event_bytes: int = 4 * 1024 * 1024
    answer_tokens: int = 200_000
    hedge_after_s: float | None = None
    hedge_percentile: float | None = None
