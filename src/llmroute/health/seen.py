"""What was seen of one model, as moving means.

Times follow a peak-sensitive one: a slower answer counts at once, a faster one by a fifth, so that
a model which became slow is noticed with its first slow answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.observed import Observed, Predicted

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Candidate
    from llmroute.types.reply import Attempt

    from .waits import Waits

SHARE = 0.2
"""How much of a moving average the newest answer is, where it is not a new peak."""
MOST_ERROR = 1e6
"""The largest relative error of a prediction: one of next to nothing tells no more."""
UNSEEN = Observed()


class Seen:
    """What was seen of one model: the same as `Observed`, while it changes."""

    __slots__ = (
        "answers",
        "cost_usd",
        "failure_share",
        "failures",
        "failures_in_a_row",
        "first_token_s",
        "flying",
        "latency_s",
        "model",
        "of",
        "output_tokens",
        "token_s",
        "waits",
    )

    def __init__(self, before: Observed = UNSEEN, of: str | None = None) -> None:
        """Go on from what was seen `before`, of an upstream; None: of any."""
        self.model: Model | None = None
        self.of = of
        self.first_token_s = before.first_token_s
        self.token_s = before.token_s
        self.output_tokens = before.output_tokens
        self.answers = before.answers
        self.flying: list[None] = []  # one for each attempt: a list grows without a lock
        self.failures = before.failures
        self.failures_in_a_row = before.failures_in_a_row
        self.failure_share = before.failure_share
        self.latency_s = before.latency_s
        self.cost_usd = before.cost_usd
        self.waits: dict[bool, Waits] = {}  # of streams, and of whole answers

    def is_of(self, model: Model) -> bool:
        """Whether these are answers of `model`, and not of another that had its name."""
        if self.model is model:
            return True
        of = " ".join(filter(None, model.upstream))
        if self.of not in {None, of}:
            return False
        self.model, self.of = model, of
        return True

    def observed(self) -> Observed:
        """As it stands now."""
        return Observed(
            self.first_token_s,
            self.token_s,
            self.output_tokens,
            self.answers,
            len(self.flying),
            self.failures,
            self.failures_in_a_row,
            self.failure_share,
            self.latency_s,
            self.cost_usd,
        )

    def failed(self) -> None:
        """Take a failure."""
        self.failures += 1
        self.failures_in_a_row += 1
        self.failure_share += SHARE * (1 - self.failure_share)

    def answered(self, attempt: Attempt, task: str | None, candidate: Candidate | None) -> None:
        """Take an answer; only one that has tokens tells of their time."""
        self.answers += 1
        if self.failures:
            self.failures_in_a_row = 0
            self.failure_share -= SHARE * self.failure_share
        took_s = attempt.ended_s - attempt.started_s
        usage, first_s = attempt.usage, attempt.first_token_s
        if first_s is not None and usage is not None and usage.output_tokens:
            first_s -= attempt.started_s
            self.first_token_s = peak(self.first_token_s, first_s)
            rest_s = max(0.0, took_s - first_s)  # a rounding may be below 0
            self.token_s = peak(self.token_s, rest_s / usage.output_tokens)
            self._length(usage.output_tokens, task)
        if candidate is not None:
            self._compare(attempt, candidate, took_s)

    def _compare(self, attempt: Attempt, candidate: Candidate, took_s: float) -> None:
        """Take what was predicted of an answer; a prediction of 0 has no relative error."""
        if candidate.latency_s:
            self.latency_s = compared(self.latency_s, candidate.latency_s, took_s)
        if candidate.cost_usd and attempt.cost_usd is not None:
            cost = float(attempt.cost_usd)
            self.cost_usd = compared(self.cost_usd, float(candidate.cost_usd), cost)

    def _length(self, tokens: int, task: str | None) -> None:
        """Take the length of an answer: for any task, and for its own."""
        before = self.output_tokens
        if task is None and len(before) == 1:  # as a rule
            mean = before[0][1]
            self.output_tokens = (("", mean + SHARE * (tokens - mean)),)
            return
        lengths = dict(before)
        for key in {"", task or ""}:
            mean = lengths.get(key, tokens)
            lengths[key] = mean + SHARE * (tokens - mean)
        self.output_tokens = tuple(sorted(lengths.items()))


def peak(before: float | None, seen: float) -> float:
    """The moving average after one more value: the value itself if it is higher."""
    if before is None or seen > before:
        return seen
    return before + SHARE * (seen - before)


def compared(before: Predicted | None, predicted: float, actual: float) -> Predicted:
    """How well was predicted, after one more answer."""
    error = min((actual - predicted) / predicted, MOST_ERROR)
    size = abs(error)
    if before is None:
        return Predicted(predicted, actual, error, size, 1)
    return Predicted(
        before[0] + SHARE * (predicted - before[0]),
        before[1] + SHARE * (actual - before[1]),
        before[2] + SHARE * (error - before[2]),
        before[3] + SHARE * (size - before[3]),
        before[4] + 1,
    )
