"""Plans out of plain values, and how two of them differ, model by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import PolicyError, Problem
from llmroute.types.plan_data import VERSION
from llmroute.types.plans import Candidate, Plan, Refusal
from llmroute.types.tables import table

from .plain import restored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Quality
    from llmroute.types.usage import TokenCount


class CandidateData(NamedTuple):
    """A candidate as `Plan.to_dict()` writes it."""

    model: str
    id: str
    input_tokens: TokenCount
    cost_usd: Decimal | None = None
    latency_s: float | None = None
    quality: Quality | None = None
    output_tokens: int | None = None
    held_tokens: int = 0
    warnings: tuple[str, ...] = ()


class RefusalData(NamedTuple):
    """A refusal as `Plan.to_dict()` writes it."""

    model: str
    id: str
    rule: str
    reason: str
    clause: str | None = None


class PlanData(NamedTuple):
    """A plan as `Plan.to_dict()` writes it."""

    version: int
    policy: str
    because: str
    input_tokens: TokenCount
    candidates: tuple[CandidateData, ...]
    refused: tuple[RefusalData, ...]
    model: str | None = None
    route: str | None = None
    task: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    repeat_instruction: bool = False
    confidence: float | None = None
    signals: tuple[str, ...] = ()


class Difference(NamedTuple):
    """A field in which two plans differ; `model` is "" for one of the plan itself.

    None stands for what a plan does not say.
    """

    model: str
    field: str
    one: object
    other: object


def plan_of(values: object, models: Iterable[Model], file: str = "the record") -> Plan:
    """Make the plan again that `Plan.to_dict()` wrote; `models` are those it speaks of.

    Raises:
        PolicyError: something in it is wrong, or a model is not among them.
    """
    return made_plan(restored(PlanData, values, file), models, file)


def made_plan(data: PlanData, models: Iterable[Model], file: str) -> Plan:
    """Make the plan of what was read; raises PolicyError likewise."""
    if data.version != VERSION:
        what = f"this version reads plans of version {VERSION}"
        raise PolicyError([Problem(file, None, "plan.version", what)])
    by_name = _by_name(models)
    named = {one.model for one in data.candidates} | {one.model for one in data.refused}
    if not named <= by_name.keys():
        raise PolicyError([Problem(file, None, "plan", "it names a model that is not there")])
    return Plan(
        tuple(_candidate(one, by_name[one.model], data.input_tokens) for one in data.candidates),
        tuple(
            Refusal(by_name[one.model], one.rule, one.reason, one.clause) for one in data.refused
        ),
        data.input_tokens,
        data.policy,
        data.because,
        data.route,
        data.task,
        data.tags,
        data.repeat_instruction,
        data.language,
        data.confidence,
        data.signals,
    )


def _by_name(models: Iterable[Model]) -> dict[str, Model]:
    each = [one for model in models for one in (model, *model.replicas)]
    return {model.name: model for model in each}


def _candidate(data: CandidateData, model: Model, tokens: TokenCount) -> Candidate:
    own = None if data.input_tokens == tokens else data.input_tokens
    return Candidate(
        model,
        data.cost_usd,
        data.latency_s,
        data.quality,
        data.warnings,
        own,
        data.output_tokens,
        data.held_tokens,
    )


def differences(one: Plan, other: Plan) -> tuple[Difference, ...]:
    """Compare two plans by what `to_dict` says: first the plan itself, then model by model."""
    first, second = one.to_dict(), other.to_dict()
    lists = ("candidates", "refused")
    own = [name for name in first if name not in lists]
    found = [
        Difference("", name, first[name], second[name])
        for name in own
        if first[name] != second[name]
    ]
    ours, theirs = _by_model(first), _by_model(second)
    for name in dict.fromkeys([*ours, *theirs]):
        found += _of_model(name, ours.get(name, {}), theirs.get(name, {}))
    return tuple(found)


def _by_model(data: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """What a plan says of each model, with its place: "candidate 1", "refused 1"."""
    found: dict[str, dict[str, object]] = {}
    for key, word in (("candidates", "candidate"), ("refused", "refused")):
        rows = cast("Sequence[dict[str, object]]", data[key])
        for number, row in enumerate(rows, 1):
            found[str(row["model"])] = {"place": f"{word} {number}", **row}
    return found


def _of_model(
    name: str, one: Mapping[str, object], other: Mapping[str, object]
) -> list[Difference]:
    return [
        Difference(name, key, one.get(key), other.get(key))
        for key in dict.fromkeys([*one, *other])
        if one.get(key) != other.get(key)
    ]


def differences_text(found: Sequence[Difference], heads: tuple[str, str]) -> str:
    """Lay out differences as a table; `heads` say which plan is which."""
    rows = [(one.model or "(plan)", one.field, _shown(one.one), _shown(one.other)) for one in found]
    return table(("model", "field", *heads), rows)


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
