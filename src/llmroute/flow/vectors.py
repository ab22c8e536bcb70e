"""What embeddings must be: one vector per text, all of one length, of numbers that are finite."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.requests import Request


def checked(vectors: Sequence[Sequence[float]], request: Request) -> tuple[tuple[float, ...], ...]:
    """Return the vectors of the texts of `request`.

    Raises:
        AttemptError: kind "bad_response" for too few or too many, for another length than the
            others have, and for what is not finite; "other_dimensions" when all have another length
            than was asked for; "provider_bug" for no numbers.
    """
    texts = request.texts or ()
    try:
        asked = request.dimensions
        lengths = {len(vector) for vector in vectors}
        if asked is not None and len(lengths) == 1 and lengths not in ({0}, {asked}):
            raise AttemptError("other_dimensions", _told(lengths.pop(), asked))
        problem = _problem(vectors, len(texts), request.vector_size)
        found = tuple(map(tuple, vectors))
    except TypeError:
        problem = None
    else:
        if problem is None:
            return found
        raise AttemptError("bad_response", problem)
    raise AttemptError("provider_bug", "the provider yielded vectors that hold no numbers")


def _told(length: int, wanted: int) -> str:
    return f"a vector has {length} dimensions, {wanted} were expected"


def _problem(vectors: Sequence[Sequence[float]], count: int, size: int | None) -> str | None:
    if len(vectors) != count:
        return f"{len(vectors)} vectors came for {count} texts"
    wanted = len(vectors[0]) if size is None else size
    for vector in vectors:
        if not vector:
            return "a vector is empty"
        if len(vector) != wanted:
            return _told(len(vector), wanted)
        # The sum of finite numbers is finite, or else one must look closer; NaN stays NaN.
        if not isfinite(sum(vector)) and not all(map(isfinite, vector)):
            return "a vector holds a number that is not finite"
    return None
