"""What came of a simulation: cost, latency, refusals, attempts and answers, by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.types.tables import table

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

REFUSED, FAILED = -2, -1
"""Stand in `Calls.who` for a call that no model answered."""
PERCENTILES = (50.0, 95.0, 99.0)


class Calls(NamedTuple):
    """Every call, by columns: when it came, how long it took, who answered it.

    `took_s` and `first_token_s` are in seconds, NaN for what never came; `who` counts in the
    report's `models`, REFUSED and FAILED besides.
    """

    at_s: array[float]
    took_s: array[float]
    first_token_s: array[float]
    who: array[int]


class ModelReport(NamedTuple):
    """What one model did; `cost_usd` of None means that the price of an answer is not known."""

    name: str
    answers: int
    attempts: int
    failures: Mapping[str, int]
    cost_usd: Decimal | None
    percentiles_s: tuple[float, ...]


class Report(NamedTuple):
    """The figures of a simulation; seconds are simulated ones.

    `latency_s` holds the percentiles 50, 95 and 99 of what was answered, `first_token_s` those of
    streams; empty when there was none. `refused` counts the calls that no model might answer, by
    the rules that refused; `failed` those that failed, by the error's class. `assumed` names the
    models of whose speed nobody said anything.
    """

    requests: int
    answered: int
    attempts: int
    cost_usd: Decimal | None
    latency_s: tuple[float, ...]
    first_token_s: tuple[float, ...]
    refused: Mapping[str, int]
    failed: Mapping[str, int]
    models: tuple[ModelReport, ...]
    duration_s: float
    assumed: tuple[str, ...]
    calls: Calls

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain values, ready for JSON; money is a string."""
        return {
            "version": 1,
            "requests": self.requests,
            "answered": self.answered,
            "attempts": self.attempts,
            "cost_usd": _money(self.cost_usd),
            "latency_s": _named(self.latency_s),
            "first_token_s": _named(self.first_token_s),
            "refused": dict(self.refused),
            "failed": dict(self.failed),
            "duration_s": self.duration_s,
            "assumed_speed": list(self.assumed),
            "models": [
                {
                    "name": one.name,
                    "answers": one.answers,
                    "attempts": one.attempts,
                    "failures": dict(one.failures),
                    "cost_usd": _money(one.cost_usd),
                    "latency_s": _named(one.percentiles_s),
                }
                for one in self.models
            ],
        }

    def to_svg(self) -> str:
        """Draw who answered, and how long it took, over the time."""
        from .plot import plot

        return plot(self)

    def __repr__(self) -> str:
        return f"Report({self.answered} of {self.requests} answered)"

    def __str__(self) -> str:
        """A table of at most 100 columns, and what there is to know besides."""
        rows = [
            [
                one.name,
                f"{one.answers:,}",
                f"{one.attempts:,}",
                _dollars(one.cost_usd),
                *([f"{value:.2f}" for value in one.percentiles_s] or ["-"] * len(PERCENTILES)),
                ", ".join(f"{kind} {count:,}" for kind, count in one.failures.items()) or "-",
            ]
            for one in self.models
        ]
        head = ["model", "answers", "attempts", "cost", "p50 s", "p95 s", "p99 s", "failures"]
        return "\n".join([table(head, rows), "", *_lines(self)])


def _lines(report: Report) -> list[str]:
    share = report.answered / report.requests if report.requests else 0.0
    answered = f"{report.answered:,} of {report.requests:,} answered ({share:.2%})"
    spent = f"{report.attempts:,} attempts, {_dollars(report.cost_usd)}"
    lines = [f"{answered} in {report.duration_s:,.0f} s, {spent}"]
    if report.latency_s:
        lines.append(f"latency {_told(report.latency_s)}")
    if report.first_token_s:
        lines.append(f"first token of streams {_told(report.first_token_s)}")
    for what, counts in (("refused", report.refused), ("failed", report.failed)):
        lines += [f"{what}: {count:,} by {name}" for name, count in counts.items()]
    if report.assumed:
        names = ", ".join(report.assumed)
        lines.append(f"speed assumed, since neither the catalog nor the world tells: {names}")
    return lines


def _told(values: Sequence[float]) -> str:
    pairs = zip(PERCENTILES, values, strict=True)
    return ", ".join(f"p{percent:g} {value:.2f} s" for percent, value in pairs)


def _named(values: Sequence[float]) -> dict[str, float]:
    pairs = zip(PERCENTILES, values, strict=False)
    return {f"p{percent:g}": round(value, 6) for percent, value in pairs}


def _dollars(cost: Decimal | None) -> str:
    return "unknown" if cost is None else f"${cost:,.4f}"


def _money(cost: Decimal | None) -> str | None:
    return None if cost is None else str(cost)
