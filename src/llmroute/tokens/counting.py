"""Exact counts of OpenAI's encodings, as far as what is sent is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.usage import TokenCount

from .definitions import LESS_WITH_SYSTEM, TOKENS_OF_TOOLS, rendered
from .estimates import PUBLISHED, TOKENS_PER_MESSAGE, TOKENS_PER_REPLY
from .extras import NOTHING, extra_tokens, said, shape_text

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.requests import Request

    from .vocabularies import Engine

LEAST, MOST, MOST_EACH = 0.7, 1.5, 16
"""How far what is not published may be off: definitions, calls, shapes."""
HARMONY = 120
"""What gpt-oss's format may add besides: a system message with the date, and channels."""


def count_request(request: Request, model: Model, engine: Engine) -> TokenCount:
    """Count the prompt of a request with the model's own vocabulary.

    It is exact for text, for texts to be embedded and for pictures whose size and formula are
    known. The forms of tools, calls, shapes and documents are not published: with them it is an
    estimate, and so it is where the host's own format around messages is not.
    """
    if request.texts is not None:
        return _exactly(sum(_count(engine, text) for text in request.texts))
    plain = sum(_count(engine, one.text) for one in request.messages)
    plain += TOKENS_PER_MESSAGE * len(request.messages) + TOKENS_PER_REPLY
    more, extra = 0, NOTHING
    if not request.text_alone:
        more = _besides(request, engine)
        extra = extra_tokens(request, model.images)
    value = plain + more + extra.value
    low = plain + int(LEAST * more) + extra.low
    high = plain + int(MOST * more) + extra.high + (MOST_EACH if more else 0)
    if model.tokenizer not in PUBLISHED:
        high += HARMONY
    return _exactly(value) if low == high else TokenCount(value, "estimate", low, high)


def _exactly(value: int) -> TokenCount:
    return TokenCount(value, "exact", value, value)


def _count(engine: Engine, text: str) -> int:
    return len(engine.encode_ordinary(text)) if text else 0


def _besides(request: Request, engine: Engine) -> int:
    """Tokens of calls, results, thoughts, definitions and shapes."""
    texts = [*said(request), *shape_text(request)]
    spoken = sum(_count(engine, one.text) for one in request.messages)
    return sum(_count(engine, text) for text in texts) - spoken + _tools(request, engine)


def _tools(request: Request, engine: Engine) -> int:
    """Tokens of the definitions, and what stands around them."""
    if not request.tools:
        return 0
    has_system = any(one.role == "system" for one in request.messages)
    less = LESS_WITH_SYSTEM if has_system else 0
    return _count(engine, rendered(request.tools)) + TOKENS_OF_TOOLS - less
