"""What both OpenAI APIs share in a request: sampling parameters and the effort of reasoning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bodies import endpoint_of, sampling_of

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.requests import ReasoningEffort

    from ..shapes import Json


def sampling_fields(call: Call, max_tokens_name: str) -> Json:
    """The sampling parameters that were asked for and that the model takes."""
    max_tokens = call.request.sampling.max_tokens
    fields: Json = {} if max_tokens is None else {max_tokens_name: max_tokens}
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
