"""What both OpenAI APIs share in a request: sampling parameters and the effort of reasoning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bodies import endpoint_of, sampling_of

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.requests import ReasoningEffort

    from ..shapes import Json


def sampling_fields(call: Call, max_tokens_name: str) -> Json:
    """The sampling parameters that were asked for and that the model takes, and the service tier.

    A server that takes max_tokens, but not of models that reason, has the newer name for these.
    """
    max_tokens = call.request.sampling.max_tokens
    if "max_tokens" in endpoint_of(call).rejects_when_reasoning:
        thinks = "reasoning" in call.model.abilities
        max_tokens_name = "max_completion_tokens" if thinks else max_tokens_name
    fields: Json = {} if max_tokens is None else {max_tokens_name: max_tokens}
    if call.model.service_tier is not None:
        fields["service_tier"] = call.model.service_tier
    return fields | sampling_of(call)


def effort_of(call: Call) -> ReasoningEffort | None:
    """How much the model is to think; None when nothing was asked, or the model does not think.

    A model that cannot go so low thinks as little as it can.
    """
    effort = call.request.reasoning
    if effort is None or "reasoning" not in call.model.abilities:
        return None
    quirks = endpoint_of(call).quirks
    if effort == "none" and "always_reasons" in quirks:
        effort = "minimal"
    return "low" if effort == "minimal" and "no_minimal_reasoning" in quirks else effort


def effort_fields(call: Call) -> Json:
    """The field of chat completions that says how much to think; none where nothing was asked."""
    effort = effort_of(call)
    if effort == "none" and "thinking_switch" in endpoint_of(call).quirks:
        return {"thinking": {"type": "disabled"}}
    return {} if effort is None else {"reasoning_effort": effort}
