"""The models a call may name: those of the policy, and any of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.catalog.collection import BUILT_IN
from llmroute.errors import PolicyError, RequestError
from llmroute.errors.problems import close, nearest

if TYPE_CHECKING:
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

    def named(self, names: tuple[str, ...] | None) -> tuple[Model, ...]:
        """The models of these names, all declared ones for None; raises RequestError."""
        if names is None:
            return self.declared
        return tuple(self._by_name.get(name) or self._adhoc(name) for name in dict.fromkeys(names))

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
            return model
        raise RequestError(what, where="model", hint=hint)

    def _meant(self, name: str) -> str:
        """Name the model that a wrong name is like: the policy's own, else one of the catalog."""
        from llmroute.catalog.advice import near_model

        meant = None if close(name, self._by_name) else near_model(name)
        if meant is not None:
            return f"Did you mean {meant!r}?"
        return nearest(name, self._by_name, "Or name a catalog model as provider/model")
