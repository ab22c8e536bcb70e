"""How well a model does a task: as declared, else by what benchmarks measured.

A score counts for a tier by the bands below. Two scores are compared as numbers only if they are of
one benchmark, harness, number of shots and precision; else the tiers alone are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.models import QUALITIES
from llmroute.types.plans import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.models import Model, Score

GENERAL = "MMLU"
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "code": (
        *("HumanEval", "MT-Bench/coding"),
        *("Terminal-Bench 4.0", "SWE-bench Pro", "Aider Polyglot"),
    ),
    "math": ("GSM8K", "MATH", "MT-Bench/math"),
    "summarize": ("summary-factuality",),
    "translate": ("MGSM",),
    "qa": ("MMLU", "TriviaQA", "NQ"),
    "extract": ("MT-Bench/extraction", "MT-Bench"),
    "classify": ("MMLU", "MT-Bench/reasoning"),
    "chat": ("MT-Bench",),
    "write": ("MT-Bench/writing", "MT-Bench"),
    "rewrite": ("MT-Bench/writing", "MT-Bench"),
    "creative": ("MT-Bench/roleplay", "MT-Bench/writing", "MT-Bench"),
}
"""What speaks for a task, the first that was measured; MMLU where none of them was."""

BANDS: dict[str, tuple[float, float, float, float]] = {
    "MMLU": (40, 60, 75, 86),
    "HumanEval": (15, 40, 65, 88),
    "GSM8K": (20, 50, 80, 92),
    "MATH": (10, 30, 60, 80),
    "MGSM": (25, 60, 85, 90),
    "TriviaQA": (40, 65, 80, 90),
    "NQ": (15, 25, 35, 45),
    "GPQA": (25, 35, 50, 65),
    "Terminal-Bench 4.0": (0.2, 0.5, 2, 8),
    "SWE-bench Pro": (1, 2, 5, 20),
    "Aider Polyglot": (0.5, 1, 3, 20),
    "MMLU-Pro": (20, 40, 60, 75),
    "MT-Bench": (4, 6, 7.5, 8.9),
    "summary-factuality": (50, 60, 80, 85),
}
"""From which score on a model is basic, good, strong and top; a judgement of ours, coarse on
purpose: harnesses differ by several points. Those of a harder test begin low, where models stand
that HumanEval puts into the same tier."""


def benchmarks_of(task: str | None) -> tuple[str, ...]:
    """Name the benchmarks that speak for a task, the best first."""
    own = BENCHMARKS.get(task or "", ())
    return own if GENERAL in own else (*own, GENERAL)


_judged: dict[tuple[int, str | None], tuple[Model, Quality | None]] = {}
MOST_JUDGED = 4096


def quality_of(model: Model, task: str | None) -> Quality | None:
    """Judge how well `model` does `task`, once; None when nothing was declared or measured.

    The model is known by its identity, and held, so that no other can come to have it.
    """
    key = (id(model), task)
    found = _judged.get(key)
    if found is None:
        if len(_judged) >= MOST_JUDGED:
            _judged.clear()
        found = _judged[key] = (model, _quality(model, task))
    return found[1]


def _quality(model: Model, task: str | None) -> Quality | None:
    if model.qualities:
        declared = dict(model.qualities)
        tier = declared.get(task or "any", declared.get("any"))
        if tier is not None:
            return Quality(tier, None, "declared")
    for benchmark in benchmarks_of(task) if model.scores else ():
        for score in model.scores:
            if score.benchmark == benchmark:
                return Quality(tier_of(score), score.value, basis_of(score))
    return None


def tier_of(score: Score) -> str:
    """The tier that a score stands for."""
    bands = BANDS.get(score.benchmark.partition("/")[0], BANDS[GENERAL])
    return QUALITIES[sum(score.value >= least for least in bands)]


def basis_of(score: Score) -> str:
    """Say what was measured, and by whom."""
    shots = "" if score.shots is None else f", {score.shots}-shot"
    return f"{score.benchmark} {score.value:g}{shots}, {score.harness}"


def comparable(models: Sequence[Model], task: str | None) -> list[Score] | None:
    """One score for each model, all measured alike; None when there is no such benchmark."""
    if not models or any(model.qualities for model in models):
        return None
    wanted = benchmarks_of(task)
    for first in sorted(models[0].scores, key=lambda one: _place(one, wanted)):
        found = _all_alike(models, first) if first.benchmark in wanted else None
        if found is not None:
            return found
    return None


def _all_alike(models: Sequence[Model], score: Score) -> list[Score] | None:
    """The scores of all models that were measured as `score` was; None when one has none."""
    found = [alike for model in models if (alike := _alike(model, score)) is not None]
    return found if len(found) == len(models) else None


def _place(score: Score, wanted: Sequence[str]) -> int:
    """Which of the wanted benchmarks a score is of; those of none come last."""
    return wanted.index(score.benchmark) if score.benchmark in wanted else len(wanted)


def _alike(model: Model, score: Score) -> Score | None:
    """The score of `model` that was measured as `score` was."""
    how = (score.benchmark, score.harness, score.shots, score.precision)
    for own in model.scores:
        if (own.benchmark, own.harness, own.shots, own.precision) == how:
            return own
    return None
