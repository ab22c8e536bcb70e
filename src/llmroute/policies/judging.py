"""One model after the other: refused, or a candidate with what is expected of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.instruction import repeated
from llmroute.types.plans import Candidate
from llmroute.types.prices import two_kinds

from .cautions import warnings
from .constraints import beyond, cost_limit, standing
from .expectations import EXPECTED_OUTPUT_TOKENS, expected_output_tokens, predicted_latency_s
from .lasting import sheet_of
from .objectives import expected_cost_usd, held_tokens
from .qualities import quality_of

if TYPE_CHECKING:
    from decimal import Decimal

    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint, Refusal, Situation
    from llmroute.types.usage import TokenCount

    from .lasting import Lasting


class Judging:
    """Judges the models of one plan; what is the same for all of them is looked at once."""

    __slots__ = (
        "_checks",
        "_expected_tokens",
        "_is_plain",
        "_limit",
        "_planned",
        "_rates_hold",
        "_require",
        "_sheet",
        "_situation",
        "_tight_checks",
        "_wanted_tokens",
    )

    def __init__(
        self, situation: Situation, require: tuple[Constraint, ...], planned: TokenCount
    ) -> None:
        """Judge by `require` too; candidates say their tokens where these are not `planned`."""
        request = situation.request
        wanted = request.sampling.max_tokens
        self._situation = situation
        self._planned = planned
        self._require = require
        self._sheet = sheet_of(situation)
        self._checks = standing(situation, require, tight=False)
        self._tight_checks: tuple[Constraint, ...] | None = None
        self._limit = cost_limit(self._checks)
        self._wanted_tokens = 1 if wanted is None else wanted
        self._expected_tokens = min(self._wanted_tokens, EXPECTED_OUTPUT_TOKENS)
        if wanted is None:
            self._expected_tokens = EXPECTED_OUTPUT_TOKENS
        self._is_plain = request.plain
        self._rates_hold = not situation.held and request.texts is None

    def of(self, model: Model) -> Candidate | Refusal:
        """The first refusal; else what is expected of the model."""
        situation = self._situation
        known = self._sheet.of(model, situation)
        if known.refusal is not None:
            return known.refusal
        tokens = situation.tokens_of(model) if situation.counts else situation.tokens
        expected = self._expected_tokens
        if model.name in situation.observed:
            expected = expected_output_tokens(situation, model)
        cost = self._cost_usd(known, tokens.value, expected)
        wanted = self._wanted_tokens
        fits = tokens.high + wanted <= known.room_tokens and wanted <= known.longest_tokens
        refusal = self._refusal(model, cost, fits=fits)
        if refusal is not None:
            return refusal
        warned = known.warnings if fits and self._is_plain else warnings(situation, model)
        return self._candidate(known, cost, warned, tokens, expected)

    def _cost_usd(self, known: Lasting, tokens: int, answer_tokens: int) -> Decimal | None:
        """The expected cost; the shortest way where nothing but the two numbers matters."""
        rates = known.rates
        if rates is not None and self._rates_hold:
            return two_kinds(tokens, rates.input, answer_tokens, rates.output)
        return expected_cost_usd(self._situation, known.model)

    @property
    def _tight(self) -> tuple[Constraint, ...]:
        """Every constraint, also those of which nobody need be asked who has room to spare."""
        if self._tight_checks is None:
            self._tight_checks = standing(self._situation, self._require, tight=True)
        return self._tight_checks

    def _refusal(self, model: Model, cost: Decimal | None, *, fits: bool) -> Refusal | None:
        """The first refusal, where the cost is reckoned already."""
        situation = self._situation
        priced, most = self._limit
        for check in self._checks if fits else self._tight:
            if check is not priced or most is None:
                refusal = check(situation, model)
            elif cost is not None and cost <= most:
                continue
            else:
                refusal = beyond(most, cost, model)
            if refusal is not None:
                return refusal
        return None

    def _candidate(
        self,
        known: Lasting,
        cost: Decimal | None,
        warned: tuple[str, ...],
        tokens: TokenCount,
        expected: int,
    ) -> Candidate:
        """What is expected of a model that may answer."""
        situation, model = self._situation, known.model
        own = None if tokens is self._planned else _unlike(tokens, self._planned)
        if situation.request.texts is not None:
            return Candidate(model, cost, None, None, warned, own)
        latency_s, quality, held = None, None, 0
        if known.has_speed or model.name in situation.observed:
            latency_s = predicted_latency_s(situation, model, expected)
        if known.has_quality:
            quality = quality_of(model, situation.task)
        if situation.held:
            held = held_tokens(situation, model, tokens.value)
        return Candidate(model, cost, latency_s, quality, warned, own, expected, held)


def _unlike(own: TokenCount, planned: TokenCount) -> TokenCount | None:
    """A model's own count, if it is not as the plan's."""
    same = own.value == planned.value and own.method == planned.method
    return None if same else own


def repeating(situation: Situation) -> Situation:
    """The situation in which the system instruction is repeated in each turn: more tokens."""
    again = repeated(situation.request)
    if again is situation.request:
        return situation
    from llmroute.tokens import estimate_request, recounted  # only where something is repeated

    counts = recounted(situation.counts, situation.request, again)
    return situation._replace(tokens=estimate_request(again), counts=counts)
