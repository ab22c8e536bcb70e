"""Short ways to say what tests of policies need."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, TypedDict, Unpack

from llmroute.types.messages import Message
from llmroute.types.models import Endpoint, Model
from llmroute.types.plans import Facts, Situation
from llmroute.types.prices import FREE
from llmroute.types.requests import Request, Sampling
from llmroute.types.usage import TokenCount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.models import Weights
    from llmroute.types.plans import OfflineMode, Plan
    from llmroute.types.prices import Price

TODAY = date(2026, 11, 23)
CHAT = Facts(purposes=("chat",))


class ModelFacts(TypedDict, total=False):
    """Fields of Model that tests set."""

    api: str
    license: str | None
    weights: Weights
    context_tokens: int
    max_output_tokens: int
    abilities: frozenset[str]
    retires_on: date
    replaced_by: str


def remote(
    name: str = "far",
    price: Price | None = None,
    *,
    origin: str = "https://far.example",
    **facts: Unpack[ModelFacts],
) -> Model:
    """Make a remote model under Apache-2.0; `facts` override the fields of Model."""
    endpoint = Endpoint(f"{origin}/v1", origin, name)
    model = Model(
        name, "test", name, "custom", endpoint=endpoint, price=price, license="apache-2.0"
    )
    return replace(model, **facts)


def local(name: str = "near", **facts: Unpack[ModelFacts]) -> Model:
    """Make a local model under Apache-2.0."""
    model = Model(name, "test", name, "custom", local=True, price=FREE, license="apache-2.0")
    return replace(model, **facts)


def request(text: str = "hi", max_tokens: int | None = None) -> Request:
    """Make a request of one message."""
    return Request((Message.user(text),), Sampling(max_tokens=max_tokens))


def situation(
    asked: Request | None = None,
    *,
    tokens: int = 10,
    facts: Facts = CHAT,
    unavailable: Mapping[str, str] | None = None,
    offline: tuple[bool, OfflineMode] = (False, "auto"),
) -> Situation:
    """Make a situation of 2026-11-23 with a prompt of so many tokens, exactly."""
    return Situation(
        asked or request(),
        TokenCount(tokens, "exact", tokens, tokens),
        TODAY,
        facts,
        unavailable or {},
        *offline,
    )


def names(plan: Plan) -> list[str]:
    """Name the candidates in order."""
    return [candidate.model.name for candidate in plan.candidates]


def rules(plan: Plan) -> dict[str, str]:
    """Map each refused model's name to the rule."""
    return {refusal.model.name: refusal.rule for refusal in plan.refused}
