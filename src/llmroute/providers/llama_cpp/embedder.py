"""Vectors of texts: one for each, pooled as the model's file says, and of length 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from .bindings import ABORTED, abort_callback
from .contexts import embedding_context
from .extra_bindings import embedding_functions
from .sequence import interrupted

if TYPE_CHECKING:
    from .bindings import AbortFlag, Handle, Library
    from .contexts import Settings
    from .extra_bindings import EmbeddingBatch
    from .header import Header

LEAST_ROOM = 512
MOST_TEXTS = 32
"""Texts of a batch."""
NO_POOLING, MEAN, RANK = 0, 1, 4
POOLINGS = range(1, 4)  # llama.h: mean, the first token's, the last token's
Vector = tuple[float, ...]


def pooling_of(header: Header) -> int:
    """How a file wants its tokens' vectors made one; the mean where it does not say.

    Raises:
        AttemptError: kind "bad_request" when the model ranks texts and makes no vectors of them.
    """
    said = header.size("pooling_type")
    if said == RANK:
        reason = "the model ranks pairs of texts; it makes no vectors of them"
        raise AttemptError("bad_request", reason)
    return said if said in POOLINGS else MEAN


class Embedder:
    """A context that makes vectors, for batches of up to `room_tokens`; used by one thread."""

    def __init__(self, library: Library, model: Handle, settings: Settings, header: Header) -> None:
        """Belong to a loaded model; `make_room` comes before the first batch."""
        self._library = library
        self._functions = embedding_functions()
        self._model = model
        self._settings = settings
        self._pooling = pooling_of(header)
        self._width = self._functions.llama_model_n_embd_out(model)
        self._context: Handle | None = None
        self._batch: EmbeddingBatch | None = None
        self.room_tokens = 0
        self.room_texts = min(MOST_TEXTS, self._functions.llama_max_parallel_sequences())

    def make_room(self, longest_tokens: int) -> None:
        """Have room for a text of so many tokens.

        Raises:
            AttemptError: kind "engine" when there is none.
        """
        if longest_tokens <= self.room_tokens:
            return
        self.free()
        tokens = LEAST_ROOM
        while tokens < longest_tokens:
            tokens *= 2
        sizes = (tokens, self.room_texts, self._pooling)
        self._context = embedding_context(self._library, self._model, self._settings, sizes)
        self._batch = self._functions.llama_batch_init(tokens, 0, 1)
        self.room_tokens = tokens

    def free(self) -> None:
        """Give the memory back."""
        if self._batch is not None:
            self._functions.llama_batch_free(self._batch)
        if self._context is not None:
            self._library.llama_free(self._context)
        self._batch = self._context = None
        self.room_tokens = 0

    def vectors(self, texts: list[list[int]], flag: AbortFlag) -> list[Vector]:
        """Embed texts, given as tokens, that have room together.

        Raises:
            AttemptError: kind "interrupted" when the flag was set, "engine" when llama.cpp failed.
        """
        if self._context is None or self._batch is None:
            raise AttemptError("engine", "no room was made")
        library, context = self._library, self._context
        library.llama_set_abort_callback(context, abort_callback(), flag.address)
        memory = library.llama_get_memory(context)
        if memory:
            library.llama_memory_clear(memory, True)  # noqa: FBT003
        _fill(self._batch, texts)
        code = ABORTED if flag.is_set else library.llama_decode(context, self._batch)
        if code == ABORTED:
            raise interrupted()
        if code:
            raise AttemptError("engine", f"llama.cpp failed to embed texts (code {code})")
        return [self._vector(context, at) for at in range(len(texts))]

    def _vector(self, context: Handle, at: int) -> Vector:
        pointer = self._functions.llama_get_embeddings_seq(context, at)
        numbers = pointer[: self._width] if pointer else []
        length = math.sqrt(math.fsum(number * number for number in numbers))
        if not 0 < length < math.inf:
            raise AttemptError("engine", "the model gave no vector of finite length")
        return tuple(number / length for number in numbers)


def _fill(batch: EmbeddingBatch, texts: list[list[int]]) -> None:
    """Write texts into a batch, each a sequence of its own."""
    at = 0
    for number, tokens in enumerate(texts):
        for position, token in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = number
            batch.logits[at] = 1
            at += 1
    batch.n_tokens = at
