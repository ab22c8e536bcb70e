"""What a model costs as it is asked: at its service tier, in its region, for its cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest
from llmroute.types.frozen import replace
from llmroute.types.prices import STANDARD

if TYPE_CHECKING:
    from llmroute.types.models import Model

    from .declarations import Declaration
    from .describe import Tell

TIERED = ("openai-chat", "openai-responses", "custom")
"""The APIs that are asked for a service tier."""
LATER = ("batch",)
"""Tiers that have a price, but answer hours later: a chat cannot ask for them."""


def with_tier(model: Model, declaration: Declaration, tell: Tell) -> Model:
    """Ask the model at the tier that was declared, whose price counts then."""
    tier = declaration.service_tier
    if tier is None:
        return model
    if model.api not in TIERED:
        what = f"{model.provider} models are asked for no service tier"
        tell("service_tier", what, "Leave it out")
    elif tier in LATER:
        tell("service_tier", f"answers of the tier {tier!r} come hours later", "Leave it out")
    elif model.price is not None and declaration.price is None:
        price = model.price.at_tier(tier)
        if price is None:
            known = (*STANDARD, *(name for name, _ in model.price.tiers))
            tell("service_tier", f"no price is known for the tier {tier!r}", nearest(tier, known))
        return replace(model, price=price, service_tier=tier)
    return replace(model, service_tier=tier)
