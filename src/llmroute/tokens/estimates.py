"""Estimates of token counts from what a text is made of, each with an interval.

A text is counted once (`classes`), and its numbers times the weights of a tokenizer (`weights`) are
its estimate: expected, least, most. An unknown tokenizer is taken for o200k, in an interval that
holds whichever of the known ones counts.
"""

from __future__ import annotations

from math import ceil
from operator import mul
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.types.usage import TokenCount

from .classes import class_counts
from .extras import chat_text, extra_text, extra_tokens
from .weights import ALIASES, ANY, FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmroute.types.models import Model
    from llmroute.types.requests import Request

    from .images import Extra
    from .weights import Family

TOKENS_PER_MESSAGE = 3
"""Role and separators of one message, as OpenAI's cookbook counts them for its chat models."""

TOKENS_PER_REPLY = 3
"""What opens the reply, as counted there."""

TOKENS_OF_TEMPLATE = 24
"""What a chat template may add to a conversation: a system message of its own, for one."""

LEAST_OF_TOOLS = 0.4
"""Definitions are counted as JSON; models are shown shorter forms of them."""

PUBLISHED = frozenset({"o200k", "cl100k"})
"""The tokenizers whose messages cost what OpenAI says they do."""


class Content(NamedTuple):
    """A request, read once for every tokenizer.

    `numbers` are those of the text of its messages, `more` those of tools and shapes, None for
    none. `fixed` are the tokens of messages as such, and `fixed_high` what they are at most.
    """

    numbers: Sequence[int]
    more: Sequence[int] | None
    fixed: int
    fixed_high: int


def family_of(tokenizer: str | None) -> Family:
    """The weights of a tokenizer; those of any for one that is not known."""
    name = tokenizer or ""
    return FAMILIES.get(name) or FAMILIES.get(ALIASES.get(name, "")) or ANY


def estimate(text: str, tokenizer: str | None = None) -> TokenCount:
    """Estimate how many tokens `text` is."""
    return _weighed(Content(class_counts(text), None, 0, 0), tokenizer)


def expected_tokens(text: str, tokenizer: str | None = None) -> int:
    """Estimate how many tokens `text` is, without the interval."""
    total: float = sum(map(mul, class_counts(text), family_of(tokenizer).value))
    return max(ceil(total), 1) if text else 0


def estimate_request(request: Request, model: Model | None = None) -> TokenCount:
    """Estimate the prompt of a request, messages and reply as such included.

    Texts to be embedded count as they are; servers may add two tokens to each. `model` of None
    leaves the tokenizer open.
    """
    return _of_model(content_of(request), request, model)


def estimates(request: Request, models: Iterable[Model]) -> dict[str, TokenCount]:
    """Estimate the prompt for the tokenizers of `models`; it is read once.

    The keys are names of tokenizers, and of models that count pictures in a way of their own.
    """
    return estimates_of(content_of(request), request, models)


def estimates_of(
    content: Content, request: Request, models: Iterable[Model]
) -> dict[str, TokenCount]:
    """Estimate as `estimates` does, of content that was read before."""
    counts: dict[str, TokenCount] = {}
    for model in models:
        own = model.images is not None and not request.text_alone
        key = model.name if own else model.tokenizer
        if key is not None and key not in counts:
            counts[key] = _of_model(content, request, model)
    return counts


def content_of(request: Request) -> Content:
    """Read a request."""
    if request.texts is not None:
        return Content(class_counts("".join(request.texts)), None, 0, 2 * len(request.texts))
    messages = request.messages
    fixed = TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_REPLY
    if request.text_alone and len(messages) == 1:  # the most common request
        text = "".join(cast("tuple[str, ...]", messages[0].parts))
        return Content(class_counts(text), None, fixed, fixed)
    text = chat_text(request)
    more = "" if request.text_alone else extra_text(request)
    return Content(class_counts(text), class_counts(more) if more else None, fixed, fixed)


def whole(content: Content, request: Request) -> TokenCount:
    """The estimate that holds for any tokenizer."""
    return _of_model(content, request, None)


def _of_model(content: Content, request: Request, model: Model | None) -> TokenCount:
    count = _weighed(content, None if model is None else model.tokenizer)
    if request.text_alone or request.texts is not None:
        return count
    more = extra_tokens(request, None if model is None else model.images)
    return added(count, more)


def added(count: TokenCount, more: Extra) -> TokenCount:
    """A count and what stands besides."""
    low, high = count.low + more.low, count.high + more.high
    return TokenCount(count.value + more.value, count.method, low, high, count.hint)


def _weighed(content: Content, tokenizer: str | None) -> TokenCount:
    family = family_of(tokenizer)
    numbers = content.numbers
    value: float = sum(map(mul, numbers, family.value))
    low: float = sum(map(mul, numbers, family.low))
    high: float = sum(map(mul, numbers, family.high))
    if content.more is not None:
        value += sum(map(mul, content.more, family.value))
        low += LEAST_OF_TOOLS * sum(map(mul, content.more, family.low))
        high += sum(map(mul, content.more, family.high))
    fixed, fixed_high = content.fixed, content.fixed_high
    if fixed and tokenizer not in PUBLISHED:
        fixed_high = 3 * fixed_high + TOKENS_OF_TEMPLATE
    least = 1 if any(numbers) else 0
    expected = max(ceil(value), least)
    return TokenCount(
        expected + fixed,
        "estimate",
        max(min(int(low), expected), least) + fixed,
        max(ceil(high), expected) + 2 * least + fixed_high,
    )
