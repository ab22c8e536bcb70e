"""Windows: refused on the low end of the interval, warned on its high end."""

from __future__ import annotations

from datetime import date

from llmroute.policies import order
from llmroute.types.messages import Message
from llmroute.types.models import Model
from llmroute.types.plans import Situation
from llmroute.types.requests import Request, Sampling
from llmroute.types.usage import TokenCount

TODAY = date(2026, 1, 1)
MODEL = Model(
    "small",
    "acme",
    "small",
    "custom",
    context_tokens=100,
    tokenizer="o200k",
    license="apache-2.0",
)


def planned(tokens: TokenCount, counts: dict[str, TokenCount], answer: int | None = None) -> object:
    """The refusal or the warnings of the one model."""
    request = Request((Message.user("hello"),), Sampling(max_tokens=answer))
    plan = order("small")(Situation(request, tokens, TODAY, counts=counts), [MODEL])
    return plan.refused[0].reason if plan.refused else plan.candidates[0].warnings


def test_a_window_refuses_on_the_low_end_and_warns_on_the_high_end() -> None:
    """A prompt that cannot fit is refused; one that may not fit is warned about."""
    assert planned(TokenCount(60, "estimate", 50, 99), {}) == ()
    warned = planned(TokenCount(60, "estimate", 50, 100), {})
    assert warned == ("may need up to 101 tokens, the window of small is 100",)
    assert planned(TokenCount(60, "estimate", 50, 70), {}, 31) == (
        "may need up to 101 tokens, the window of small is 100",
    )
    refused = planned(TokenCount(120, "estimate", 100, 150), {})
    assert refused == "needs 101 tokens, the window is 100"


def test_a_model_is_judged_by_its_own_count() -> None:
    """The count of the model itself goes before that of its tokenizer, that before the plan's."""
    wide = TokenCount(200, "estimate", 150, 250)
    exact = TokenCount(90, "exact", 90, 90)
    assert planned(wide, {"o200k": exact}) == ()
    assert (
        planned(exact, {"model small": wide, "o200k": exact})
        == "needs 151 tokens, the window is 100"
    )
    request = Request((Message.user("hello"),))
    plan = order("small")(Situation(request, wide, TODAY, counts={"o200k": exact}), [MODEL])
    assert plan.candidates[0].tokens == exact
    plan = order("small")(Situation(request, exact, TODAY, counts={"o200k": exact}), [MODEL])
    assert plan.candidates[0].tokens is None
