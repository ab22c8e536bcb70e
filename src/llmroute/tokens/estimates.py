"""Estimates of token counts from what a text is made of, each with an interval.

A text is counted once (`classes`), and its numbers times the weights of a tokenizer (`weights`) are
its estimate: expected, least, most. An unknown tokenizer is taken for o200k, in an interval that
holds whichever of the known ones counts.
"""

from __future__ import annotations

from math import ceil
from operator import mul
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.types.plans import own_key
from llmroute.types.usage import TokenCount

from .chats import CHATS
from .classes import class_counts
from .extras import chat_text, extra_text, extra_tokens
from .weights import ALIASES, ANY, FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.types.messages import Message
    from llmroute.types.models import ImageTokens, Model
    from llmroute.types.requests import Request

    from .images import Extra
    from .weights import Family

    Counts = Mapping[str, TokenCount]

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


NO_COUNTS: Counts = {}
KNOWN = {alias: FAMILIES[name] for alias, name in ALIASES.items()} | FAMILIES


class Content(NamedTuple):
    """A request, read once for every tokenizer.

    `numbers` are those of the text of its messages, `more` those of tools and shapes, None for
    none. `fixed` are the tokens of messages as such, and `fixed_high` what they are at most; what
    is known of a tokenizer's chats says it of `messages`.
    """

    numbers: Sequence[int]
    more: Sequence[int] | None
    fixed: int
    fixed_high: int
    messages: Sequence[Message] = ()


def family_of(tokenizer: str | None) -> Family:
    """The weights of a tokenizer; those of any for one that is not known."""
    return KNOWN.get(tokenizer or "", ANY)


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
    content = content_of(request)
    if model is None:
        return _of_tokenizer(content, request, None)
    return _of_tokenizer(content, request, model.tokenizer, model.images)


def estimate_for(request: Request, models: Sequence[Model]) -> tuple[TokenCount, Counts]:
    """Estimate the prompt as any of `models` may count it, and as each of them does.

    It is read once. Where all count alike, there is nothing but the first.
    """
    content = content_of(request)
    names = {model.tokenizer for model in models}
    own = {} if request.text_alone else _by_pictures(content, request, models)
    if len(names) == 1 and not own:
        return _of_tokenizer(content, request, names.pop()), NO_COUNTS
    found = {name: _of_tokenizer(content, request, name) for name in names}
    unknown = found.pop(None, None)
    counts = {**cast("dict[str, TokenCount]", found), **own}
    return envelope(counts) if unknown is None else unknown, counts


def _by_pictures(
    content: Content, request: Request, models: Sequence[Model]
) -> dict[str, TokenCount]:
    """The counts of models that count pictures in a way of their own."""
    return {
        own_key(one): _of_tokenizer(content, request, one.tokenizer, one.images)
        for one in models
        if one.images is not None
    }


def envelope(counts: Counts) -> TokenCount:
    """The count that holds whichever of some does; the largest is the expected one."""
    some = counts.values()
    if not some:
        return TokenCount(0, "estimate", 0, 0)
    return TokenCount(
        max([one.value for one in some]),
        "estimate",
        min([one.low for one in some]),
        max([one.high for one in some]),
    )


def recounted(situation_counts: Counts, before: Request, after: Request) -> Counts:
    """The counts of a prompt that became longer: each by what its tokenizer makes of that."""
    if not situation_counts:
        return situation_counts
    first, then = content_of(before), content_of(after)
    found: dict[str, TokenCount] = {}
    for name, count in situation_counts.items():
        old, new = _weighed(first, name), _weighed(then, name)
        low, high = count.low + new.low - old.low, count.high + new.high - old.high
        value = count.value + new.value - old.value
        found[name] = TokenCount(value, "estimate", min(low, value), max(high, value))
    return found


def content_of(request: Request) -> Content:
    """Read a request."""
    if request.texts is not None:
        return Content(class_counts("".join(request.texts)), None, 0, 2 * len(request.texts))
    messages = request.messages
    fixed = TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_REPLY
    if request.text_alone and len(messages) == 1:  # the most common request
        text = "".join(cast("tuple[str, ...]", messages[0].parts))
        return Content(class_counts(text), None, fixed, fixed, messages)
    text = chat_text(request)
    more = "" if request.text_alone else extra_text(request)
    more_numbers = class_counts(more) if more else None
    return Content(class_counts(text), more_numbers, fixed, fixed, messages)


def _of_tokenizer(
    content: Content, request: Request, tokenizer: str | None, images: ImageTokens | None = None
) -> TokenCount:
    count = _weighed(content, tokenizer)
    if request.text_alone or request.texts is not None:
        return count
    return added(count, extra_tokens(request, images))


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
    chat = CHATS.get(tokenizer or "") if content.messages else None
    around = fixed if chat is None else chat.tokens(content.messages)
    expected = ceil(value)
    if not expected:
        return TokenCount(around, "estimate", fixed, ceil(high) + fixed_high)
    least, most = max(min(int(low), expected), 1), max(ceil(high), expected) + 2
    return TokenCount(expected + around, "estimate", least + fixed, most + fixed_high)
