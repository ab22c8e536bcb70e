"""Splits: a share of the requests goes to each of several models, by a hash that never changes."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING

from llmroute.types.plans import Ordered
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmroute.types.messages import Part
    from llmroute.types.plans import Candidate, Situation
    from llmroute.types.requests import Hint, Request

HASH_BYTES = 8
WHOLE = 1 << (8 * HASH_BYTES)
BY_REQUEST = "request"
HINTS = "hints."


class Split(NamedTuple):
    """A preference: the arm that a request's hash falls to is first, the others follow by weight.

    The hash is BLAKE2b over `seed` and over what `by` names: "request", that is its messages, or a
    hint ("hints.customer"): all requests of one customer get one arm. Without that hint the request
    is hashed.
    The same request gets the same arm on every machine and at any time. `ends` are where the arms'
    shares of all hashes end, in the order of `arms`.
    """

    arms: tuple[tuple[str, Decimal], ...]
    ends: tuple[int, ...]
    by: str = BY_REQUEST
    seed: str = ""

    def arm(self, request: Request) -> str:
        """Choose the arm of a request."""
        return self.arms[bisect_right(self.ends, self.point(request))][0]

    def order(self, situation: Situation, candidates: Sequence[Candidate]) -> Ordered:
        """Put the chosen arm first, and the others behind it by weight."""
        arm = self.arm(situation.request)
        weights = dict(self.arms)
        ordered = sorted(
            candidates,
            key=lambda one: (one.model.name != arm, -weights.get(one.model.name, Decimal(0))),
        )
        share = f"{_figure(weights[arm])} of {_figure(sum(weights.values(), Decimal(0)))}"
        because = f"split: arm {arm}, {share}"
        if ordered and ordered[0].model.name != arm:
            because += ", which may not answer; next"
        return Ordered(ordered, because)

    def point(self, request: Request) -> int:
        """Where a request falls, from 0 to 2 to the power of 64, that left out."""
        from hashlib import blake2b

        hashed = blake2b(digest_size=HASH_BYTES)
        value = request.hints.get(self.by.removeprefix(HINTS)) if self.by != BY_REQUEST else None
        for piece in (self.seed, *(_words(request) if value is None else _of_hint(value))):
            data = piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")
            hashed.update(len(data).to_bytes(HASH_BYTES, "big"))
            hashed.update(data)
        return int.from_bytes(hashed.digest(), "big")


def split_of(weights: Mapping[str, Decimal], by: str = BY_REQUEST, seed: str = "") -> Split:
    """Make a split of weights that are not negative, and not all 0."""
    total = sum(weights.values(), Decimal(0))
    numerator, denominator = total.as_integer_ratio()
    ends: list[int] = []
    so_far = Decimal(0)
    for weight in weights.values():
        so_far += weight
        part, whole = so_far.as_integer_ratio()
        ends.append(WHOLE * part * denominator // (whole * numerator))
    return Split(tuple(weights.items()), tuple(ends), by, seed)


def _of_hint(value: Hint) -> tuple[str, str]:
    """A hint's value, so that 1 and 1.0 are one, and true, 1 and "1" are three."""
    if isinstance(value, bool | str):
        return type(value).__name__, str(value)
    return "number", repr(int(value)) if value == int(value) else repr(value)


def _words(request: Request) -> Iterator[str | bytes]:
    """What a request says: its messages, or its texts to be embedded, piece by piece."""
    if request.texts is not None:
        yield from ("texts", *request.texts)
        return
    for message in request.messages:
        yield message.role
        for part in message.parts:
            yield from (part,) if isinstance(part, str) else _pieces(part)


def _pieces(part: Part) -> Iterator[str | bytes]:
    """The fields of a part that is no text; written as JSON, with sorted keys, but for bytes."""
    import json

    yield type(part).__name__
    for name in part.__dataclass_fields__ if not isinstance(part, str) else ():
        value: object = getattr(part, name)
        yield value if isinstance(value, bytes) else json.dumps(value, sort_keys=True, default=str)


def _figure(number: Decimal) -> str:
    return f"{number.normalize():f}"
