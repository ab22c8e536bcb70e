"""Replicas: which of them a plan tries, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmroute.types.models import Model
    from llmroute.types.plans import Candidate, Plan, Situation

USUAL_TOKENS = 256
"""How long an answer is taken to be where nobody expected a length."""


def asked(models: Iterable[Model]) -> tuple[Model, ...]:
    """The models that are asked: replicas in the place of what they are replicas of."""
    return tuple(one for model in models for one in model.replicas or (model,))


def spread(plan: Plan, situation: Situation) -> Plan:
    """Put the replicas of each candidate in its place.

    Two are drawn, and of them the one that is expected to answer sooner is first: the power of two
    choices (M. Mitzenmacher, IEEE Transactions on Parallel and Distributed Systems 12, 2001). The
    others follow. Of a conversation that sticks to one, the same is first for as long as it is
    there (the highest random weight: Thaler and Ravishankar, IEEE/ACM Transactions on Networking 6,
    1998). Those that cannot answer are left out.
    """
    if not any(one.model.replicas for one in plan.candidates):
        return plan
    candidates: list[Candidate] = []
    for one in plan.candidates:
        if one.model.replicas:
            ordered = _ordered(one, situation)
            candidates += [one._replace(model=replica) for replica in ordered]
        else:
            candidates.append(one)
    return replace(plan, candidates=tuple(candidates))


def _ordered(candidate: Candidate, situation: Situation) -> Sequence[Model]:
    model = candidate.model
    there = [one for one in model.replicas if one.name not in situation.unavailable]
    if len(there) < 2:  # noqa: PLR2004 - nothing to choose from
        return there
    if model.sticky:
        return sorted(there, key=lambda one: _weight(one, situation), reverse=True)
    count, drawn = len(there), situation.draw * len(there)
    first = min(int(drawn), count - 1)
    other = (first + 1 + min(int((drawn - first) * (count - 1)), count - 2)) % count
    tokens = candidate.output_tokens or USUAL_TOKENS
    pair = sorted((there[first], there[other]), key=lambda one: _load(one, situation, tokens))
    return [*pair, *(one for one in there if one not in pair)]


def _load(model: Model, situation: Situation, tokens: int) -> tuple[bool, float]:
    """How soon a replica is expected to answer: at rest last, in seconds and by what it has to do.

    One of which nothing was seen counts as quick, so that something is seen of it.
    """
    seen = situation.observed.get(model.name)
    if seen is None:
        return model.name in situation.resting, 0.0
    alone_s = (seen.first_token_s or 0.0) + (seen.token_s or 0.0) * tokens
    return model.name in situation.resting, alone_s * (1 + seen.in_flight)


def _weight(model: Model, situation: Situation) -> bytes:
    """A hash of the replica and of how the conversation began."""
    from hashlib import blake2b

    digest = blake2b(model.name.encode(), digest_size=8)
    for message in situation.request.messages[:2]:
        digest.update(message.text.encode("utf-8", "surrogatepass"))
        if message.role != "system":
            break
    return digest.digest()
