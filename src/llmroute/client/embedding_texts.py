"""The texts of `embed`: checked before anything is sent, and cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import RequestError
from llmroute.tokens import estimate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.models import Model

Texts = str | Sequence[str]
"""One text, or several in an order."""

MOST_TEXTS = 100_000
"""Texts of one call; their vectors of 1,536 numbers take 5 GB of memory."""
BATCH_TEXTS = 64
"""Texts of one request to a model of which nothing else is known."""
LONGEST_VECTOR = 4096
"""The length that vectors are taken to have when nothing is known of it."""
HINTS = {"NoneType": "They are the first argument", "bytes": "Decode them first"}
DECIMAL_BYTES, BASE64_BYTES = 24, 6
"""At most as many bytes of an answer a number takes."""


def normalize(texts: object) -> tuple[str, ...]:
    """Make a tuple of texts; raises RequestError for what cannot be embedded."""
    if isinstance(texts, str):
        _check(texts, "texts")
        return (texts,)
    if isinstance(texts, bytes) or not isinstance(texts, Sequence):
        hint = HINTS.get(type(texts).__name__, "list(...) makes a list")
        what = f"must be a string or a list of strings, got {type(texts).__name__}"
        raise RequestError(what, where="texts", hint=hint)
    items = cast("Sequence[object]", texts)
    if not items:
        raise RequestError("holds no text", where="texts")
    if len(items) > MOST_TEXTS:
        what = f"holds {len(items):,} texts, at most {MOST_TEXTS:,} are taken"
        raise RequestError(what, where="texts", hint="Embed them in several calls")
    for place, text in enumerate(items):
        _check(text, f"texts[{place}]")
    return tuple(cast("Iterable[str]", items))


def _check(text: object, where: str) -> None:
    if not isinstance(text, str):
        hint = "Texts are taken, numbers of tokens are not"
        raise RequestError(f"must be a string, got {type(text).__name__}", where=where, hint=hint)
    if not text or text.isspace():
        hint = "Leave it out, or embed something in its place"
        raise RequestError("is empty", where=where, hint=hint)


class Most(NamedTuple):
    """What one request may hold; `tokens` of None means any number."""

    texts: int
    tokens: int | None


def most_of(models: Sequence[Model], dimensions: int | None, body_bytes: int) -> Most:
    """What every one of `models` takes in one request, and `body_bytes` in its answer."""
    tokens = [one.batch_tokens for one in models if one.batch_tokens is not None]
    texts = min(one.batch_texts or BATCH_TEXTS for one in models)
    answered = min(body_bytes // _bytes(one, dimensions) for one in models)
    return Most(max(1, min(texts, answered)), min(tokens, default=None))


def _bytes(model: Model, dimensions: int | None) -> int:
    """At most as many bytes a vector takes in an answer."""
    endpoint = model.endpoint
    compact = endpoint is not None and "encoding_format" in endpoint.parameters
    return (dimensions or model.dimensions or LONGEST_VECTOR) * (
        BASE64_BYTES if compact else DECIMAL_BYTES
    )


def batch(texts: tuple[str, ...], start: int, most: Most) -> tuple[str, ...]:
    """The texts from `start` on that fit one request, counted at the high end; at least one."""
    end = min(start + most.texts, len(texts))
    if most.tokens is not None:
        total = 0
        for place in range(start, end):
            total += estimate(texts[place]).high
            if total > most.tokens and place > start:
                return texts[start:place]
    return texts[start:end]
