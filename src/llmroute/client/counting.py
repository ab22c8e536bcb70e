"""Counting a prompt: by the engine of the model itself, by its vocabulary, or by an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.errors import RequestError
from llmroute.tokens.counting import count_request
from llmroute.tokens.estimates import envelope, estimate_request
from llmroute.tokens.vocabularies import engine
from llmroute.types.calls import SupportsCounting
from llmroute.types.frozen import replace
from llmroute.types.plans import own_key
from llmroute.types.requests import Request
from llmroute.types.usage import TokenCount

from .messages import normalize
from .options import check, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.models import Model
    from llmroute.types.requests import ChatOptions
    from llmroute.types.tools import OutputSpec, Tool

    from .core import Core
    from .messages import Prompt


def counted(
    core: Core, prompt: Prompt, model: str, given: Mapping[str, object], output: object
) -> TokenCount:
    """Count the prompt as `model` does.

    Raises:
        RequestError: something about the prompt or the model is wrong.
        PolicyError: a vocabulary in the folder that was named is not the right one.
    """
    core.check_open()
    if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise RequestError(f"must be a name, got {type(model).__name__}", where="model")
    checked = check(cast("ChatOptions", {"model": model, **given}))
    if output is not None:
        checked = shaped(checked, output)
    values = checked.values
    system = cast("str | None", values.get("system"))
    request = Request(
        normalize(prompt, system, answerable=False),
        models=(model,),
        tools=cast("tuple[Tool, ...]", values.get("tools", ())),
        output=cast("OutputSpec | None", values.get("output")),
    )
    return count(core, request, core.named((model,))[0])


def counts(
    core: Core, request: Request, models: tuple[Model, ...]
) -> tuple[TokenCount, Mapping[str, TokenCount]]:
    """Count the prompt of a plan: exactly where a vocabulary is at hand, else by an estimate."""
    found = {own_key(model): count(core, request, model) for model in models}
    alike = set(found.values())
    return (alike.pop(), {}) if len(alike) == 1 else (envelope(found), found)


def count(core: Core, request: Request, model: Model) -> TokenCount:
    """Count a request for one model."""
    provider = core.registry.provider(model)
    if isinstance(provider, SupportsCounting):
        tokens = provider.count_tokens(model, request)
        if isinstance(tokens, int):
            return TokenCount(tokens, "exact", tokens, tokens)
        return replace(estimate_request(request, model), hint=tokens)
    if model.tokenizer is None:
        return replace(estimate_request(request, model), hint="its tokenizer is not known")
    found = engine(model.tokenizer, core.setup.vocabularies)
    if isinstance(found, str):
        return replace(estimate_request(request, model), hint=found)
    return count_request(request, model, found)
