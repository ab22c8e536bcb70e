"""What it costs to detect a task: the median over prompts of 300 characters, and the weights."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.fit_tasks import WEIGHTS, prompts, request
from benchmarks.measure import Row
from llmroute.policies.tasks import detect

if TYPE_CHECKING:
    from llmroute.types.requests import Request

CHARACTERS, LONG, ROUNDS, CALLS = 300, 20_000, 5, 5


def rows() -> list[Row]:
    """Every figure of this file."""
    size = WEIGHTS.stat().st_size / 1024
    return [
        _row(f"a task is detected, {CHARACTERS} characters (CPU)", CHARACTERS, 200),
        _row(f"a task is detected, {LONG} characters (CPU)", LONG, None),
        Row("weights of the detection", size, "KiB", 256),
    ]


def _row(what: str, length: int, floor: float | None) -> Row:
    asked = [request(_of_length(one.text, length)) for one in prompts()]
    detect(asked[0])
    gc.collect()  # once: after each prompt it would take longer than all that is measured
    median = statistics.median(_least_s(one) for one in asked)
    over = f"median over {len(asked)} prompts, the least of {ROUNDS} rounds of {CALLS} of each"
    return Row(what, median * 1e6, "us", floor, over)


def _of_length(text: str, length: int) -> str:
    return ((text + " ") * (length // (len(text) + 1) + 1))[:length]


def _least_s(asked: Request) -> float:
    return min(_round_s(asked) for _ in range(ROUNDS))


def _round_s(asked: Request) -> float:
    begun = time.process_time()
    for _ in range(CALLS):
        detect(asked)
    return (time.process_time() - begun) / CALLS
