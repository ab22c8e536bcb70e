"""The models a call may name: those of the policy, and any of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.catalog.collection import BUILT_IN
from llmroute.errors import PolicyError, RequestError
from llmroute.errors.problems import close, nearest
from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from datetime import date, datetime

    from llmroute.catalog.collection import Catalog
    from llmroute.errors import Problem
    from llmroute.types.models import Model


class Models:
    """The policy's models by name; catalog models are resolved when first named."""

    def __init__(self, models: tuple[Model, ...], catalog: Catalog = BUILT_IN) -> None:
        """Hold the policy's own models, in their order."""
        self._catalog = catalog
        self.declared = models
        self._by_name = {model.name: model for model in models}
        self._dated = {model.name for model in models if _is_dated(model)}
        self._hourly = any(map(_is_hourly, models))
        self._priced: tuple[object, dict[str, Model]] = (None, {})

    def named(self, names: tuple[str, ...] | None) -> tuple[Model, ...]:
        """The models of these names, all declared ones for None; raises RequestError."""
        if names is None:
            return self.declared
        return tuple(self._by_name.get(name) or self._adhoc(name) for name in dict.fromkeys(names))

    def priced(self, models: tuple[Model, ...], day: date, now: datetime) -> tuple[Model, ...]:
        """The models with the prices of a day, and of a moment with its zone.

        They are the same ones all day long, or all minute long where a price depends on the hour.
        """
        if not self._dated:
            return models
        when = (day, now.replace(second=0, microsecond=0) if self._hourly else None)
        known_on, known = self._priced
        if known_on != when:
            known = {}
            self._priced = (when, known)
        return tuple(
            _priced(model, day, now, known) if model.name in self._dated else model
            for model in models
        )

    def _adhoc(self, name: str) -> Model:
        if "/" not in name:
            hint = self._meant(name)
            raise RequestError(f"the policy has no model {name[:60]!r}", where="model", hint=hint)
        from llmroute.catalog import model as declare
        from llmroute.catalog import resolve

        try:
            model = resolve(declare(name, use=name), self._catalog)
        except PolicyError as error:
            problem: Problem = error.problems[0]
            what, hint = problem.what, problem.hint
        else:
            self._by_name[name] = model
            if _is_dated(model):
                self._dated.add(name)
            self._hourly = self._hourly or _is_hourly(model)
            return model
        raise RequestError(what, where="model", hint=hint)

    def _meant(self, name: str) -> str:
        """Name the model that a wrong name is like: the policy's own, else one of the catalog."""
        from llmroute.catalog.advice import near_model

        meant = None if close(name, self._by_name) else near_model(name)
        if meant is not None:
            return f"Did you mean {meant!r}?"
        return nearest(name, self._by_name, "Or name a catalog model as provider/model")


def _is_dated(model: Model) -> bool:
    return model.price is not None and model.price.is_dated


def _is_hourly(model: Model) -> bool:
    return model.price is not None and any(row.hours for row in model.price.rows)


def _priced(model: Model, day: date, now: datetime, known: dict[str, Model]) -> Model:
    """The model with the price of a moment; one whose window was read since is made anew."""
    found = known.get(model.name)
    if found is None or found.context_tokens != model.context_tokens:
        price = None if model.price is None else model.price.current(day, now)
        replicas = tuple(_priced(one, day, now, known) for one in model.replicas)
        found = known[model.name] = replace(model, price=price, replicas=replicas)
    return found
