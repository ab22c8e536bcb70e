"""The facts that every kind of model has: what is declared first, then the catalog's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from llmroute.types.models import Model

    from .declarations import Declaration
    from .entries import ModelEntry


class Tell(Protocol):
    """Takes a problem with an option of a declaration; "" means the declaration as a whole."""

    def __call__(self, option: str, what: str, hint: str = "") -> None:
        """Note the problem."""
        ...


def described(declaration: Declaration, known: ModelEntry | None, model: Model) -> Model:
    """Fill in the facts that every kind of model has; what is declared comes first."""
    model = replace(
        model,
        license=declaration.license,
        context_tokens=declaration.context_tokens,
        max_output_tokens=declaration.max_output_tokens,
        abilities=frozenset(("text", *(declaration.abilities or ()))),
    )
    if known is None:
        return model
    return replace(
        model,
        license=model.license or known.license,
        context_tokens=model.context_tokens or known.context_tokens,
        max_output_tokens=model.max_output_tokens or known.max_output_tokens,
        abilities=model.abilities if declaration.abilities else known.abilities,
        family=known.family,
        tokenizer=known.tokenizer,
        retires_on=known.retires_on,
        replaced_by=known.replaced_by,
    )
