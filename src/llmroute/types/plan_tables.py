"""Plans as tables: the columns that a plan has something for, as text and as HTML."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from .markup import html_table
from .tables import WIDTH, table, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .plans import Candidate, Plan, Refusal
    from .usage import TokenCount

SHORT = 40
"""A warning of so few characters stands in each row that it is about."""
SMALLEST_USD = 1e-6
"""What is less is not written as a number: six digits would say that it is nothing."""


class Columns(NamedTuple):
    """Which columns a plan has something for, besides those that each has."""

    latency: bool
    quality: bool
    tokens: bool


def plan_text(plan: Plan) -> str:
    """Lay out a plan in at most 100 columns; what several rows say stands below them, once."""
    columns, notes = _columns(plan), _notes(plan)
    text = table(_head(columns), _rows(plan, columns, notes), _title(plan, columns))
    return "\n".join([text, *(line for note in _told(notes) for line in wrapped(note, WIDTH))])


def plan_html(plan: Plan) -> str:
    """Write the same table as HTML; refused models stand back."""
    columns = _columns(plan)
    dim = [False] * len(plan.candidates) + [True] * len(plan.refused)
    notes = _notes(plan)
    rows = _rows(plan, columns, notes)
    return html_table(_head(columns), rows, _title(plan, columns), dim, _told(notes))


def money(candidate: Candidate) -> str:
    """Write a candidate's expected cost for people."""
    cost = candidate.cost_usd
    if cost is None:
        return "price unknown"
    price = candidate.model.price
    if price is not None and price.marginal:
        return "$0 marginal"
    if 0 < cost < SMALLEST_USD:
        return f"< ${SMALLEST_USD:.6f}"
    text = f"{cost:.6f}"
    return f"${text.rstrip('0').rstrip('.')}"


def seconds(latency_s: float | None) -> str:
    """Write a time for people; "unknown" where it is not known."""
    if latency_s is None:
        return "unknown"
    digits = 2 if latency_s < 10 else 1 if latency_s < 100 else 0  # noqa: PLR2004 - three digits
    return f"{latency_s:.{digits}f} s"


def _columns(plan: Plan) -> Columns:
    found = plan.candidates
    return Columns(
        any(one.latency_s is not None for one in found),
        any(one.quality is not None for one in found),
        len(_lengths(plan)) > 1 or any(one.tokens is not None or one.held_tokens for one in found),
    )


def _lengths(plan: Plan) -> set[int | None]:
    """The lengths of answers that were reckoned with."""
    return {one.output_tokens for one in plan.candidates}


def _head(columns: Columns) -> tuple[str, ...]:
    known = zip(("latency", "quality", "tokens"), columns, strict=True)
    return ("", "model", "id", "cost or rule", *(name for name, has in known if has), "why")


def _notes(plan: Plan) -> dict[str, str]:
    """A mark for each warning that more than one candidate has, short ones apart."""
    seen = Counter(text for one in plan.candidates for text in one.warnings)
    shared = [text for text, count in seen.items() if count > 1 and len(text) > SHORT]
    return {text: f"[{number}]" for number, text in enumerate(shared, 1)}


def _told(notes: Mapping[str, str]) -> list[str]:
    return [f"{mark} {text}" for text, mark in notes.items()]


def _rows(plan: Plan, columns: Columns, notes: Mapping[str, str]) -> list[tuple[str, ...]]:
    rows = [_candidate_row(plan, index, columns, notes) for index in range(len(plan.candidates))]
    return rows + [_refusal_row(refusal, columns) for refusal in plan.refused]


def _candidate_row(
    plan: Plan, index: int, columns: Columns, notes: Mapping[str, str]
) -> tuple[str, ...]:
    one = plan.candidates[index]
    mark, reason = ("->", plan.because) if index == 0 else (f"{index + 1}.", "if those fail")
    quality = one.quality
    basis = quality.basis if quality is not None and len(_bases(plan)) > 1 else ""
    why = "; ".join(filter(None, [reason, basis and f"quality: {basis}", *_warned(one, notes)]))
    cells = (seconds(one.latency_s), "unknown" if quality is None else str(quality))
    known = zip((*cells, _tokens(plan, one)), columns, strict=True)
    shown = (cell for cell, has in known if has)
    return (mark, one.model.name, one.model.id, money(one), *shown, why)


def _warned(one: Candidate, notes: Mapping[str, str]) -> list[str]:
    """The warnings of a candidate; those of others too by their marks."""
    return [notes.get(text, text) for text in one.warnings]


def _refusal_row(refusal: Refusal, columns: Columns) -> tuple[str, ...]:
    clause = f" ({refusal.clause})" if refusal.clause else ""
    empty = [""] * sum(columns)
    why = refusal.reason + clause
    return ("x", refusal.model.name, refusal.model.id, refusal.rule, *empty, why)


def _tokens(plan: Plan, one: Candidate) -> str:
    """The tokens of a candidate's prompt and answer, where they are not those of all."""
    count = plan.tokens if one.tokens is None else one.tokens
    about = "" if count.method == "exact" else "~"
    out = "" if one.output_tokens is None else f" > {one.output_tokens}"
    held = f" ({one.held_tokens} held)" if one.held_tokens else ""
    return f"{about}{count.value}{held}{out}"


def _bases(plan: Plan) -> list[str]:
    """What the qualities are based on, each once."""
    known: Iterable[str] = (one.quality.basis for one in plan.candidates if one.quality)
    return list(dict.fromkeys(known))


def _title(plan: Plan, columns: Columns) -> str:
    route = f', route "{plan.route}"' if plan.route else ""
    bases = _bases(plan)
    quality = f"; quality: {bases[0]}" if len(bases) == 1 and bases[0] else ""
    counted = f"{_counted(plan.tokens)}{_expected(plan, columns)}"
    return f"{counted}{_detected(plan)}; {plan.policy}{route}{quality}"


def _detected(plan: Plan) -> str:
    """The task that was detected, how surely, and by what."""
    if plan.confidence is None:
        return ""
    signals = f": {', '.join(plan.signals)}" if plan.signals else ""
    return f"; task {plan.task} (detected, {plan.confidence:.2f}{signals})"


def _counted(tokens: TokenCount) -> str:
    about = "exactly" if tokens.method == "exact" else "about"
    return f"{about} {tokens.value} tokens in"


def _expected(plan: Plan, columns: Columns) -> str:
    """The expected length of the answer, where it is one for all."""
    lengths = _lengths(plan) - {None}
    return f", {lengths.pop()} expected out" if lengths and not columns.tokens else ""
