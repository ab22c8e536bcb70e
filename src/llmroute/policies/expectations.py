"""What is expected of an answer: its length, and how long it takes to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.observed import Observed

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Situation

EXPECTED_OUTPUT_TOKENS = 256
"""How long an answer is expected to be when nothing is known: a guess, the same for every model."""

UNSEEN = Observed()


def expected_output_tokens(situation: Situation, model: Model) -> int:
    """Expect the length of an answer in tokens: as observed for the task, else 256.

    It is never more than max_tokens. Where the task was detected, it is never less than it is for
    any task: a detection lets no model in that would be refused without it.
    """
    request = situation.request
    limit = request.sampling.max_tokens
    wanted = situation.task
    expected = EXPECTED_OUTPUT_TOKENS
    for task, mean in situation.observed.get(model.name, UNSEEN).output_tokens:
        if not task:
            expected = round(mean) or 1
        elif task == wanted:
            seen = round(mean) or 1
            expected = max(seen, expected) if request.task is None else seen
            break
    return expected if limit is None else min(expected, limit)


def predicted_latency_s(
    situation: Situation, model: Model, output_tokens: int | None = None
) -> float | None:
    """Predict the seconds until the whole answer is there; None when too little is known.

    Time to the first token + expected tokens x time per token. Both are those observed, else those
    that the catalog or the declaration says; where a speed of reading is known, the prompt is read
    before the first token. `output_tokens` are those expected, where that was reckoned already.
    """
    seen = situation.observed.get(model.name) or UNSEEN
    first_s = _said_first_s(situation, model) if seen.first_token_s is None else seen.first_token_s
    token_s = _said_token_s(model) if seen.token_s is None else seen.token_s
    if first_s is None or token_s is None:
        return None
    if output_tokens is None:
        output_tokens = expected_output_tokens(situation, model)
    return first_s + output_tokens * token_s


def _said_token_s(model: Model) -> float | None:
    """The time per token as it is said."""
    speed = model.speed
    return 1 / speed.tokens_per_s if speed is not None and speed.tokens_per_s else None


def _said_first_s(situation: Situation, model: Model) -> float | None:
    """The time to the first token as it is said: what is fixed, and the reading of the prompt."""
    speed = model.speed
    if speed is None or (speed.first_token_s is None and not speed.input_tokens_per_s):
        return None
    reading_s = 0.0
    if speed.input_tokens_per_s:
        reading_s = situation.tokens_of(model).value / speed.input_tokens_per_s
    return (speed.first_token_s or 0.0) + reading_s
