"""A grammar that an answer keeps to, walked along token by token.

llama.cpp ends the process when a token is accepted that the grammar does not allow. So each token
is asked for first, by itself, which takes a microsecond. Only where the free choice is not allowed
the grammar is laid over other tokens. The result is distributed as if it always came first: a
choice that is allowed keeps its chance, and one that is not is drawn anew among those that are.
"""

from __future__ import annotations

import ctypes
import math
from array import array
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError

from .extra_bindings import grammar_functions
from .sampler import MIN_P

if TYPE_CHECKING:
    from llmroute.types.requests import Sampling

    from .bindings import Handle, Library, Sampler
    from .extra_bindings import GrammarFunctions

LIKELY = 256
"""How many of the likeliest tokens are tried before all of them are; 100 times as fast."""
FIELDS = 3
"""Of a `llama_token_data`: id, logit, probability; four bytes each."""


class Choice(NamedTuple):
    """Where the next token comes from: the chain of samplers and the context with its logits."""

    chain: Sampler
    context: Handle
    sampling: Sampling


class Constraint:
    """A grammar and how far an answer has come in it; `free` it in the thread that made it."""

    def __init__(self, library: Library, vocabulary: Handle, grammar: str) -> None:
        """Begin at the grammar's root.

        Raises:
            AttemptError: kind "bad_request" when llama.cpp does not take the grammar, "engine" when
                it lacks the functions.
        """
        self._library = library
        self._functions = functions = grammar_functions()
        self._one = _Tokens(functions, 1)
        self._all = _Tokens(functions, functions.llama_vocab_n_tokens(vocabulary))
        self._likely = functions.llama_sampler_init_top_k(LIKELY)
        self._grammar = functions.llama_sampler_init_grammar(vocabulary, grammar.encode(), b"root")
        if not self._grammar:
            functions.llama_sampler_free(self._likely)
            raise AttemptError("bad_request", "llama.cpp does not take the grammar of the schema")

    def free(self) -> None:
        """Give the memory back."""
        self._functions.llama_sampler_free(self._grammar)
        self._functions.llama_sampler_free(self._likely)

    def take(self, token: int) -> bool:
        """Go on to `token` if the grammar allows it here; says whether it does."""
        one = self._one
        one.fill_one(token)
        self._functions.llama_sampler_apply(self._grammar, one.pointer)
        if one.logit(0) == -math.inf:
            return False
        self._functions.llama_sampler_accept(self._grammar, token)
        return True

    def draw(self, choice: Choice) -> int | None:
        """Draw the next token and go on to it; None when the grammar allows no token at all."""
        free = self._library.llama_sampler_sample(choice.chain, choice.context, -1)
        if self.take(free):
            return free
        self._fill_allowed(choice)
        self._functions.llama_sampler_apply(choice.chain, self._all.pointer)
        drawn = self._all.selected
        return drawn if drawn is not None and self.take(drawn) else None

    def _fill_allowed(self, choice: Choice) -> None:
        """Lay the grammar over the likeliest tokens, or over all if others could be chosen too."""
        functions, tokens = self._functions, self._all
        tokens.fill(choice.context)
        functions.llama_sampler_apply(self._likely, tokens.pointer)
        least, _ = tokens.bounds()
        functions.llama_sampler_apply(self._grammar, tokens.pointer)
        if tokens.bounds()[1] < least + _reach(choice.sampling):
            tokens.fill(choice.context)
            functions.llama_sampler_apply(self._grammar, tokens.pointer)
        tokens.unsort()


def _reach(sampling: Sampling) -> float:
    """How far below the likeliest allowed token's logit another may be and still be drawn."""
    if sampling.temperature is not None and sampling.temperature <= 0:
        return 0.0
    share = MIN_P if sampling.min_p is None else sampling.min_p
    return -math.log(share) if share > 0 else math.inf


class _Tokens:
    """An array of tokens with their logits, as llama.cpp's samplers take it."""

    def __init__(self, functions: GrammarFunctions, size: int) -> None:
        self._functions = functions
        self._size = size
        self._data = (ctypes.c_int32 * (FIELDS * size))()
        raw = memoryview(self._data).cast("B")
        self._ids, self._floats = raw.cast("i"), raw.cast("f")
        self._numbers = memoryview(array("i", range(size)))
        self._start = cast("object", ctypes.cast(self._data, functions.llama_token_data_p))
        self._array = functions.llama_token_data_array(self._start, size, -1, False)  # noqa: FBT003
        self.pointer: object = ctypes.byref(cast("ctypes.Structure", self._array))

    def fill_one(self, token: int) -> None:
        """Hold this token alone."""
        self._ids[0], self._floats[1] = token, 0.0

    def fill(self, context: Handle) -> None:
        """Hold every token with its logit."""
        logits = _floats_at(self._functions.llama_get_logits_ith(context, -1), self._size)
        self._ids[0::FIELDS] = self._numbers
        self._floats[1::FIELDS] = logits
        self._array.data, self._array.size, self._array.selected = self._start, self._size, -1
        self.unsort()

    def unsort(self) -> None:
        """Say that the tokens are not sorted, or no longer: a grammar does not say so itself."""
        self._array.sorted = False

    def logit(self, index: int) -> float:
        """The logit at an index."""
        return self._floats[FIELDS * index + 1]

    def bounds(self) -> tuple[float, float]:
        """The least and the greatest logit."""
        logits = self._now()[1::FIELDS].tolist()
        return min(logits), max(logits)

    def _now(self) -> memoryview[float]:
        """What is held now; samplers may have moved it."""
        return _floats_at(self._array.data, FIELDS * self._array.size)

    @property
    def selected(self) -> int | None:
        """The token that a chain of samplers chose; None when there was nothing to choose."""
        at = self._array.selected
        if not 0 <= at < self._array.size:
            return None
        held = self._now()[FIELDS * at : FIELDS * (at + 1)]
        return None if held[1] == -math.inf else held.cast("B").cast("i")[0]


def _floats_at(pointer: object, count: int) -> memoryview[float]:
    """Numbers in llama.cpp's memory, as long as it leaves them there."""
    address = ctypes.cast(cast("ctypes.c_void_p", pointer), ctypes.c_void_p).value or 0
    return memoryview((ctypes.c_float * count).from_address(address)).cast("B").cast("f")
