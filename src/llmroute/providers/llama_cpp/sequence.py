"""The one sequence a context holds: prompts evaluated in chunks, common beginnings reused."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from .bindings import ABORTED, abort_callback

if TYPE_CHECKING:
    from .bindings import AbortFlag, Handle, Library

CHUNK_TOKENS = 512
"""Tokens per call of llama.cpp while a prompt is evaluated."""


class Sequence:
    """What the KV cache of a context holds, and how it grows. Used by one thread.

    The same tokens evaluated in other portions give logits that differ in the last bits (tiled
    kernels), so a common beginning is reused freely only where nobody asked for the same answer
    twice. Otherwise it is reused up to a border of `grid_tokens`, llama.cpp's own physical batch,
    which makes the computation bit-equal to a fresh one.
    """

    def __init__(self, library: Library, context: Handle, grid_tokens: int) -> None:
        """Begin with the empty cache of a new context."""
        self._library = library
        self._context = context
        self._memory = library.llama_get_memory(context)
        self._grid = grid_tokens
        self._tokens: list[int] = []
        self._on_grid = 0
        self._next = (ctypes.c_int32 * 1)()
        self._next_batch = library.llama_batch_get_one(self._next, 1)

    def watch(self, flag: AbortFlag) -> None:
        """Let `flag` stop every computation from now on; the caller keeps it alive."""
        self._library.llama_set_abort_callback(self._context, abort_callback(), flag.address)

    def evaluate(self, prompt: list[int], flag: AbortFlag, *, exact: bool) -> int:
        """Evaluate `prompt`; returns how many of its tokens were in the cache already.

        Raises:
            AttemptError: kind "interrupted" when the flag was set, "engine" when llama.cpp failed.
        """
        kept = self._reuse(prompt, exact=exact)
        for start in range(kept, len(prompt), CHUNK_TOKENS):
            chunk = prompt[start : start + CHUNK_TOKENS]
            buffer = (ctypes.c_int32 * len(chunk))(*chunk)
            if flag.is_set:
                raise interrupted()
            self._check(
                self._library.llama_decode(
                    self._context, self._library.llama_batch_get_one(buffer, len(chunk))
                )
            )
            self._tokens += chunk
            if kept % self._grid == 0:
                self._on_grid = len(self._tokens) // self._grid * self._grid
        return kept

    def append(self, token: int) -> None:
        """Evaluate one more token, so that the next can be drawn.

        Raises:
            AttemptError: as `evaluate` does.
        """
        self._next[0] = token
        code = self._library.llama_decode(self._context, self._next_batch)
        if code:
            self._check(code)
        self._tokens.append(token)

    def _reuse(self, prompt: list[int], *, exact: bool) -> int:
        kept = min(_common(self._tokens, prompt), len(prompt) - 1)
        if exact:
            kept = min(kept, self._on_grid) // self._grid * self._grid
        if not self._library.llama_memory_seq_rm(self._memory, 0, kept, -1):
            kept = 0  # recurrent models cannot forget a part
            self._library.llama_memory_clear(self._memory, True)  # noqa: FBT003
        del self._tokens[kept:]
        self._on_grid = min(self._on_grid, kept // self._grid * self._grid)
        return kept

    def _check(self, code: int) -> None:
        if code == 0:
            return
        known = len(self._tokens)
        if not self._library.llama_memory_seq_rm(self._memory, 0, known, -1):
            self._library.llama_memory_clear(self._memory, True)  # noqa: FBT003
            self._tokens.clear()
            self._on_grid = 0
        if code == ABORTED:
            raise interrupted()
        raise AttemptError("engine", f"llama.cpp failed to evaluate tokens (code {code})")


def interrupted() -> AttemptError:
    """The error of an attempt that was stopped from outside."""
    return AttemptError("interrupted", "the local computation was stopped")


def _common(one: list[int], other: list[int]) -> int:
    """How many tokens the two begin with in common."""
    limit = min(len(one), len(other))
    if one[:limit] == other[:limit]:
        return limit
    return next(index for index in range(limit) if one[index] != other[index])
