"""A model file in memory: what is loaded, once, and freed, once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.logs import logger

from .bindings import VOCABULARY_NONE, LoadLog, has_tiles, load_library
from .contexts import grid_tokens, new_context
from .header import beyond_trained, read_header, window
from .sequence import Sequence, interrupted
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bindings import Handle, Library
    from .contexts import Settings
    from .embedder import Embedder
    from .header import Header


class Loaded:
    """A loaded model and what was made of it; `free` it in the thread that used it.

    What it takes to chat, and what it takes to embed, is made when it is first needed.
    """

    def __init__(self, library: Library, model: Handle, settings: Settings, header: Header) -> None:
        """Own `model`, which `library` loaded from a file with this header."""
        self.library = library
        self.model = model
        self.settings = settings
        self.header = header
        self.window = window(settings.context_tokens, header)
        self.vocabulary = Vocabulary(library, library.llama_model_get_vocab(model))
        self._chat: tuple[Handle, Sequence] | None = None
        self._embedder: Embedder | None = None

    @property
    def context(self) -> Handle:
        """The context that chats.

        Raises:
            AttemptError: kind "bad_request" when the model is an encoder, "engine" when there is
                no room for its window.
        """
        return self._chatting()[0]

    @property
    def sequence(self) -> Sequence:
        """What the context that chats holds; raises as `context` does."""
        return self._chatting()[1]

    def _chatting(self) -> tuple[Handle, Sequence]:
        if self._chat is None:
            if self.header.is_encoder:
                raise AttemptError("bad_request", "the model is an encoder: it embeds, and no more")
            grid = grid_tokens(self.header)
            context = new_context(self.library, self.model, self.settings, (self.window, grid))
            self._chat = context, Sequence(self.library, context, grid)
        return self._chat

    def embedder(self) -> Embedder:
        """What makes vectors of texts.

        Raises:
            AttemptError: kind "engine" when llama.cpp lacks functions for it, "bad_request" when
                the model ranks texts and makes no vectors of them.
        """
        if self._embedder is None:
            from .embedder import Embedder

            self._embedder = Embedder(self.library, self.model, self.settings, self.header)
        return self._embedder

    def free(self) -> None:
        """Give the memory back."""
        if self._embedder is not None:
            self._embedder.free()
        if self._chat is not None:
            self.library.llama_free(self._chat[0])
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
    except AttemptError:
        library.llama_model_free(model)
        raise
    return Loaded(library, model, settings, header)


def _load_model(library: Library, settings: Settings, go_on: Callable[[], bool]) -> Handle:
    parameters = library.llama_model_default_params()
    parameters.n_gpu_layers = settings.gpu_layers
    if has_tiles(library):
        parameters.use_extra_bufts = False

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
    """Refuse models that llama.cpp loads but that are of no use here."""
    vocabulary = library.llama_model_get_vocab(model)
    if library.llama_vocab_type(vocabulary) == VOCABULARY_NONE:
        raise AttemptError("model_file", f"{path}: the file holds no vocabulary")
    if library.llama_model_has_encoder(model) or not library.llama_model_has_decoder(model):
        raise AttemptError("model_file", f"{path}: models with an encoder of their own do not run")
