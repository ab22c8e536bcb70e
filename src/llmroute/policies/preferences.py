"""What orders candidates: latency, quality, weights, and the best among the nearly best.

Ties are broken by the model's name, so that the order of declarations decides nothing.
"""

from __future__ import annotations

from itertools import compress
from math import isfinite
from typing import TYPE_CHECKING

from llmroute.types.models import QUALITIES
from llmroute.types.plans import Ordered
from llmroute.types.tuples import NamedTuple

from .expectations import predicted_latency_s
from .mistakes import wrong
from .objectives import cost_usd
from .qualities import comparable, quality_of
from .unknowns import check_unknown, known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Candidate, Constraint, Objective, Preference, Situation


def latency_s(situation: Situation, model: Model) -> float | None:
    """Prefer the model whose whole answer is predicted to be there first, in seconds."""
    return predicted_latency_s(situation, model)


def quality(situation: Situation, model: Model) -> float | None:
    """Prefer the model of the highest tier for the task; lower is better: minus the tier.

    As an objective of a policy, scores that were measured alike go before tiers.
    """
    found = quality_of(model, situation.task)
    return None if found is None else -float(QUALITIES.index(found.tier))


SAYS: dict[Objective, str] = {cost_usd: "cheapest", latency_s: "fastest", quality: "best"}
NAMED: dict[str, Objective] = {"cost": cost_usd, "latency": latency_s, "quality": quality}
"""What a policy file calls the objectives."""
NOUNS: dict[Objective, str] = {cost_usd: "price", latency_s: "latency", quality: "quality"}
REASONS: dict[Objective, str] = {
    cost_usd: "its price is not known",
    latency_s: "its latency is not known, nothing was observed and no speed is declared",
    quality: "its quality is not known, nothing was measured for the task and none is declared",
}
"""Why a model is refused whose value is not known."""


def name_of(objective: Objective) -> str:
    """How a plan names what an objective puts first."""
    return SAYS.get(objective) or f"lowest {getattr(objective, '__name__', 'objective')}"


def _unknown(objective: Objective, found: Sequence[float | None]) -> str:
    """Say that nothing is known of any candidate; "" if something is, or there is none."""
    if not found or [value for value in found if value is not None and isfinite(value)]:
        return ""
    noun = NOUNS.get(objective) or getattr(objective, "__name__", "objective")
    return f"no {noun} is known"


def values(
    objective: Objective, situation: Situation, candidates: Sequence[Candidate]
) -> list[float | None]:
    """The objective of each candidate; lower is better, None is unknown."""
    if objective is cost_usd:
        return _dollars([one.cost_usd for one in candidates])
    models = [one.model for one in candidates]
    if objective is quality:
        scores = comparable(models, situation.task)
        if scores is not None:
            return [-score.value for score in scores]
    return [objective(situation, model) for model in models]


def _dollars(costs: Sequence[Decimal | None]) -> list[float | None]:
    return [None if cost is None else float(cost) for cost in costs]


def _by_tier(objective: Objective, situation: Situation, candidates: Sequence[Candidate]) -> bool:
    """Whether it is tiers of quality that are compared."""
    if objective is not quality:
        return False
    return comparable([one.model for one in candidates], situation.task) is None


def _sorted(
    found: Sequence[float | None], candidates: Sequence[Candidate], *, unknown_first: bool = False
) -> list[Candidate]:
    keys = [
        (unknown_first, value, one.model.name)
        if value is not None and isfinite(value)
        else (not unknown_first, 0.0, one.model.name)
        for value, one in zip(found, candidates, strict=True)
    ]
    return [candidates[at] for at in sorted(range(len(keys)), key=keys.__getitem__)]


class Lowest(NamedTuple):
    """Orders by one objective; what is unknown comes last, or first, or is refused."""

    objective: Objective
    unknown: str = "last"

    @property
    def judges(self) -> tuple[Objective, ...]:
        """The objectives that it looks at."""
        return (self.objective,)

    def order(self, situation: Situation, candidates: Sequence[Candidate]) -> Ordered:
        """Order by the objective, then by name."""
        found = values(self.objective, situation, candidates)
        ordered = _sorted(found, candidates, unknown_first=self.unknown == "first")
        dark = _unknown(self.objective, found)
        if dark:
            return Ordered(ordered, f"by name, as {dark}")
        tiers = _by_tier(self.objective, situation, candidates)
        because = "best by tier" if tiers else name_of(self.objective)
        if self.unknown == "first" and None in found:
            because = f"unknown {NOUNS.get(self.objective, 'value')} first, then {because}"
        return Ordered(ordered, because)


