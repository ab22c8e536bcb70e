"""What was seen of a model's answers."""

from __future__ import annotations

from .tuples import NamedTuple

MOST_MODELS = 1000
"""How many models are remembered, by a client or in a file; the oldest is forgotten then."""


class Predicted(NamedTuple):
    """How well something was predicted, as moving means over a model's answers.

    `predicted` and `actual` are in the unit of what they are means of. The error of one answer is
    (actual - predicted) / predicted: 0.5 means half as much again as was predicted. `error` is its
    mean, which says whether predictions lie too low (above 0) or too high, and `absolute_error` the
    mean of its size. `answers` is how many answers that is from.
    """

    predicted: float
    actual: float
    error: float
    absolute_error: float
    answers: int


class Observed(NamedTuple):
    """What was seen of a model's answers; None means: nothing yet.

    `first_token_s` and `token_s` are peak-sensitive moving averages, in seconds: until the answer
    began, and per further token of it. `output_tokens` are pairs of a task, or "" for any, and the
    mean length of its answers in tokens. `answers` is how many attempts answered, `in_flight` how
    many are under way now. `failures` is how many failed through the upstream or the model,
    `failures_in_a_row` how many of them since the last answer, `failure_share` a moving mean: 0
    where every attempt answers, 1 where each one fails. `latency_s` and `cost_usd` say how well
    plans predicted them.
    """

    first_token_s: float | None = None
    token_s: float | None = None
    output_tokens: tuple[tuple[str, float], ...] = ()
    answers: int = 0
    in_flight: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    failure_share: float = 0.0
    latency_s: Predicted | None = None
    cost_usd: Predicted | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """How many tokens come in a second, once an answer has begun; None: not known."""
        return 1 / self.token_s if self.token_s else None
