"""The contexts that a loaded model computes in: how large, and on how many threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError

from .bindings import LoadLog
from .sequence import CHUNK_TOKENS
from .threads import usable_threads

if TYPE_CHECKING:
    from .bindings import ContextParameters, Handle, Library
    from .header import Header

LARGEST_OPERATION = 10e9
"""Operations of the largest matrix product; about 0.1 s on two cores, since llama.cpp can be
stopped between two products only."""
SMALLEST_GRID = 32
NO_FLASH_ATTENTION = 0
"""For vectors: it rounds so much that a text's vector would depend on its batch (by 0.03 of 1,
measured with SmolLM2; without it by 0.001 at most)."""


class Settings(NamedTuple):
    """What makes two models the same engine: the file and how it is loaded."""

    path: str
    context_tokens: int | None
    gpu_layers: int
    threads: int | None


def new_context(
    library: Library, model: Handle, settings: Settings, sizes: tuple[int, int]
) -> Handle:
    """Make a context that chats: its window, and its physical batch.

    Raises:
        AttemptError: kind "engine" when there is no room for it.
    """
    window, grid = sizes
    parameters = _parameters(library, settings)
    parameters.n_ctx = window
    parameters.n_batch = min(CHUNK_TOKENS, window)
    parameters.n_ubatch = grid
    parameters.n_seq_max = 1
    return _made(library, model, parameters)


def embedding_context(
    library: Library, model: Handle, settings: Settings, sizes: tuple[int, int, int]
) -> Handle:
    """Make a context that embeds: tokens and texts of a batch, and the kind of pooling.

    A text must be whole in one physical batch: vectors are pooled over what is in it.

    Raises:
        AttemptError: kind "engine" when there is no room for it.
    """
    tokens, texts, pooling = sizes
    parameters = _parameters(library, settings)
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = tokens
    parameters.n_seq_max = texts
    parameters.pooling_type = pooling
    parameters.embeddings = True
    parameters.kv_unified = True  # texts share the window, instead of a part of it each
    parameters.flash_attn_type = NO_FLASH_ATTENTION
    return _made(library, model, parameters)


def _parameters(library: Library, settings: Settings) -> ContextParameters:
    parameters = library.llama_context_default_params()
    parameters.n_threads = parameters.n_threads_batch = settings.threads or usable_threads()
    parameters.no_perf = True
    return parameters


def _made(library: Library, model: Handle, parameters: ContextParameters) -> Handle:
    with LoadLog() as log:
        context = library.llama_init_from_model(model, parameters)
    if context is None:
        reason = log.reason or "llama.cpp gave no reason"
        raise AttemptError(
            "engine",
            f"no room for a window of {parameters.n_ctx} tokens ({reason}); lower context_tokens",
        )
    return context


def grid_tokens(header: Header) -> int:
    """Choose the physical batch: 512 tokens, fewer for models whose products take long."""
    per_token = 2 * header.size("embedding_length") * header.size("feed_forward_length")
    grid = CHUNK_TOKENS
    while grid > SMALLEST_GRID and grid * per_token > LARGEST_OPERATION:
        grid //= 2
    return grid
