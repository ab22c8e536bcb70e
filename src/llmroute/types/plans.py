"""Plans: the choice as a value, and what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from .frozen import dataclass
from .tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from .models import Model
    from .observed import Observed
    from .requests import Request
    from .usage import TokenCount

OfflineMode = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of the application; license clauses ask for it. None means: not stated.

    `monthly_active_users`, `annual_revenue_usd` and `monthly_revenue_usd` hold pairs of a month,
    "2023-06" or "now", and a number. `licensee_domicile` is an ISO 3166 country code, as
    `use_territories` are. `fields_of_use` are words of `llmroute.licenses.cards.FIELDS`.
    `distributes` is what the application passes on: "nothing", "service" or "weights". `granted`
    names licenses whose owner gave a permission of its own, with the agreement that says so.
    `unknown` is what a license means of which a fact is missing: "deny", "warn" or "allow"; None:
    to deny purposes that train models, else to warn.
    """

    commercial: bool | None = None
    purposes: tuple[str, ...] = ()
    monthly_active_users: tuple[tuple[str, int], ...] = ()
    licensee_domicile: str | None = None
    granted: tuple[tuple[str, str], ...] = ()
    annual_revenue_usd: tuple[tuple[str, int], ...] = ()
    monthly_revenue_usd: tuple[tuple[str, int], ...] = ()
    use_territories: tuple[str, ...] | None = None
    fields_of_use: tuple[str, ...] | None = None
    distributes: str | None = None
    unknown: str | None = None


class Detected(NamedTuple):
    """What kind of work a request was found to ask for.

    `confidence` is from 0 to 1. `signals` say in a few fixed words by what it was told, the
    strongest first; they hold nothing of the prompt.
    """

    task: str
    confidence: float
    signals: tuple[str, ...] = ()


class Resting(NamedTuple):
    """Why a model had better not be asked now, and for how many more seconds.

    `for_s` of None: that does not depend on time alone. `disabled`: it is useless until something
    is changed.
    """

    reason: str
    for_s: float | None = None
    disabled: bool = False

    def __str__(self) -> str:
        """The reason, and for how long it holds."""
        return self.reason if self.for_s is None else f"{self.reason}, for {self.for_s:,.1f} s"


_NOTHING: Mapping[str, str] = {}
_NO_COUNTS: Mapping[str, TokenCount] = {}
_NOT_OBSERVED: Mapping[str, Observed] = {}
_HELD: Mapping[str, int] = {}
_RESTING: Mapping[str, Resting] = {}


def own_key(model: Model) -> str:
    """The key of what a model counts for itself; a tokenizer may have the name of a model."""
    return f"model {model.name}"


class Situation(NamedTuple):
    """All that a policy may look at: one snapshot, taken before anything is sent.

    `tokens` is the prompt as any of the models may count it; `counts` maps a tokenizer's name, or
    the `own_key` of a model which counts for itself, to what it counts. `unavailable` maps a
    model's name to why it cannot answer now. `offline` is True when the network is known to be
    gone. `now` is the time of day with its zone; None: not known, no time window holds. `observed`
    maps a model's name to what was seen of it, `held` to how many tokens of this prompt's beginning
    its provider's cache still holds. `detected` is the task of a request for which none was named,
    None where nobody looked, or where it was not sure enough. `resting` says of models, by name,
    why they had better not be asked now; plans put them behind the others. `draw`, from 0 to 1, is
    what chance there is: it chooses among replicas.
    """

    request: Request
    tokens: TokenCount
    today: date
    facts: Facts = Facts()
    unavailable: Mapping[str, str] = _NOTHING
    offline: bool = False
    offline_mode: OfflineMode = "auto"
    now: datetime | None = None
    counts: Mapping[str, TokenCount] = _NO_COUNTS
    observed: Mapping[str, Observed] = _NOT_OBSERVED
    held: Mapping[str, int] = _HELD
    detected: Detected | None = None
    resting: Mapping[str, Resting] = _RESTING
    draw: float = 0.0

    @property
    def task(self) -> str | None:
        """The task that the caller named, else the one that was detected; None: not known."""
        if self.request.task is not None or self.detected is None:
            return self.request.task
        return self.detected.task

    def tokens_of(self, model: Model) -> TokenCount:
        """The prompt as `model` counts it."""
        if not self.counts:
            return self.tokens
        found = self.counts.get(own_key(model))
        if found is None and model.tokenizer is not None:
            found = self.counts.get(model.tokenizer)
        return self.tokens if found is None else found


