"""One call with texts: tokens counted, batches filled, vectors emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import End, Opened, UsageReport, Vectors
from llmroute.types.usage import Usage

from .prompts import BYTES_PER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .embedder import Vector
    from .job import Job
    from .loaded import Loaded


def embed(job: Job, texts: Sequence[str], loaded: Loaded) -> None:
    """Embed the texts of a call and emit the events.

    Raises:
        AttemptError: kind "context_length" when a text does not fit, "bad_request", "interrupted"
            or "engine".
    """
    tokens = [_tokens(text, f"texts[{at}]", loaded) for at, text in enumerate(texts)]
    embedder = loaded.embedder()
    embedder.make_room(max(map(len, tokens), default=0))
    job.emit(Opened())
    vectors: list[Vector] = []
    for batch in _batches(tokens, embedder.room_tokens, embedder.room_texts):
        vectors += embedder.vectors(batch, job.flag)
    job.emit(Vectors(tuple(vectors)))
    job.emit(UsageReport(Usage(sum(map(len, tokens)))))
    job.emit(End("stop"))


def _tokens(text: str, name: str, loaded: Loaded) -> list[int]:
    window = loaded.window
    if len(text) > window * BYTES_PER_TOKEN:
        raise _too_long(name, f"{len(text)} characters", window)
    tokens = loaded.vocabulary.tokenize(text, special=False, whole=True)
    if len(tokens) > window:
        raise _too_long(name, f"{len(tokens)} tokens", window)
    if not tokens:
        raise AttemptError("bad_request", f"{name} holds nothing that the model reads")
    return tokens


def _too_long(name: str, size: str, window: int) -> AttemptError:
    return AttemptError(
        "context_length", f"{name} has {size}; the window of the model is {window} tokens"
    )


def _batches(texts: list[list[int]], tokens: int, most: int) -> Iterator[list[list[int]]]:
    """Texts in their order, as many at a time as have room."""
    batch: list[list[int]] = []
    used = 0
    for text in texts:
        if batch and (used + len(text) > tokens or len(batch) == most):
            yield batch
            batch, used = [], 0
        batch.append(text)
        used += len(text)
    if batch:
        yield batch
