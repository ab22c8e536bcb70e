"""`llmroute models --observed`: how models answered, and how well that was predicted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.errors import RequestError
from llmroute.health.saved import read
from llmroute.types.tables import table

from .terminal import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.health.saved import Dated
    from llmroute.types.observed import Observed, Predicted

    from .arguments import Arguments

HEAD = ("name", "answers", "failures", "first token", "tokens/s", "tokens of an answer")
COMPARED = ("name", "answers", "of", "predicted", "actual", "error", "size of the error")


def observed(arguments: Arguments) -> int:
    """Print what a file of observations says; raises PolicyError, RequestError."""
    file = Path(arguments.observed or _named(arguments.policy))
    there = file.exists()
    models = read(file, datetime.now(UTC))
    if arguments.json:
        found = {name: _as_dict(one) for name, one in sorted(models.items())}
        write(json.dumps({"version": 1, "file": str(file), "models": found}, indent=2) + "\n")
    elif models:
        write(f"{_tables(file, {name: one.observed for name, one in sorted(models.items())})}\n")
    else:
        what = "nothing was seen in the last 7 days" if there else "there is no such file yet"
        write(f"{file}: {what}\n")
    return 0


def _named(policy: str | None) -> str:
    """The file that the policy keeps."""
    file = read_policy(policy).observations
    if file is None:
        hint = "Add [observations] with file = ... to the policy, or name one: --observed seen.json"
        raise RequestError("the policy keeps no observations", where="--observed", hint=hint)
    return file


def _tables(file: Path, models: Mapping[str, Observed]) -> str:
    """How models answered, and below it how well that was predicted."""
    rows = [_row(name, seen) for name, seen in models.items()]
    answered = table(HEAD, rows, title=str(file))
    compared = [
        (name, f"{one.answers:,}", what, form(one.predicted), form(one.actual), *_errors(one))
        for name, seen in models.items()
        for what, form, one in (("latency", _s, seen.latency_s), ("cost", _usd, seen.cost_usd))
        if one is not None
    ]
    return "\n\n".join([answered, table(COMPARED, compared)] if compared else [answered])


def _row(name: str, seen: Observed) -> tuple[str, ...]:
    failures = str(seen.failures)
    if seen.failures:
        failures += f", {seen.failures_in_a_row} in a row, {seen.failure_share:.0%} of late"
    lengths = (f"{task or 'any'} {mean:,.0f}" for task, mean in seen.output_tokens)
    return (
        name,
        f"{seen.answers:,}",
        failures,
        "" if seen.first_token_s is None else _s(seen.first_token_s),
        "" if seen.tokens_per_s is None else f"{seen.tokens_per_s:,.0f}",
        ", ".join(lengths),
    )


def _s(seconds: float) -> str:
    return f"{seconds:.3f} s"


def _usd(amount: float) -> str:
    return f"${amount:.6f}"


def _errors(one: Predicted) -> tuple[str, str]:
    return f"{one.error:+.0%}", f"{one.absolute_error:.0%}"


def _as_dict(one: Dated) -> dict[str, object]:
    seen = one.observed
    values: dict[str, object] = {"at": one.at.isoformat(), **seen._asdict()}
    del values["in_flight"]  # of another process, at another time
    return values | {
        "tokens_per_s": seen.tokens_per_s,
        "output_tokens": _lengths(seen.output_tokens),
        "latency_s": seen.latency_s and seen.latency_s._asdict(),
        "cost_usd": seen.cost_usd and seen.cost_usd._asdict(),
    }


def _lengths(pairs: tuple[tuple[str, float], ...]) -> Mapping[str, float]:
    return {task or "any": mean for task, mean in pairs}
