"""What was measured of a model, or promised by its host: scores, speed, images, data handling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest
from llmroute.errors.regions import region_meant
from llmroute.types.models import DataHandling, ImageTokens, Score, Speed

from .cited import text_of

if TYPE_CHECKING:
    from llmroute.errors.reading import Table

    from .cited import Cited

MT_BENCH = "MT-Bench"
BENCHMARKS = (
    *("MMLU", "MMLU-Pro", "GSM8K", "MATH", "MGSM", "HumanEval", "TriviaQA", "NQ", "GPQA"),
    *("SimpleQA", "summary-factuality", "HellaSwag", "ARC", "BBH", "MBPP", "IFEval", "DROP"),
    *("WinoGrande", "TruthfulQA", "BoolQ", "PIQA", "AGIEval", "AIME 2024", "AIME 2025"),
    *("SWE-bench Verified", "LiveCodeBench", "MMMU", "MathVista", "GPQA Diamond", "MMMLU"),
    *("SWE-bench Pro", "Aider Polyglot", "Terminal-Bench 4.0"),
)
"""Benchmarks whose values are percent."""
CATEGORIES = (
    *("writing", "roleplay", "reasoning", "math", "coding", "extraction", "stem", "humanities"),
)
"""The categories of MT-Bench, whose values are out of 10: "MT-Bench/coding"."""
ON_APPROVAL = "on approval"
KINDS = ("tile", "patch")


def read_scores(table: Table, cited: Cited) -> tuple[Score, ...]:
    """Read [[scores]]; a benchmark that is not known here is a problem."""
    found = (_score(one, cited, at) for at, one in enumerate(table.tables("scores")))
    return tuple(score for score in found if score is not None)


def _score(table: Table, cited: Cited, at: int) -> Score | None:
    _check_whole(table)
    source = cited.cite(table, f"scores.{at}")
    benchmark, value, harness = _benchmark(table), _value(table), table.text("harness")
    score = Score(
        benchmark=benchmark or "",
        value=value,
        harness=harness or "",
        source=source.title if source else text_of(table, "source", ""),
        shots=table.whole("shots", 0, 1000),
        precision=table.text("precision"),
        tuning=table.choice("tuning", ("base", "chat")),
        checked_on=source.checked_on if source else None,
    )
    table.done()
    return score if benchmark and harness else None


def _check_whole(table: Table) -> None:
    for key in ("benchmark", "value", "harness"):
        if key not in table.values:
            table.problem(key, "it is missing", "A score needs benchmark, value and harness")


def _value(table: Table) -> float:
    """Read a value in percent, or out of 10; 0 when it is wrong."""
    benchmark = table.values.get("benchmark")
    of_ten = isinstance(benchmark, str) and benchmark.startswith(MT_BENCH)
    value = table.number("value", "0", "10" if of_ten else "100")
    return 0.0 if value is None else float(value)


def _benchmark(table: Table) -> str | None:
    name = table.text("benchmark")
    known = (*BENCHMARKS, MT_BENCH, *(f"{MT_BENCH}/{one}" for one in CATEGORIES))
    if name is not None and name not in known:
        table.problem("benchmark", f"{name!r} is no benchmark", nearest(name, known))
    return name


def read_speed(cited: Cited) -> Speed | None:
    """Read how fast a model is said to be."""
    fact = cited.fact("speed")
    return None if fact is None else speed_of(fact)


def speed_of(table: Table) -> Speed:
    """Read a table of a speed, in seconds and tokens per second."""
    first = table.number("first_token_s", "0", "3600")
    out = table.number("tokens_per_s", "0", "1000000", above=True)
    into = table.number("input_tokens_per_s", "0", "100000000", above=True)
    source = table.text("source") or ""
    table.done()
    first_s, out_per_s, in_per_s = (
        None if one is None else float(one) for one in (first, out, into)
    )
    return Speed(first_s, out_per_s, in_per_s, source)


def read_images(cited: Cited) -> ImageTokens | None:
    """Read how a model counts images."""
    fact = cited.fact("images")
    if fact is None:
        return None
    kind = fact.choice("kind", KINDS)
    base = fact.whole("base", 0, 100_000)
    per_tile = fact.whole("per_tile", 0, 100_000)
    most = fact.whole("most", 1, 1_000_000)
    factor = fact.number("factor", "0", "1000", above=True)
    fact.text("source")
    fact.done()
    if kind is None:
        if "kind" not in fact.values:
            fact.problem("kind", "it is missing", 'It is "tile" or "patch"')
        return None
    return ImageTokens(
        kind, base or 0, per_tile or 0, most or 0, 1.0 if factor is None else float(factor)
    )


def _regions(fact: Table) -> tuple[str, ...]:
    """Read where prompts are processed; a word that no policy asks for is a problem."""
    found = fact.texts("regions") or ()
    for name in found:
        if meant := region_meant(name):
            fact.problem("regions", f"{name!r} is no region", f"Did you mean {meant!r}?")
    return found


def read_handling(fact: Table | None) -> DataHandling | None:
    """Read what becomes of the prompts; zero retention "on approval" is none without it."""
    if fact is None:
        return None
    zero = fact.get("zero_retention")
    if zero == ON_APPROVAL:
        zero = False
    elif zero is not None and not isinstance(zero, bool):
        fact.problem("zero_retention", f'it must be true, false or "{ON_APPROVAL}"')
        zero = None
    handling = DataHandling(
        trains=fact.flag("trains"),
        retention_days=fact.whole("retention_days", 0, 36_500),
        zero_retention=zero,
        regions=_regions(fact),
    )
    fact.text("source")
    fact.done()
    return handling
