"""Replicas as a client sees them: whether one of them can answer, and which is drawn."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llmroute.catalog.declarations import Declaration
    from llmroute.types.calls import Provider
    from llmroute.types.models import Model

GOLDEN = 0.618_033_988_749_895
"""Steps of this length round a circle stay as far from each other as they can."""


def draws() -> Iterator[float]:
    """Numbers from 0 to 1, evenly spread however many are taken; the same for each client."""
    return (step * GOLDEN % 1.0 for step in count(1))


def add_groups(models: Iterable[Model], unavailable: dict[str, str]) -> None:
    """Add those models to what is `unavailable` of which no replica can answer."""
    for model in models:
        reasons = [unavailable.get(one.name) for one in model.replicas]
        if reasons and None not in reasons:
            each = [f"{one.name}: {unavailable[one.name]}" for one in model.replicas]
            unavailable[model.name] = "; ".join(each)


def each(declarations: Iterable[Declaration]) -> Iterator[Declaration]:
    """Every declaration, and every replica of one."""
    for one in declarations:
        yield one
        yield from one.replicas


def stood_in(model: Model) -> Model:
    """A model that the application answers for: its facts stay, it needs no key and no file."""
    endpoint = model.endpoint and replace(model.endpoint, key_name=None)
    replicas = tuple(map(stood_in, model.replicas))
    return replace(model, api="custom", endpoint=endpoint, weights=None, replicas=replicas)


def for_replicas(models: Iterable[Model], providers: Mapping[str, Provider]) -> dict[str, Provider]:
    """The providers that answer in place of replicas: those of what they are replicas of."""
    return {
        replica.name: providers[one.name]
        for one in models
        if one.name in providers
        for replica in one.replicas
    }