class Quality(NamedTuple):
    """How well a model is expected to do a task.

    `tier` is one of QUALITIES. `score` is what `basis` measured, None when the tier was declared or
    when the scores of the candidates cannot be compared. `basis` says where it comes from.
    """

    tier: str
    score: float | None
    basis: str

    def __str__(self) -> str:
        """The tier, and the score that stands behind it."""
        return self.tier if self.score is None else f"{self.tier} ({self.score:g})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model may not answer: the rule, a reason in words and numbers, the license clause."""

    model: Model
    rule: str
    reason: str
    clause: str | None = None

    def __str__(self) -> str:
        clause = f" ({self.clause})" if self.clause else ""
        return f"{self.model.name} refused: {self.reason}{clause}"


class Candidate(NamedTuple):
    """A model that may answer, with what is expected of it; None means: not known.

    `tokens` are those of its prompt where they are not the plan's: another tokenizer, or the
    instruction is repeated. `output_tokens` is the length of the answer that cost and latency are
    reckoned with; None: nobody reckoned with one. `held_tokens` of the prompt are expected to be
    read from its provider's cache.
    """

    model: Model
    cost_usd: Decimal | None = None
    latency_s: float | None = None
    quality: Quality | None = None
    warnings: tuple[str, ...] = ()
    tokens: TokenCount | None = None
    output_tokens: int | None = None
    held_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice for one request: candidates in order of trial, and every refused model.

    `route` names the route that decided, None when none matched; `policy` says where it stands
    ("llmroute.toml:31"). `because` says how the order came about ("cheapest").
    `repeat_instruction` says that a route has the system instruction repeated in each turn.
    `language` is that of the request, None when the caller named none. `confidence`, from 0 to 1,
    and `signals` are those of a task that was detected; None when it was not.
    """

    candidates: tuple[Candidate, ...]
    refused: tuple[Refusal, ...]
    tokens: TokenCount
    policy: str
    because: str
    route: str | None = None
    task: str | None = None
    tags: tuple[str, ...] = ()
    repeat_instruction: bool = False
    language: str | None = None
    confidence: float | None = None
    signals: tuple[str, ...] = ()

    @property
    def model(self) -> Model | None:
        """The first candidate's model, None when no model may answer."""
        return self.candidates[0].model if self.candidates else None

    @property
    def why(self) -> str:
        """One line: why the first candidate is first."""
        if self.candidates:
            return self.why_model(self.candidates[0].model)
        return "; ".join(["no model may answer", *self._refusals()])

    def why_model(self, model: Model, failed: Sequence[str] = ()) -> str:
        """One line: why `model` answers, what `failed` before it, and which were refused."""
        count = len(self.candidates)
        first = self.candidates[0].model if self.candidates else None
        if first is not None and model.name != first.name:
            chosen = f"{model.name} is next after {first.name} ({self.because})"
        elif count == 1:
            chosen = f"{model.name} is the only model that may answer"
        else:
            chosen = f"{self.because} of {count} that may answer"
        return "; ".join([chosen, *failed, *self._refusals()])

    def _refusals(self) -> list[str]:
        """The refusals in words; those outside of the choice that the policy gave go unsaid."""
        return [str(refusal) for refusal in self.refused if refusal.rule != "route"]

    def to_dict(self) -> dict[str, object]:
        """Return the plan as plain values, ready for JSON; money is a string.

        `version` is raised when a key gets another meaning, or goes.
        """
        from .plan_data import plan_data

        return plan_data(self)

    def __repr__(self) -> str:
        names = ", ".join(candidate.model.name for candidate in self.candidates)
        return f"Plan([{names}], {len(self.refused)} refused)"

    def __str__(self) -> str:
        """A table of at most 100 columns; a column of which nothing is known is left out."""
        from .plan_tables import plan_text

        return plan_text(self)

    def _repr_html_(self) -> str:
        """The same table, where a notebook shows HTML."""
        from .plan_tables import plan_html

        return plan_html(self)


Constraint = Callable[[Situation, "Model"], Refusal | None]
"""A filter that says why."""

Objective = Callable[[Situation, "Model"], float | None]
"""Lower is better; None means unknown, which sorts last. The unit stands in its name."""


class Ordered(NamedTuple):
    """Candidates in their order, and how it came about, in a word or a few ("cheapest")."""

    candidates: Sequence[Candidate]
    because: str


class Preference(Protocol):
    """What orders candidates where one number for each does not: weights, quality, nearness.

    Pure: equal situations and candidates give equal orders. The candidates come in the order in
    which their models were declared.
    """

    def order(self, situation: Situation, candidates: Sequence[Candidate]) -> Ordered:
        """Order the candidates; none may be left out or added."""
        ...


Policy = Callable[[Situation, Sequence["Model"]], Plan]
"""Pure: equal situations give equal plans."""
