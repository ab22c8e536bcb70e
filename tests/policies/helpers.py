"""Short ways to say what tests of policies need."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from llmroute.types.messages import Message
from llmroute.types.models import Endpoint, Model
from llmroute.types.plans import Facts, Situation
from llmroute.types.requests import Request, Sampling
from llmroute.types.usage import FREE, TokenCount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.plans import OfflineMode, Plan
    from llmroute.types.usage import Price

TODAY = date(2026, 11, 23)
CHAT = Facts(purposes=("chat",))


def remote(name: str = "far", price: Price | None = None, **facts: object) -> Model:
    """Make a remote model under Apache-2.0; `facts` override the fields of Model."""
    origin = str(facts.pop("origin", "https://far.example"))
    endpoint = Endpoint(f"{origin}/v1", origin, name)
    return _model(name, {"endpoint": endpoint, "price": price, **facts})


def local(name: str = "near", **facts: object) -> Model:
    """Make a local model under Apache-2.0."""
    return _model(name, {"local": True, "price": FREE, **facts})


def _model(name: str, facts: dict[str, object]) -> Model:
    from dataclasses import replace

    model = Model(name, "test", name, "custom", license="apache-2.0")
    for field, value in facts.items():
        model = replace(model, **{field: value})  # pyright: ignore[reportArgumentType]
    return model


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