class Weighted(NamedTuple):
    """Orders by a weighted sum of objectives, each brought to 0 for the best, 1 for the worst."""

    weights: tuple[tuple[Objective, float], ...]
    unknown: str = "last"

    @property
    def judges(self) -> tuple[Objective, ...]:
        """The objectives that it looks at; one without weight is not."""
        return tuple(objective for objective, weight in self.weights if weight)

    def order(self, situation: Situation, candidates: Sequence[Candidate]) -> Ordered:
        """Order by the sum, then by name; what is unknown counts as the worst, or as the best."""
        sums = [0.0] * len(candidates)
        missing = 0.0 if self.unknown == "first" else 1.0
        total = sum(weight for _, weight in self.weights)
        parts: list[str] = []
        for objective, weight in self.weights:
            found = values(objective, situation, candidates)
            for at, part in enumerate(_normalized(found)):
                sums[at] += weight * (missing if part is None else part)
            dark = _unknown(objective, found)
            note = f" ({dark})" if dark else ""
            parts.append(f"{weight / total:.0%} {name_of(objective)}{note}")
        return Ordered(_sorted(sums, candidates), f"best of {', '.join(parts)}")


def _normalized(found: Sequence[float | None]) -> list[float | None]:
    """Bring values to a range: (value - least) / (most - least); 0 where all are the same."""
    known = [value for value in found if value is not None]
    least, most = (min(known), max(known)) if known else (0.0, 0.0)
    width = (most - least) or 1.0
    return [None if value is None else (value - least) / width for value in found]


class Within(NamedTuple):
    """Orders those near the best of one objective by another; the others follow.

    What is unknown is not near; with `unknown` of "first" it is.
    """

    share: float
    of: Objective
    then: Objective
    unknown: str = "last"

    @property
    def judges(self) -> tuple[Objective, ...]:
        """The objectives that it looks at."""
        return (self.of, self.then)

    def order(self, situation: Situation, candidates: Sequence[Candidate]) -> Ordered:
        """Order; near is a value of at most the best one and `share` of it."""
        found = values(self.of, situation, candidates)
        known = [value for value in found if value is not None]
        best = min(known, default=0.0)
        most = best + abs(best) * self.share
        if _by_tier(self.of, situation, candidates):
            most = best  # tiers are near only if they are the same
        ahead = self.unknown == "first"
        near = [ahead if value is None else value <= most for value in found]
        close = list(compress(candidates, near))
        first = _sorted(values(self.then, situation, close), close, unknown_first=ahead)
        far = [not one for one in near]
        last = _sorted(list(compress(found, far)), list(compress(candidates, far)))
        return Ordered([*first, *last], self._because("" if ahead else _unknown(self.of, found)))

    def _because(self, dark: str) -> str:
        if dark:
            return f"by name, as {dark}"
        share = f"within {self.share:.0%} of" if self.share else "of"
        return f"{name_of(self.then)} {share} the {name_of(self.of)}"


def required(preference: Objective | Preference | None) -> tuple[Constraint, ...]:
    """What a preference refuses: models of which its values are not known, if it says so."""
    if preference is None or callable(preference):  # as a rule
        return ()
    if not isinstance(preference, Lowest | Weighted | Within) or preference.unknown != "refuse":
        return ()
    return tuple(known(one, REASONS.get(one, "")) for one in dict.fromkeys(preference.judges))


def lowest(objective: Objective, unknown: str = "last") -> Lowest:
    """Prefer by one objective; models of unknown value come "last" or "first", or "refuse" them.

    Raises:
        PolicyError: `unknown` is another word.
    """
    check_unknown("lowest", unknown)
    return Lowest(objective, unknown)


def weighted(weights: Mapping[Objective, float], unknown: str = "last") -> Weighted:
    """Prefer by several objectives at once, such as {cost_usd: 0.7, latency_s: 0.3}.

    Each objective is brought to the range from 0, the best candidate, to 1, the worst. A value that
    is not known counts as the worst ("last"), as the best ("first"), or "refuse" the model.

    Raises:
        PolicyError: there is no weight, a negative one, or nothing but zeros; or `unknown` is
            another word.
    """
    check_unknown("weighted", unknown)
    given = tuple((objective, float(weight)) for objective, weight in weights.items())
    total = sum(weight for _, weight in given)
    if any(not 0 <= weight < float("inf") for _, weight in given) or not 0 < total < float("inf"):
        what, hint = "weights must be 0 or more, and one of them more", "Write {cost_usd: 0.7}"
        raise wrong("weighted", what, hint)
    return Weighted(given, unknown)


def within(share: float, of: Objective, then: Objective, unknown: str = "last") -> Within:
    """Prefer by `then` among those within `share` (0.05: 5 %) of the best by `of`.

    Models of unknown value are not near ("last"), near ("first"), or "refuse" them.

    Raises:
        PolicyError: the share is not from 0 to 1, or `unknown` is another word.
    """
    check_unknown("within", unknown)
    if not 0 <= share <= 1:
        what = "the share must be from 0 to 1"
        raise wrong("within", what, "Write 0.05 for 5 %")
    return Within(float(share), of, then, unknown)
