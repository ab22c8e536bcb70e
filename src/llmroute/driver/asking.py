"""What a model is asked: as the caller asked, with what this model needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.frozen import replace
from llmroute.types.instruction import repeated

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.requests import Request

    from .session import Order


def asked(order: Order, model: Model, prefix: str) -> Request:
    """The request for `model`, the instruction repeated if it must be.

    What was said of the answer before counts for its `max_tokens`.
    """
    repeats = model.repeat_instruction or order.plan.repeat_instruction
    request = repeated(order.request) if repeats else order.request
    most = request.sampling.max_tokens
    if not prefix or most is None:
        return request
    from llmroute.tokens import expected_tokens  # for answers that broke off

    left = max(1, most - expected_tokens(prefix))
    return replace(request, sampling=replace(request.sampling, max_tokens=left))
