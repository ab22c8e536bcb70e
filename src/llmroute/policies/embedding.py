"""What decides which models may embed: the ability, the length of texts, and the vector space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.frozen import replace
from llmroute.types.plans import Refusal

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Plan, Situation


def embeds(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model that makes no vectors, none of the asked length, or not of so long a text."""
    request = situation.request
    if "embed" not in model.abilities:
        return Refusal(model, "ability", "it does not embed texts")
    if request.dimensions is not None and not _makes(model, request.dimensions):
        reason = f"its vectors have a length of their own, not {request.dimensions} dimensions"
        return Refusal(model, "ability", reason)
    return _fitting(request.texts or (), model)


def _makes(model: Model, dimensions: int) -> bool:
    """Whether vectors can have that length; the application's own providers must know."""
    if model.dimensions is not None and dimensions >= model.dimensions:
        return dimensions == model.dimensions
    if model.endpoint is not None:
        return "dimensions" in model.endpoint.parameters
    return model.weights is None


def _fitting(texts: tuple[str, ...], model: Model) -> Refusal | None:
    """Refuse a model whose window is too small for one of the texts, counted at the low end."""
    from llmroute.tokens import estimate  # only for texts that become vectors

    window = model.context_tokens
    if window is None:
        return None
    for place, text in enumerate(texts):
        if 2 * len(text) <= window:  # no character is two tokens at the low end
            continue
        needed = estimate(text).low
        if needed > window:
            reason = f"texts[{place}] is at least {needed} tokens, the window is {window}"
            return Refusal(model, "context", reason)
    return None


def space_of(model: Model) -> str:
    """The vector space of a model; an unknown one is the model's own."""
    return model.vector_space or f"that of {model.id} alone"


def one_space(plan: Plan) -> Plan:
    """Keep the candidates whose vectors can be compared with those of the first one."""
    if not plan.candidates:
        return plan
    first = plan.candidates[0].model
    space = space_of(first)
    same = tuple(one for one in plan.candidates if space_of(one.model) == space)
    others = tuple(
        Refusal(one.model, "vector_space", _apart(one.model, first))
        for one in plan.candidates
        if space_of(one.model) != space
    )
    return replace(plan, candidates=same, refused=(*plan.refused, *others)) if others else plan


def _apart(model: Model, first: Model) -> str:
    return (
        f"its vectors cannot be compared with those of {first.name}: "
        f"its space is {space_of(model)}, not {space_of(first)}"
    )
