"""How the next token is drawn: llama.cpp's own chain of samplers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.requests import Sampling

    from .bindings import Library, Sampler

# the defaults of llama.cpp itself (ggml-org/llama.cpp, common/common.h)
TEMPERATURE = 0.8
TOP_K = 40
TOP_P = 0.95
MIN_P = 0.05
SEEDS = 0xFFFFFFFF
"""Seeds are below this; llama.cpp takes this value itself for "choose one"."""


def reproducible(sampling: Sampling) -> bool:
    """Whether equal requests must give equal answers: a seed, or no chance at all."""
    return sampling.seed is not None or sampling.temperature == 0


def sampler_chain(library: Library, sampling: Sampling) -> Sampler:
    """Build the chain; the caller frees it. None in `sampling` means llama.cpp's default.

    A temperature of 0 (or below) takes the most likely token. A seed of None is drawn anew.
    """
    chain = library.llama_sampler_chain_init(library.llama_sampler_chain_default_params())
    temperature = _or_default(sampling.temperature, TEMPERATURE)
    if temperature <= 0:
        library.llama_sampler_chain_add(chain, library.llama_sampler_init_greedy())
        return chain
    seed = int.from_bytes(os.urandom(4), "big") if sampling.seed is None else sampling.seed
    top_k = TOP_K if sampling.top_k is None else min(max(sampling.top_k, 0), 2**31 - 1)
    for sampler in (
        library.llama_sampler_init_top_k(top_k),
        library.llama_sampler_init_top_p(_or_default(sampling.top_p, TOP_P), 1),
        library.llama_sampler_init_min_p(_or_default(sampling.min_p, MIN_P), 1),
        library.llama_sampler_init_temp(temperature),
        library.llama_sampler_init_dist(seed % SEEDS),
    ):
        library.llama_sampler_chain_add(chain, sampler)
    return chain


def _or_default(value: float | None, default: float) -> float:
    return default if value is None else value
