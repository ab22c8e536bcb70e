"""The C names that only constrained answers and embeddings need, checked at their first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from llmroute.errors import AttemptError

from .bindings import load_library, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bindings import Handle, Sampler


class TokenArray(Protocol):
    """A `llama_token_data_array`: what samplers work on; `selected` is an index, not a token."""

    data: object
    size: int
    selected: int
    sorted: bool


class GrammarFunctions(Protocol):
    """The functions that walk along a grammar."""

    llama_token_data_array: Callable[[object, int, int, bool], TokenArray]
    llama_token_data_p: type
    llama_vocab_n_tokens: Callable[[Handle], int]
    llama_get_logits_ith: Callable[[Handle, int], object]
    llama_sampler_init_grammar: Callable[[Handle, bytes, bytes], Sampler]
    llama_sampler_init_top_k: Callable[[int], Sampler]
    llama_sampler_apply: Callable[[Sampler, object], None]
    llama_sampler_accept: Callable[[Sampler, int], None]
    llama_sampler_free: Callable[[Sampler], None]


class EmbeddingBatch(Protocol):
    """A `llama_batch` whose fields are set one by one."""

    n_tokens: int
    token: list[int]
    pos: list[int]
    n_seq_id: list[int]
    seq_id: list[list[int]]
    logits: list[int]


class EmbeddingFunctions(Protocol):
    """The functions that make vectors."""

    llama_batch_init: Callable[[int, int, int], EmbeddingBatch]
    llama_batch_free: Callable[[EmbeddingBatch], None]
    llama_get_embeddings_seq: Callable[[Handle, int], list[float] | None]
    llama_model_n_embd_out: Callable[[Handle], int]
    llama_max_parallel_sequences: Callable[[], int]


@cache
def grammar_functions() -> GrammarFunctions:
    """The functions that walk along a grammar.

    Raises:
        AttemptError: kind "engine" when the installed llama.cpp lacks one.
    """
    return cast("GrammarFunctions", _checked(GrammarFunctions, "constrained answers"))


@cache
def embedding_functions() -> EmbeddingFunctions:
    """The functions that make vectors.

    Raises:
        AttemptError: kind "engine" when the installed llama.cpp lacks one.
    """
    return cast("EmbeddingFunctions", _checked(EmbeddingFunctions, "embeddings"))


def _checked(functions: type, use: str) -> object:
    library = load_library()
    missing = [name for name in functions.__annotations__ if not hasattr(library, name)]
    if missing:
        raise AttemptError(
            "engine",
            f"llama-cpp-python {version()} lacks {', '.join(missing[:3])}, which {use} need; "
            "0.3.36 is known to work",
        )
    return library
