"""A model file in memory: what is loaded, once, and freed, once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.types.logs import logger

from .bindings import VOCABULARY_NONE, LoadLog, load_library
from .header import beyond_trained, read_header, window
from .sequence import CHUNK_TOKENS, Sequence, interrupted
from .threads import usable_threads
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bindings import ContextParameters, Handle, Library
    from .header import Header

LARGEST_OPERATION = 10e9
"""Operations of the largest matrix product; about 0.1 s on two cores, since llama.cpp can be
stopped between two products only."""
SMALLEST_GRID = 32


class Settings(NamedTuple):
    """What makes two models the same engine: the file and how it is loaded."""

    path: str
    context_tokens: int | None
    gpu_layers: int
    threads: int | None


class Loaded(NamedTuple):
    """A loaded model with its context; `free` it in the thread that used it."""

    library: Library
    model: Handle
    context: Handle
    vocabulary: Vocabulary
    sequence: Sequence
    header: Header
    window: int

    def free(self) -> None:
        """Give the memory back."""
        self.library.llama_free(self.context)
        self.library.llama_model_free(self.model)


def load(settings: Settings, go_on: Callable[[], bool]) -> Loaded:
    """Load the file; `go_on` is asked while it loads.

    Raises:
        AttemptError: kind "missing_package", "model_file", "engine", or "interrupted" when
            `go_on` said no.
    """
    library = load_library()
    header = read_header(settings.path)
    beyond = beyond_trained(settings.path, settings.context_tokens, header)
    if beyond:
        raise AttemptError("model_file", beyond)
    if settings.gpu_layers and not library.llama_supports_gpu_offload():
        logger("providers.llama_cpp").warning(
            "gpu_layers = %s, but this build of llama.cpp cannot offload: %s runs on the CPU",
            settings.gpu_layers,
            settings.path,
        )
    model = _load_model(library, settings, go_on)
    try:
        _check_kind(library, model, settings.path)
        tokens = window(settings.context_tokens, header)
        grid = _grid_tokens(header)
        context = _new_context(library, model, settings, (tokens, grid))
    except AttemptError:
        library.llama_model_free(model)
        raise
    vocabulary = Vocabulary(library, library.llama_model_get_vocab(model))
    sequence = Sequence(library, context, grid)
    return Loaded(library, model, context, vocabulary, sequence, header, tokens)


def _load_model(library: Library, settings: Settings, go_on: Callable[[], bool]) -> Handle:
    parameters = library.llama_model_default_params()
    parameters.n_gpu_layers = settings.gpu_layers

    def watch(_done: float, _data: object) -> bool:
        return go_on()

    progress = library.llama_progress_callback(watch)
    parameters.progress_callback = progress
    with LoadLog() as log:
        model = library.llama_model_load_from_file(os.fsencode(settings.path), parameters)
    if model is None:
        if not go_on():
            raise interrupted()
        reason = log.reason or "llama.cpp gave no reason"
        raise AttemptError("model_file", f"{settings.path}: {reason}")
    return model


def _check_kind(library: Library, model: Handle, path: str) -> None:
    """Refuse models that llama.cpp loads but that cannot chat here."""
    vocabulary = library.llama_model_get_vocab(model)
    if library.llama_vocab_type(vocabulary) == VOCABULARY_NONE:
        raise AttemptError("model_file", f"{path}: the file holds no vocabulary")
    if library.llama_model_has_encoder(model) or not library.llama_model_has_decoder(model):
        raise AttemptError("model_file", f"{path}: not a text generator, but an encoder")


def _new_context(
    library: Library, model: Handle, settings: Settings, sizes: tuple[int, int]
) -> Handle:
    window, grid = sizes
    parameters: ContextParameters = library.llama_context_default_params()
    parameters.n_ctx = window
    parameters.n_batch = min(CHUNK_TOKENS, window)
    parameters.n_ubatch = grid
    parameters.n_seq_max = 1
    parameters.n_threads = parameters.n_threads_batch = settings.threads or usable_threads()
    parameters.no_perf = True
    with LoadLog() as log:
        context = library.llama_init_from_model(model, parameters)
    if context is None:
        reason = log.reason or "llama.cpp gave no reason"
        raise AttemptError(
            "engine", f"no room for a window of {window} tokens ({reason}); lower context_tokens"
        )
    return context


def _grid_tokens(header: Header) -> int:
    """Choose the physical batch: 512 tokens, fewer for models whose products take long."""
    per_token = 2 * header.size("embedding_length") * header.size("feed_forward_length")
    grid = CHUNK_TOKENS
    while grid > SMALLEST_GRID and grid * per_token > LARGEST_OPERATION:
        grid //= 2
    return grid
